"""Looks for a token in all of /proc that this process may read, and in the files below some folders.

probe.py REVERSED-TOKEN REVERSED-MARK FOLDER...: prints what holds the token, and in how many places the mark was seen, which
shows that there was something to read. Neither is whole in anybody's arguments.
"""
import os
import re
import sys

backwards, mark, *folders = sys.argv[1:]
token, mark = backwards[::-1].encode(), mark[::-1].encode()
marks, found = 0, []


def look(place, data):
    global marks
    marks += data.count(mark)
    if token in data:
        found.append(place)


def read(path, limit=1 << 26):
    try:
        with open(path, "rb") as file:
            return file.read(limit)
    except OSError:
        return b""


def memory(pid):
    try:
        with open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in read(f"/proc/{pid}/maps").decode(errors="replace").splitlines():
                start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                if rights.startswith("r") and "[v" not in line:
                    try:
                        mem.seek(int(start, 16))
                        look(f"/proc/{pid}/mem", mem.read(min(int(end, 16) - int(start, 16), 1 << 26)))
                    except (OSError, ValueError, OverflowError):
                        pass
    except OSError:
        pass


for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        for name in ["environ", "cmdline", "stack", "auxv"]:
            look(f"/proc/{pid}/{name}", read(f"/proc/{pid}/{name}"))
        memory(pid)
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{number}"
                if os.path.isfile(path):
                    look(path, read(path))
        except OSError:
            pass
look("own environment", read("/proc/self/environ"))
for folder in folders:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if os.path.isfile(path):
                look(path, read(path))
print("marks", marks)
for place in sorted(set(found)):
    print("found", place)
