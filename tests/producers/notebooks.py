"""Notebooks, and coloured text for terminals, HTML and LaTeX."""

import base64
import gzip
import io
import sys

import nbformat
import pygments
from IPython.core import ultratb
from nbconvert import HTMLExporter, LatexExporter, MarkdownExporter, RSTExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from pygments.formatters import get_formatter_by_name
from pygments.lexers import PythonLexer
from rich.console import Console
from rich.table import Table

from cases import case, prose


def notebook(*outputs, source="print(client)"):
    return new_notebook(cells=[new_code_cell(source, outputs=list(outputs))])


def stream(text):
    return notebook(new_output("stream", text=f"connecting\nkey {text}\n"))


def traceback(text):
    """As the kernel records it: coloured, with the source around."""
    try:
        exec(compile(f"def connect():\n    raise ValueError('rejected: {text}')\nconnect()", "<cell>", "exec"))
    except ValueError:
        lines = ultratb.VerboseTB().structured_traceback(*sys.exc_info())
        return notebook(new_output("error", ename="ValueError", evalue="rejected", traceback=lines))


def packed(text):
    """A download of a table: gzip as base64."""
    data = base64.b64encode(gzip.compress(prose(text))).decode()
    link = f'<a download="log.gz" href="data:application/gzip;base64,{data}">log</a>'
    return notebook(new_output("display_data", data={"text/html": link}))


def source(text):
    return notebook(source=f"client = connect(\n    key='{text}',\n)")


NOTEBOOKS = {"stream": stream, "traceback": traceback, "packed": packed, "source": source}
EXPORTERS = {"html": HTMLExporter, "tex": LatexExporter, "md": MarkdownExporter, "rst": RSTExporter}

for name, make in NOTEBOOKS.items():

    @case(f"notebooks/{name}.ipynb", "nbformat", f"a notebook: {name}")
    def _(path, text, make=make):
        nbformat.write(make(text), path)

    for end, exporter in EXPORTERS.items():
        # LaTeX leaves out HTML, and the two others need pandoc for it.
        if end == "html" or (name, end) in {("source", "tex"), ("stream", "tex"), ("stream", "md"), ("source", "md")}:

            @case(f"notebooks/{name}.{end}", "nbconvert", f"{end} of a notebook: {name}")
            def _(path, text, make=make, exporter=exporter):
                body, _ = exporter().from_notebook_node(make(text))
                path.write_text(body)


def table(text, **options):
    """A table that is too narrow for the text."""
    console = Console(record=True, width=48, file=io.StringIO(), **options)
    grid = Table(title="keys")
    grid.add_column("name")
    grid.add_column("value", overflow="fold", style="bold red")
    grid.add_row("station", "7")
    grid.add_row("a key of the deployment", text)
    console.print(grid)
    return console


@case("notebooks/rich.txt", "rich", "a folded cell, as text")
def rich_text(path, text):
    path.write_text(table(text).export_text())


@case("notebooks/rich.html", "rich", "a folded cell, as HTML")
def rich_html(path, text):
    path.write_text(table(text).export_html())


@case("notebooks/rich.svg", "rich", "a folded cell, as SVG")
def rich_svg(path, text):
    path.write_text(table(text).export_svg())


@case("notebooks/rich.ansi", "rich", "a folded cell, with colours")
def rich_ansi(path, text):
    path.write_text(table(text, force_terminal=True, color_system="truecolor").export_text(styles=True))


@case("notebooks/rich.log", "rich", "a value that is highlighted")
def rich_log(path, text):
    console = Console(record=True, width=60, file=io.StringIO(), force_terminal=True, color_system="256")
    console.print({"key": text, "station": 7, "path": "/data/a.csv"})
    path.write_text(console.export_text(styles=True))


for end, formatter in {"html": "html", "tex": "latex", "rtf": "rtf", "ansi": "terminal256", "svg": "svg"}.items():

    @case(f"notebooks/pygments.{end}", "Pygments", f"a string in highlighted source: {formatter}")
    def _(path, text, formatter=formatter):
        source = f"client = connect(key='{text}', f'{{x}}')\n"
        formatter = get_formatter_by_name(formatter, **({"full": True} if formatter != "terminal256" else {}))
        path.write_text(pygments.highlight(source, PythonLexer(), formatter))
