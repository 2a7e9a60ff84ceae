"""Archives, and what precedes or hides one."""

import bz2
import io
import lzma
import os
import subprocess
import tarfile
import tempfile
import zipapp
import zipfile
import zlib
from pathlib import Path

import lz4.frame
import zstandard

from cases import case, holds, prose, run, word


def tar(text, name="results/log.txt"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, data in (("results/readme.txt", b"two files"), (name, prose(text))):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


TARS = {
    "tar": ("Python", lambda data: data),
    "tar.gz": ("gzip", lambda data: run("gzip", "-c", input=data)),
    "tar.bz2": ("bzip2", lambda data: run("bzip2", "-c", input=data)),
    "tar.xz": ("xz", lambda data: run("xz", "-c", input=data)),
    "tar.zst": ("zstd", lambda data: run("zstd", "-cq", input=data)),
    "tar.lz4": ("lz4", lambda data: run("lz4", "-cq", input=data)),
    "tar.lz": ("lzip", lambda data: run("lzip", "-c", input=data)),
    "tar.Z": ("compress", lambda data: run("compress", "-c", input=data)),
    "tar.lzma": ("xz", lambda data: run("xz", "--format=lzma", "-c", input=data)),
    "py.tar.lzma": ("Python", lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    "py.tar.xz": ("Python", lzma.compress),
    "py.tar.bz2": ("Python", bz2.compress),
    "py.tar.zst": ("zstandard", zstandard.compress),
    "py.tar.lz4": ("python-lz4", lz4.frame.compress),
    "py.tar.zlib": ("Python", zlib.compress),
}

for end, (producer, pack) in TARS.items():

    @case(f"archives/results.{end}", producer, f"a file in {end.removeprefix('py.')}")
    def _(path, text, pack=pack):
        path.write_bytes(pack(tar(text)))


@case("archives/legacy.lz4", "lz4", "a file, the format of lz4 before 1.0")
def legacy(path, text):
    path.write_bytes(run("lz4", "-clq", input=prose(text)))


@case("archives/member_name.tar.gz", "gzip", "the name of a file in tar.gz")
def tar_name(path, text):
    path.write_bytes(run("gzip", "-c", input=tar("none", f"results/{word(text)}.txt")))


METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def zipped(text, method=zipfile.ZIP_DEFLATED, name="results/log.txt"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("results/readme.txt", "two files")
        archive.writestr(name, prose(text))
    return out.getvalue()


for name, method in METHODS.items():

    @case(f"archives/{name}.zip", "Python", f"a file in zip: {name}")
    def _(path, text, method=method):
        path.write_bytes(zipped(text, method))


@case("archives/member_name.zip", "Python", "the name of a file in zip")
def zip_name(path, text):
    path.write_bytes(zipped("none", name=f"results/{word(text)}.txt"))


@case("archives/comment.zip", "Python", "the comment of a zip")
def zip_comment(path, text):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "nothing")
        archive.comment = f"key {text}".encode()


@case("archives/piped.zip", "zip", "a file in zip, through a pipe")
def zip_piped(path, text):
    path.write_bytes(run("zip", "-q", "-", "-", input=prose(text)))


def packed(program, path, text, *options, name="log.txt"):
    """Packs two files with a program that wants them in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(prose(text))
        Path(folder, "readme.txt").write_text("two files")
        subprocess.run([*program, *options, path, "."], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def seven(name, where, *options, expected="found", file="log.txt"):
    @case(f"archives/{name}", "7z", where, expected)
    def _(path, text):
        packed(["7z", "a", "-bd"], path, text, *options, name=file)


for method in ("LZMA2", "LZMA", "PPMd", "BZip2", "Deflate", "Copy"):
    seven(f"{method.lower()}.7z", f"a file in 7z: {method}", f"-m0={method}")
for method in ("Deflate64", "PPMd", "LZMA"):
    seven(f"{method.lower()}_7z.zip", f"a file in zip of 7z: {method}", "-tzip", f"-mm={method}")
# The password protects nothing: its files are for tests.
seven("encrypted.7z", "a file in 7z, encrypted", "-ptest", expected="reported")
seven("encrypted_names.7z", "a file in 7z, names encrypted", "-ptest", "-mhe=on", expected="reported")
seven("encrypted_aes.zip", "a file in zip, AES", "-tzip", "-ptest", "-mem=AES256", expected="reported")


@case("archives/member_name.7z", "7z", "the name of a file in 7z")
def seven_name(path, text):
    packed(["7z", "a", "-bd"], path, "none", name=f"{word(text)}.txt")


@case("archives/encrypted.zip", "zip", "a file in zip, encrypted", expected="reported")
def zip_encrypted(path, text):
    packed(["zip", "-qr", "-P", "test"], path, text)


@case("archives/not_free.rar", "Python", "random bytes: no free program writes rar", expected="reported")
def rar(path, text):
    path.write_bytes(b"Rar!\x1a\x07\x00" + os.urandom(2000))


@case("archives/installer.sh", "Python", "an archive behind a shell script")
def makeself(path, text):
    script = '#!/bin/sh\n# This script was generated using Makeself 2.4.5\ntail -n +4 "$0" | gzip -cd | tar xf -\nexit 0\n'
    path.write_bytes(script.encode() + zlib.compress(tar(text), wbits=31))


@case("archives/program.sh", "Python", "a zip behind a script")
def behind_script(path, text):
    path.write_bytes(b'#!/bin/sh\nunzip -q "$0" -d data\nexit\n' + zipped(text))


@case("archives/program.pyz", "Python", "zipapp")
def application(path, text):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "__main__.py").write_text(f"key = '{text}'\n")
        zipapp.create_archive(folder, path, interpreter="/usr/bin/env python3", compressed=True)
    holds(text, zipfile.ZipFile(path).read("__main__.py"))


@case("archives/shell.shar", "shar", "a file in a shell archive")
def shar(path, text):
    shell_archive(path, prose(text))


@case("archives/binary.shar", "shar", "a file in a shell archive, uuencoded")
def binary_shar(path, text):
    shell_archive(path, bytes(range(256)) + prose(text), "-B")


def shell_archive(path, data, *options):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "log.txt").write_bytes(data)
        path.write_bytes(run("shar", "-q", *options, "log.txt", cwd=folder))
