"""Writes the names of the account's own capsules into /results: a script that needs the token, and nothing but Python."""

import base64
import json
import os
import sys
import urllib.request

if "CODEOCEAN_DOMAIN" not in os.environ:
    sys.exit("capsules.py: which deployment is this? Set CODEOCEAN_DOMAIN in code/run")

request = urllib.request.Request(
    os.environ["CODEOCEAN_DOMAIN"] + "/api/v1/capsules/search",
    data=json.dumps({"ownership": "private", "limit": 20}).encode(),
    headers={
        "Authorization": "Basic " + base64.b64encode(f"{os.environ['CODEOCEAN_TOKEN']}:".encode()).decode(),
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request, timeout=60) as response:
    names = [capsule["name"] for capsule in json.load(response)["results"]]
with open("/results/capsules.json", "w") as results:
    json.dump(names, results)
print(f"{len(names)} capsules, whose names are in /results/capsules.json")
