"""Tables in columns: Parquet, Feather, ORC, and what pandas writes."""

import pandas
import pyarrow
from pyarrow import feather, orc, parquet
from pyarrow.parquet import encryption

from cases import case, holds, log


def table(text):
    return pyarrow.table({"number": range(300), "line": log(text)})


def parquet_case(name, where, **options):
    @case(f"columns/{name}.parquet", "pyarrow", f"Parquet, {where}")
    def _(path, text):
        parquet.write_table(table(text), path, **options)
        holds(text, parquet.read_table(path)["line"][150])


for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
    parquet_case(f"{codec}_dictionary", f"{codec}, a dictionary", compression=codec)
    parquet_case(codec, codec, compression=codec, use_dictionary=False)

parquet_case("pages_2", "snappy, data pages of version 2", data_page_version="2.0", use_dictionary=False)
for encoding in ("DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
    how = {"use_dictionary": False, "column_encoding": {"line": encoding}}
    parquet_case(encoding.lower(), f"zstd, {encoding}", compression="zstd", **how)
    parquet_case(f"{encoding.lower()}_none", f"none, {encoding}", compression="none", **how)


@case("columns/byte_stream_split.parquet", "pyarrow", "Parquet, zstd, BYTE_STREAM_SPLIT")
def byte_stream_split(path, text):
    rows = [f"sample {number:05}".ljust(len(text)).encode() for number in range(100)]
    rows[50] = text.encode()
    fixed = pyarrow.table({"row": pyarrow.array(rows, pyarrow.binary(len(text)))})
    parquet.write_table(fixed, path, compression="zstd", use_dictionary=False, use_byte_stream_split=True)


@case("columns/metadata.parquet", "pyarrow", "Parquet, key-value metadata")
def metadata(path, text):
    small = pyarrow.table({"number": [1, 2]}).replace_schema_metadata({"source": f"key={text}"})
    parquet.write_table(small, path)


@case("columns/column_name.parquet", "pyarrow", "Parquet, the name of a column")
def column_name(path, text):
    parquet.write_table(pyarrow.table({text: [1, 2]}), path)


@case("columns/statistics.parquet", "pyarrow", "Parquet, the only value of a column")
def statistics(path, text):
    parquet.write_table(pyarrow.table({"key": [text] * 5}), path, compression="gzip")


@case("columns/nested.parquet", "pyarrow", "Parquet, a list in a structure")
def nested(path, text):
    rows = [{"name": f"run {number}", "notes": log(text)[148:153] if number == 7 else []} for number in range(20)]
    parquet.write_table(pyarrow.table({"run": rows}), path, compression="zstd")


@case("columns/encrypted.parquet", "pyarrow", "Parquet, encrypted", expected="reported")
def encrypted(path, text):
    class Keys(encryption.KmsClient):
        def wrap_key(self, key, name):
            return bytes(byte ^ 7 for byte in key).hex()

        def unwrap_key(self, key, name):
            return bytes(byte ^ 7 for byte in bytes.fromhex(key))

    factory = encryption.CryptoFactory(lambda _: Keys())
    how = encryption.EncryptionConfiguration(footer_key="footer", column_keys={"column": ["line", "number"]})
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), how)
    with parquet.ParquetWriter(path, table(text).schema, encryption_properties=properties) as writer:
        writer.write_table(table(text))


for codec in ("uncompressed", "lz4", "zstd"):

    @case(f"columns/{codec}.feather", "pyarrow", f"Feather, {codec}")
    def _(path, text, codec=codec):
        feather.write_feather(table(text), str(path), compression=codec)
        holds(text, feather.read_table(path)["line"][150])

    @case(f"columns/{codec}.arrows", "pyarrow", f"Arrow stream, {codec}")
    def _(path, text, codec=codec):
        options = pyarrow.ipc.IpcWriteOptions(compression=None if codec == "uncompressed" else codec)
        with pyarrow.ipc.new_stream(str(path), table(text).schema, options=options) as stream:
            stream.write_table(table(text))


for codec in ("uncompressed", "zlib", "snappy", "zstd", "lz4"):

    @case(f"columns/{codec}.orc", "pyarrow", f"ORC, {codec}")
    def _(path, text, codec=codec):
        orc.write_table(table(text), str(path), compression=codec)
        holds(text, orc.read_table(path)["line"][150])


for end in ("csv", "csv.gz", "csv.zip", "csv.zst", "csv.xz", "csv.bz2", "csv.tar.gz"):

    @case(f"columns/log.{end}", "pandas", f"CSV: {end}")
    def _(path, text):
        pandas.DataFrame({"line": log(text)}).to_csv(path)
        holds(text, pandas.read_csv(path)["line"][150])


@case("columns/frame.pkl", "pandas", "a pickled frame")
def pickled(path, text):
    pandas.DataFrame({"line": log(text)}).to_pickle(path)


@case("columns/frame.pkl.gz", "pandas", "a pickled frame, gzip")
def pickled_gzip(path, text):
    pandas.DataFrame({"line": log(text)}).to_pickle(path)


@case("columns/frame.dta", "pandas", "a column of Stata")
def stata(path, text):
    pandas.DataFrame({"line": log(text)}).to_stata(path)


@case("columns/frame.html", "pandas", "a cell of an HTML table")
def html(path, text):
    pandas.DataFrame({"line": log(text, 9)}).to_html(path)


@case("columns/frame.tex", "pandas", "a cell of a LaTeX table")
def latex(path, text):
    pandas.DataFrame({"line": log(text, 9)}).to_latex(path, escape=True)
