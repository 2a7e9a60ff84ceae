"""Hides a token where a hostile reader of the gate did. Each file stands in a folder whose name begins with the exit code of
a search: 9, or 1 where it is enough to say that something was not seen."""

import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile

token, root = os.environ["TOKEN"].encode(), sys.argv[1]
text = b"some prose, not worth compressing: " + token + b" and some more of it"
gz = gzip.compress(text)


def b64(data):
    return base64.b64encode(data).decode()


def zipped(members, to=None):
    out = to or io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data, method in members:
            archive.writestr(name, data, method)
    return None if to else out.getvalue()


def tarred(members, format=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info, data in members:
            info = tarfile.TarInfo(info) if isinstance(info, str) else info
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Pipe(io.RawIOBase):
    data = b""

    def writable(self):
        return True

    def write(self, piece):
        self.data += bytes(piece)
        return len(piece)


def notebook(text):
    return json.dumps({"cells": [{"outputs": [{"text": text}]}]}, indent=1).encode()


stored, deflated = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
digest = hashlib.sha256(b"").hexdigest()
zz = zipped([("a", text * 3, deflated)])

pipe = Pipe()
zipped([("first", b"the end is PK\5\6 and PK\1\2, they say", stored), ("a", text * 3, deflated)], pipe)

# A checksum over signed characters, as old programs made it.
signed = bytearray(tarred([("caf\xe9.gz", gz)]))
total = sum(byte - 256 if byte > 127 else byte for byte in signed[:148] + signed[156:512]) + 8 * 32
signed[148:156] = b"%06o\0 " % total

# The directory says deflated, the member stored.
method = bytearray(zipped([("a", b"x" * 99, stored)]))
method[method.find(b"PK\1\2") + 10] = 8

# The end of a member is missing, and its sizes say so: nothing seems to be cut off.
cut = zipped([("a", b"some prose, not worth compressing: " + token, deflated)])
size = int.from_bytes(cut[18:22], "little")
entry = cut.find(b"PK\1\2")
shorter = (size - 20).to_bytes(4, "little")
cut = cut[:18] + shorter + cut[22 : entry - 20] + cut[entry : entry + 20] + shorter + cut[entry + 24 :]

# A sparse file as GNU tar writes it in the newer format: its map stands before its data.
sparse = tarfile.TarInfo("GNUSparseFile.0/a.gz")
sparse.pax_headers = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.name": "a.gz",
    "GNU.sparse.realsize": "9",
}
mapped = (b"1\n0\n%d\n" % len(gz)).ljust(512, b"\0") + gz

files = {
    "9 below-a-digest.ipynb": notebook([digest + "\n", token.decode() + "\n"]),
    "9 beside-a-digest.ipynb": notebook(digest + " file " + token.decode()),
    "9 hex.ipynb": notebook(json.dumps({"user": "x", "token": token.decode()}).encode().hex()),
    "9 path.ipynb": notebook("https://h.example/x/" + b64(json.dumps({"some": "thing", "t": token.decode()}).encode())),
    "9 joined.ipynb": notebook([digest + "\n", b64(gz) + "\n"]),
    "9 uneven.ipynb": notebook(["A" * 70, b64(gz)]),
    "9 slashes.ipynb": notebook(b64(gz + os.urandom(300))).replace(b"/", b"\\/"),
    "9 other-alphabet.html": b"<a href='data:," + base64.urlsafe_b64encode(gz) + b"'>",
    "9 no-such-name": notebook(b64(gz)),
    "9 notebook.gzip": gzip.compress(notebook(b64(gz))),
    "9 app.pyz": b"#!/usr/bin/env python3\n" + zz,
    "9 script": b"#!/bin/sh\nPK\3\4 is how it begins\n" + zz,
    "9 split.zip": b"PK00" + zz,
    "9 two.zip": zipped([("x", b"x", stored)]) + zz,
    "9 empty.zip": b"PK\5\6" + bytes(18) + zz,
    "9 inner.zip": zipped([("a", b"#!x\n" + zz, stored)]),
    "9 piped.zip": pipe.data,
    "9 behind.zip": zipped([("x", b"x", stored)]) + gz,
    "1 method.zip": bytes(method),
    "1 cut.zip": cut,
    "9 padded.gz": gzip.compress(b"x") + bytes(700) + gz,
    "9 two.tar": tarred([("x", b"x")]) + tarred([("b.gz", gz)]),
    "9 zeros.tar": tarred([("x", b"x")])[:1024] + bytes(512) + tarred([("b.gz", gz)]),
    "9 signed.tar": bytes(signed),
    "9 sparse.tar": tarred([(sparse, mapped)], tarfile.PAX_FORMAT),
}
for name, data in files.items():
    os.mkdir(f"{root}/{name}")
    with open(f"{root}/{name}/{name[2:]}", "wb") as file:
        file.write(data)
