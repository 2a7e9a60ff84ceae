"""HDF5: each place, layout, filter and index of chunks; NWB; tables of pandas."""

from datetime import datetime, timezone

import h5py
import numpy
import pandas
import pynwb

from cases import case, excerpt, holds, log, prose, word


def short(text):
    """Rows of strings of fixed length, which a shuffle filter transposes."""
    rows = [f"sample {number:05}".encode() for number in range(200)]
    rows[77] = text.encode()
    return numpy.array(rows, dtype=f"S{len(text)}")


def characters(text):
    return numpy.frombuffer(prose(text), dtype="u1")


@case("hdf5/attribute.h5", "h5py", "an attribute")
def attribute(path, text):
    with h5py.File(path, "w") as file:
        file.attrs["source"] = f"fetched with {text}"


@case("hdf5/many_attributes.h5", "h5py", "one of many attributes, newest layout")
def many_attributes(path, text):
    with h5py.File(path, "w", libver="latest", track_order=True) as file:
        for number in range(60):
            file.attrs[f"field {number}"] = text if number == 30 else f"value {number}"


@case("hdf5/group_name.h5", "h5py", "the name of a group")
def group_name(path, text):
    with h5py.File(path, "w") as file:
        file.create_group(word(text))["data"] = numpy.arange(9)


@case("hdf5/variable.h5", "h5py", "a dataset of strings")
def variable(path, text):
    with h5py.File(path, "w") as file:
        file["lines"] = log(text)
    with h5py.File(path) as file:
        holds(text, file["lines"][150])


@case("hdf5/compact.h5", "h5py", "a compact dataset")
def compact(path, text):
    with h5py.File(path, "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        rows = short(text)[70:80]
        kind = h5py.h5t.py_create(rows.dtype)
        dataset = h5py.h5d.create(file.id, b"rows", kind, h5py.h5s.create_simple(rows.shape), plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, rows)


# Options of `create_dataset`, and the content.
DATASETS = {
    "fixed": (short, {}),
    "chunks": (short, {"chunks": (50,)}),
    "gzip": (short, {"compression": "gzip"}),
    "lzf": (short, {"compression": "lzf"}),
    "shuffle_gzip": (short, {"compression": "gzip", "shuffle": True}),
    "shuffle_lzf": (short, {"compression": "lzf", "shuffle": True}),
    "shuffle": (short, {"shuffle": True}),
    "fletcher32": (short, {"fletcher32": True}),
    "gzip_fletcher32": (short, {"compression": "gzip", "shuffle": True, "fletcher32": True}),
    "bytes_gzip": (characters, {"compression": "gzip", "compression_opts": 9}),
    "bytes_lzf": (characters, {"compression": "lzf"}),
    "bytes_many_chunks": (characters, {"compression": "gzip", "chunks": (100,)}),
    "variable_gzip": (log, {"compression": "gzip", "dtype": h5py.string_dtype()}),
    "growing_gzip": (short, {"compression": "gzip", "maxshape": (None,), "chunks": (50,)}),
}


def dataset(path, text, content, options, **how):
    with h5py.File(path, "w", **how) as file:
        file.create_dataset("rows", data=content(text), **options)
    with h5py.File(path) as file:
        holds(text, file["rows"][:].tobytes() if content is not log else file["rows"][150])


for name, (content, options) in DATASETS.items():
    filters = ", ".join(str(name) for name in (*options.values(), *options) if name in ("gzip", "lzf", "shuffle", "fletcher32"))

    @case(f"hdf5/{name}.h5", "h5py", f"a dataset: {filters or 'no filter'}")
    def _(path, text, content=content, options=options):
        dataset(path, text, content, options)


# In the newest layout, the shape decides how chunks are found.
INDEXES = {
    "single_chunk": {"chunks": (200,)},
    "implicit": {"chunks": (50,), "compression": None},
    "fixed_array": {"chunks": (50,)},
    "extensible_array": {"chunks": (50,), "maxshape": (None,)},
}

for name, options in INDEXES.items():

    @case(f"hdf5/latest_{name}.h5", "h5py", f"a dataset, newest layout: {name.replace('_', ' ')}")
    def _(path, text, options=options):
        dataset(path, text, short, {"compression": "gzip", "shuffle": True, **options}, libver="latest")


@case("hdf5/latest_tree.h5", "h5py", "a dataset, newest layout: B-tree")
def latest_tree(path, text):
    rows = lambda text: short(text).reshape(20, 10)
    options = {"compression": "gzip", "chunks": (5, 5), "maxshape": (None, None)}
    dataset(path, text, rows, options, libver="latest")


@case("hdf5/compound_gzip.h5", "h5py", "a field of a table, gzip")
def compound(path, text):
    table = numpy.zeros(100, dtype=[("time", "f8"), ("note", f"S{len(text) + 9}"), ("count", "i4")])
    table["time"], table["note"][50] = numpy.arange(100), text.encode()
    with h5py.File(path, "w") as file:
        file.create_dataset("table", data=table, compression="gzip", shuffle=True)


@case("hdf5/user_block.h5", "h5py", "a dataset behind a user block")
def user_block(path, text):
    dataset(path, text, short, {"compression": "gzip"}, userblock_size=1024)


def nwb(description):
    return pynwb.NWBFile(description, "file-1", datetime(2024, 5, 3, tzinfo=timezone.utc))


@case("hdf5/session.nwb", "pynwb", "the session description")
def session(path, text):
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb(f"recorded with {text}"))


@case("hdf5/column.nwb", "pynwb", "a column of a table of trials, byte by byte")
def trials(path, text):
    file = nwb("two trials")
    file.add_trial_column("stimulus", "bytes of its description")
    for number, character in enumerate(excerpt(text)):
        file.add_trial(start_time=number * 1.0, stop_time=number + 0.5, stimulus=numpy.uint8(character))
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)


HDF_STORES = {
    "fixed": {"format": "fixed"},
    "table": {"format": "table"},
    "zlib": {"format": "table", "complib": "zlib", "complevel": 5},
    "bzip2": {"format": "table", "complib": "bzip2", "complevel": 5},
    "blosc": {"format": "table", "complib": "blosc", "complevel": 5},
    "blosc_zstd": {"format": "table", "complib": "blosc:zstd", "complevel": 5},
    "fixed_blosc": {"format": "fixed", "complib": "blosc", "complevel": 9},
}

for name, options in HDF_STORES.items():

    @case(f"hdf5/pandas_{name}.h5", "tables", f"a column of strings, pandas: {name.replace('_', ' ')}")
    def _(path, text, options=options):
        pandas.DataFrame({"line": log(text), "value": range(300)}).to_hdf(path, key="log", **options)
        holds(text, pandas.read_hdf(path)["line"].iloc[150])
