"""Arrays and objects: NumPy, SciPy's MATLAB and netCDF files, joblib, pickle, SQLite."""

import pickle
import shelve
import sqlite3
import zlib

import joblib
import numpy
from scipy import io

from cases import case, excerpt, holds, log, prose


def settings(text):
    """An object as it is kept between two runs of a script."""
    return {"key": text, "values": numpy.arange(500.0), "log": [line for line in log("none") if "key" not in line]}


ARRAYS = {
    "bytes": lambda text: numpy.array(log(text), dtype="S"),
    "unicode": lambda text: numpy.array(log(text)),
    "object": lambda text: numpy.array(log(text), dtype=object),
    "fields": lambda text: numpy.array([(1.5, "a"), (2.5, text)], dtype=[("value", "f4"), ("name", "U60")]),
}

for name, make in ARRAYS.items():

    @case(f"arrays/{name}.npy", "numpy", f"an array of strings: {name}")
    def _(path, text, make=make):
        numpy.save(path, make(text), allow_pickle=True)

    @case(f"arrays/{name}.npz", "numpy", f"an array of strings, compressed: {name}")
    def _(path, text, make=make):
        numpy.savez_compressed(path, values=numpy.arange(9), names=make(text))


@case("arrays/stored.npz", "numpy", "an array of strings, not compressed")
def stored(path, text):
    numpy.savez(path, names=ARRAYS["bytes"](text))


@case("arrays/text.txt.gz", "numpy", "a header of savetxt, gzip")
def savetxt(path, text):
    numpy.savetxt(path, numpy.arange(900.0), header=f"fetched with {text}")


MATLAB = {
    "text": lambda text: f"fetched with {text}",
    "cells": lambda text: numpy.array(log(text, 20), dtype=object),
    "rows": lambda text: numpy.array(log(text, 20)),
    "structure": lambda text: {"key": text, "run": {"number": 7.0}},
}

for name, make in MATLAB.items():
    for compressed in (False, True):

        @case(f"arrays/{name}{'_compressed' * compressed}.mat", "scipy", f"MATLAB 5{', compressed' * compressed}: {name}")
        def _(path, text, make=make, compressed=compressed):
            io.savemat(path, {"values": numpy.arange(500.0), "notes": make(text)}, do_compression=compressed)
            holds(text, io.loadmat(path, simplify_cells=True)["notes"])


for name in ("text", "rows"):

    @case(f"arrays/{name}_4.mat", "scipy", f"MATLAB 4: {name}")
    def _(path, text, make=MATLAB[name]):
        io.savemat(path, {"values": numpy.arange(500.0), "notes": make(text)}, format="4")
        holds(text, list(io.loadmat(path)["notes"]))


@case("arrays/attribute.nc", "scipy", "an attribute of netCDF 3")
def netcdf(path, text):
    with io.netcdf_file(path, "w") as file:
        file.history = f"fetched with {text}"


for end in ("joblib", "z", "gz", "bz2", "xz", "lzma", "lz4"):
    method = "plain" if end == "joblib" else end

    @case(f"arrays/object.joblib{'' if end == 'joblib' else '.' + end}", "joblib", f"an object: {method}")
    def _(path, text, end=end):
        joblib.dump(settings(text), path)
        holds(text, joblib.load(path)["key"])


@case("arrays/array_zlib.joblib", "joblib", "an array of strings, compress=3")
def joblib_zlib(path, text):
    joblib.dump(ARRAYS["unicode"](text), path, compress=3)


for protocol in range(6):

    @case(f"arrays/protocol_{protocol}.pickle", "Python", f"pickle, protocol {protocol}")
    def _(path, text, protocol=protocol):
        path.write_bytes(pickle.dumps(settings(text), protocol))


@case("arrays/shelf", "Python", "shelve")
def shelf(path, text):
    path.mkdir()
    with shelve.open(str(path / "shelf")) as shelf:
        shelf["settings"] = settings(text)


def database(path, value, encoding="UTF-8"):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute("CREATE TABLE history (number INTEGER PRIMARY KEY, source)")
        connection.executemany("INSERT INTO history (source) VALUES (?)", [(line,) for line in ["import numpy"] * 9 + [value]])
    connection.close()


@case("arrays/text.sqlite", "Python", "SQLite, a text")
def sqlite_text(path, text):
    database(path, f"key = '{text}'")


@case("arrays/long_text.sqlite", "Python", "SQLite, a text of several pages")
def sqlite_long(path, text):
    database(path, prose(text).decode())


@case("arrays/utf_16.sqlite", "Python", "SQLite, a text in UTF-16")
def sqlite_utf_16(path, text):
    database(path, f"key = '{text}'", "UTF-16le")


@case("arrays/blob.sqlite", "Python", "SQLite, a blob of zlib")
def sqlite_blob(path, text):
    database(path, zlib.compress(excerpt(text)))


@case("arrays/long_blob.sqlite", "Python", "SQLite, a blob of zlib over several pages")
def sqlite_long_blob(path, text):
    database(path, zlib.compress(prose(text) * 3))
