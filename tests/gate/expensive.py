"""Makes what costs a careless search much time or memory: many members with a token in their names, one broken thing after
the other, long names."""

import base64
import gzip
import io
import os
import sys
import tarfile
import zipfile

token, root = os.environ["TOKEN"], sys.argv[1]
for folder in "abc":
    os.makedirs(f"{root}/{folder}")

with gzip.open(root + "/a/named.tar.gz", "wb", 1) as file:
    file.write(tarfile.TarInfo(token).tobuf() * 100000)

broken = '"%s"' % base64.b64encode(gzip.compress(os.urandom(60))[:-12]).decode()
with open(root + "/b/broken.ipynb", "w") as file:
    file.write('{"cells": [' + ", ".join([broken] * 60000) + "]}")

out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    for number in range(300):
        archive.writestr("%05d" % number + "n" * 65000, token)
for number in range(3):
    with open(f"{root}/c/long-{number}.zip.gz", "wb") as file:
        file.write(gzip.compress(out.getvalue(), 1))
