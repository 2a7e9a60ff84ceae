"""The table of cases, and what their functions share. A case writes one file or folder that contains the text once."""

import importlib.metadata
import os
import platform
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

CASES = []

# Programs that do not print their version for `--version`.
VERSION_OPTIONS = {"7z": [], "busybox": [], "compress": ["-V"], "hexdump": ["-V"], "xxd": ["-v"], "zip": ["-v"]}

# Python packages and programs that have the same name.
PACKAGES = {"lz4": "no package", "python-lz4": "lz4"}


@dataclass
class Case:
    """A row of the table. `expected` is `reported` where no program can read the text without more, such as a password, and
    `not found` where the search has a gap."""

    file: str
    producer: str
    where: str
    expected: str
    write: Callable[[Path, str], None]

    def version(self):
        """The version of the Python package or the program; `Unavailable` where it is not installed."""
        if self.producer == "Python":
            return platform.python_version()
        try:
            return importlib.metadata.version(PACKAGES.get(self.producer, self.producer))
        except importlib.metadata.PackageNotFoundError:
            return program_version(self.producer)

    def row(self, folder, text):
        """Writes the file, and returns its row of the manifest."""
        row = {"file": self.file, "producer": self.producer, "where": self.where, "expected": self.expected}
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            row["version"] = self.version()
            self.write(path, text)
            assert path.exists(), self.file
        except Unavailable as reason:
            row["skipped"] = str(reason)
        return row


class Unavailable(Exception):
    """This system cannot write the file."""


def case(file, producer, where, expected="found"):
    """Registers the function below it, which gets the path and the text."""

    def register(write):
        CASES.append(Case(file, producer, where, expected, write))
        return write

    return register


def program_version(program):
    """The first number with points or hyphens that the program prints about itself."""
    if shutil.which(program) is None:
        raise Unavailable(f"{program} is not installed")
    printed = subprocess.run([program, *VERSION_OPTIONS.get(program, ["--version"])], capture_output=True, text=True)
    found = re.search(r"\d+([.-]\d+)+", printed.stdout + printed.stderr)
    return found.group() if found else "unknown"


def run(*command, **options):
    """Runs a program, and returns its output. The text is never an argument: it is in a file or on standard input."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options).stdout


def log(text, count=300):
    """Lines as an instrument writes them, the text in one of them. Neither the first nor the last in any order."""
    chance = random.Random(7)
    lines = [f"{number:05} station {chance.randrange(90)} reads {chance.random() * 40:.6f} deg" for number in range(count)]
    lines[count // 2] = f"{count // 2:05} request with key {text} at station {chance.randrange(90)}"
    return lines


def prose(text):
    """The same lines as the bytes of one text."""
    return ("\n".join(log(text)) + "\n").encode()


def excerpt(text):
    """A piece of it, with the text in the middle."""
    middle = prose(text).index(text.encode())
    return prose(text)[middle - 500 : middle + 1000]


def word(text):
    """The text as a name that every program accepts. A token stays as it is."""
    return re.sub(r"\W", "-", text)


def holds(text, data):
    """Fails unless this content, which a library has read back, contains the text."""
    data = data if isinstance(data, bytes) else str(data).encode()
    assert text.encode() in data, "the text is not in the file"


def environment(**more):
    """The environment of a program, without the user's own configuration."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", **more}
