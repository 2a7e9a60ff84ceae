"""Writes files as scientists' programs write them, each with one text in it: `make.py FOLDER`, with the text on standard input.

`manifest.json` in the folder lists them: the file or folder, what wrote it, the version of that, where the text is, and what
is expected of a search. A file that this system cannot write has the reason under `skipped`.
"""

import importlib
import json
import os
import sys
import warnings
from pathlib import Path

# Its list of fonts takes seconds to make: keep it with the packages.
os.environ["MPLCONFIGDIR"] = os.path.join(sys.prefix, "matplotlib")
warnings.simplefilter("ignore")
sys.dont_write_bytecode = True

from cases import CASES

# They fill the table.
for family in ("arrays", "columns", "hdf5", "zarr_", "documents", "notebooks", "r", "archives", "git_", "text"):
    importlib.import_module(family)


def main():
    folder, secret = Path(sys.argv[1]).absolute(), sys.stdin.read().strip()
    folder.mkdir(parents=True, exist_ok=True)
    assert len({case.file for case in CASES}) == len(CASES), "two cases have the same file"
    rows = [case.row(folder, secret) for case in CASES]
    (folder / "manifest.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
