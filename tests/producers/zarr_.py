"""Zarr, formats 2 and 3: each codec, attributes, consolidated metadata, shards, a store in a zip file."""

import numcodecs
import numpy
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from cases import case, holds, log, prose


def rows(text):
    """Rows of strings of fixed length, which shuffling transposes."""
    rows = [f"sample {number:05}".encode() for number in range(400)]
    rows[177] = text.encode()
    return numpy.array(rows, dtype=f"S{len(text)}")


def write(path, data, **options):
    array = zarr.create_array(store=path, shape=data.shape, dtype=data.dtype, **options)
    array[:] = data


def read(path, text):
    data = zarr.open_array(path, mode="r")[:]
    holds(text, data.tobytes() if data.dtype.kind in "Su" else list(data))


def register(name, format, where, content, **options):
    @case(f"zarr/{name}_{format}.zarr", "zarr", f"format {format}: {where}")
    def _(path, text):
        write(path, content(text), chunks=(100,), zarr_format=format, **options)
        read(path, text)


def characters(text):
    return numpy.frombuffer(prose(text), dtype="u1")


for format in (2, 3):
    register("default", format, "default codecs", rows)
    register("none", format, "no codec", rows, compressors=None)
    for algorithm in ("lz4", "lz4hc", "zstd", "zlib", "blosclz"):
        for number, shuffle in enumerate(("noshuffle", "shuffle", "bitshuffle")):
            if format == 2:
                codec = numcodecs.Blosc(cname=algorithm, shuffle=number)
            else:
                codec = BloscCodec(cname=algorithm, shuffle=shuffle)
            where = f"Blosc, {algorithm}, {shuffle}"
            register(f"blosc_{algorithm}_{shuffle}", format, where, rows, compressors=codec)

register("gzip", 2, "gzip", rows, compressors=numcodecs.GZip(5))
register("zstd", 2, "zstd", rows, compressors=numcodecs.Zstd(3))
register("zlib", 2, "zlib", rows, compressors=numcodecs.Zlib(5))
register("bz2", 2, "bz2", rows, compressors=numcodecs.BZ2(5))
register("lzma", 2, "lzma", rows, compressors=numcodecs.LZMA())
register("lz4", 2, "lz4", rows, compressors=numcodecs.LZ4())
register("gzip", 3, "gzip", rows, compressors=GzipCodec(level=5))
register("zstd", 3, "zstd", rows, compressors=ZstdCodec(level=3))
register("characters", 3, "zstd, an array of bytes", characters, compressors=ZstdCodec(level=3))
register("shards", 3, "shards", rows, shards=(400,))


@case("zarr/shuffle_zlib_2.zarr", "zarr", "format 2: shuffle, zlib")
def shuffle_zlib(path, text):
    data = rows(text)
    shuffle, zlib = numcodecs.Shuffle(data.dtype.itemsize), numcodecs.Zlib(5)
    write(path, data, chunks=(100,), zarr_format=2, filters=[shuffle], compressors=zlib)
    read(path, text)


for format in (2, 3):

    @case(f"zarr/strings_{format}.zarr", "zarr", f"format {format}: strings of any length")
    def strings(path, text, format=format):
        array = zarr.create_array(store=path, shape=(300,), dtype=str, chunks=(100,), zarr_format=format)
        array[:] = numpy.array(log(text), dtype=object)
        read(path, text)

    @case(f"zarr/unicode_{format}.zarr", "zarr", f"format {format}: strings of fixed length, UTF-32")
    def unicode(path, text, format=format):
        write(path, rows(text).astype("U"), chunks=(100,), zarr_format=format)

    @case(f"zarr/attribute_{format}.zarr", "zarr", f"format {format}: an attribute")
    def attribute(path, text, format=format):
        array = zarr.create_array(store=path, shape=(9,), dtype="i4", zarr_format=format)
        array.attrs["source"] = {"key": text}

    @case(f"zarr/consolidated_{format}.zarr", "zarr", f"format {format}: an attribute, consolidated metadata")
    def consolidated(path, text, format=format):
        group = zarr.open_group(path, mode="w", zarr_format=format)
        group.create_array("image", shape=(9, 9), dtype="u2").attrs["key"] = text
        zarr.consolidate_metadata(path)


@case("zarr/store.zip", "zarr", "format 3: a store in a zip file")
def store(path, text):
    with zarr.storage.ZipStore(path, mode="w") as store:
        write(store, rows(text), chunks=(100,))
