"""Plants a token with Python's and the system's own archivers, in every manner that they have."""

import base64, bz2, gzip, io, json, os, struct, subprocess, sys, tarfile, zipfile
token, root = os.environ["TOKEN"].encode(), sys.argv[1]
os.chdir(root)
text = b"." * 777 + token + b"." * 99

def put(name, data):
    with open(name, "wb") as file: file.write(data)

def zipped(members, method=zipfile.ZIP_DEFLATED, to=None, **how):
    to = to or io.BytesIO()
    with zipfile.ZipFile(to, "w", method) as archive:
        for name, data in members:
            with archive.open(name, "w", **how) as member: member.write(data)
    return to.getvalue() if isinstance(to, io.BytesIO) else None

class Pipe(io.RawIOBase):
    def __init__(self): self.data = b""
    def writable(self): return True
    def write(self, piece): self.data += bytes(piece); return len(piece)

def tarred(members, format, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name); info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()

put("plain.txt", text)
put("plain.gz", gzip.compress(text))
put("members.gz", gzip.compress(b"first") + gzip.compress(text) + b"\0" * 512)
put("arrays.npz", zipped([("a.npy", b"\x93NUMPY" + text), ("b.npy", b"nothing")]))
put("stored.npz", zipped([("a.npy", text)], zipfile.ZIP_STORED))
put("letter.docx", zipped([("word/document.xml", b"<w:t>" + text + b"</w:t>")]))
put("zip64.zip", zipped([("a", text)], force_zip64=True))
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    pipe = Pipe()
    zipped([("first", b"1" * 300), ("a", text)], method, pipe)
    put(f"piped-{method}.zip", pipe.data)
for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
    members = [("first", b"1" * 300), ("d" * 90 + "/" + "n" * 60, text), ("packed.gz", gzip.compress(text))]
    put(f"format-{format}.tar", tarred(members, format))
put("backup.tgz", tarred([("a", text)], tarfile.GNU_FORMAT, "w:gz"))
put("deep.zip", zipped([("in.tar", tarred([("in.zip", zipped([("in.gz", gzip.compress(text))]))], tarfile.PAX_FORMAT))]))
put("large.zip", zipped([("large", os.urandom(700_000) + text)]))
put("picture.html", b"<img src='data:image/png;base64," + base64.b64encode(os.urandom(333) + text) + b"'>")

picture = os.urandom(301) + text
cells = lambda data: {"cells": [{"cell_type": "code", "source": [], "outputs": [{"data": {"image/png": data}}]}]}
put("line.ipynb", json.dumps(cells(base64.b64encode(picture).decode())).encode())
put("lines.ipynb", json.dumps(cells(base64.encodebytes(picture).decode())).encode())
put("list.ipynb", json.dumps(cells(base64.encodebytes(picture).decode().splitlines(True)), indent=1).encode())
packed = base64.encodebytes(gzip.compress(os.urandom(333) + text)).decode()
put("packed.ipynb", json.dumps(cells("\n" + packed)).encode())
put("packed.ipynb.gz", gzip.compress(json.dumps(cells(packed)).encode()))

os.mkdir("system"); put("system/a", text); put("system/b", b"x" * 100)
subprocess.check_call(["tar", "--format=v7", "-cf", "v7.tar", "system"])
subprocess.check_call(["tar", "--format=gnu", "--sparse", "-czf", "sparse.tar.gz", "system"])
subprocess.check_call(["gzip", "-kc9", "system/a"], stdout=open("system.gz", "wb"))
