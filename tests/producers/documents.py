"""Figures and office documents: PDF, SVG, pictures, Word, PowerPoint, Excel."""

import docx
import matplotlib
import openpyxl
import pptx
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from PIL import Image, PngImagePlugin, TiffImagePlugin

from cases import case

matplotlib.use("agg")
from matplotlib import pyplot


def figure(path, title, metadata=None, **settings):
    with pyplot.rc_context(settings):
        chart, axes = pyplot.subplots()
        axes.plot([3, 1, 2])
        axes.set_title(title)
        chart.savefig(path, metadata=metadata)
        pyplot.close(chart)


for kind in (3, 42):

    @case(f"documents/font_{kind}.pdf", "matplotlib", f"PDF, a title in a font of type {kind}")
    def _(path, text, kind=kind):
        figure(path, text, **{"pdf.fonttype": kind})


@case("documents/metadata.pdf", "matplotlib", "PDF, keywords")
def pdf_metadata(path, text):
    figure(path, "temperature", {"Keywords": text})


@case("documents/not_compressed.pdf", "matplotlib", "PDF, a title, not compressed")
def pdf_plain(path, text):
    figure(path, text, **{"pdf.compression": 0})


@case("documents/title.ps", "matplotlib", "PostScript, a title")
def postscript(path, text):
    figure(path, text)


@case("documents/title.svg", "matplotlib", "SVG, a title as text")
def svg(path, text):
    figure(path, text, **{"svg.fonttype": "none"})


@case("documents/title.svgz", "matplotlib", "SVG, a title as text, gzip")
def svgz(path, text):
    figure(path, text, **{"svg.fonttype": "none"})


@case("documents/paths.svg", "matplotlib", "SVG, a title as paths")
def svg_paths(path, text):
    figure(path, text)


@case("documents/metadata.png", "matplotlib", "PNG, metadata of savefig")
def png_metadata(path, text):
    figure(path, "temperature", {"Source": text})


def picture():
    return Image.effect_mandelbrot((60, 60), (-2, -1, 1, 1), 40).convert("RGB")


def png(path, add):
    info = PngImagePlugin.PngInfo()
    add(info)
    picture().save(path, pnginfo=info)


@case("documents/text.png", "pillow", "PNG, tEXt")
def png_text(path, text):
    png(path, lambda info: info.add_text("Comment", text))


@case("documents/ztxt.png", "pillow", "PNG, zTXt")
def png_ztxt(path, text):
    png(path, lambda info: info.add_text("Comment", f"key {text}, " * 3, zip=True))


@case("documents/itxt.png", "pillow", "PNG, iTXt")
def png_itxt(path, text):
    png(path, lambda info: info.add_itxt("Comment", text))


@case("documents/itxt_zip.png", "pillow", "PNG, iTXt, compressed")
def png_itxt_zip(path, text):
    png(path, lambda info: info.add_itxt("Comment", f"key {text}, " * 3, zip=True))


@case("documents/comment.jpg", "pillow", "JPEG, a comment")
def jpeg(path, text):
    picture().save(path, comment=f"key {text}")


@case("documents/description.tif", "pillow", "TIFF, the description, Deflate")
def tiff(path, text):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = f'{{"key": "{text}"}}'
    picture().save(path, compression="tiff_adobe_deflate", tiffinfo=tags)


@case("documents/runs.docx", "python-docx", "a word in several formats")
def word_runs(path, text):
    document = docx.Document()
    paragraph = document.add_paragraph("The key is ")
    for start in range(0, len(text), 9):
        paragraph.add_run(text[start : start + 9]).bold = start % 18 == 0
    document.save(path)


@case("documents/table.docx", "python-docx", "a cell of a table")
def word_table(path, text):
    document = docx.Document()
    document.add_table(rows=2, cols=2).cell(1, 1).text = text
    document.save(path)


@case("documents/properties.docx", "python-docx", "the properties")
def word_properties(path, text):
    document = docx.Document()
    document.core_properties.comments = text
    document.save(path)


@case("documents/notes.pptx", "python-pptx", "the notes of a slide")
def slides_notes(path, text):
    show = pptx.Presentation()
    show.slides.add_slide(show.slide_layouts[6]).notes_slide.notes_text_frame.text = f"use {text}"
    show.save(path)


@case("documents/runs.pptx", "python-pptx", "a title in several formats")
def slides_runs(path, text):
    show = pptx.Presentation()
    paragraph = show.slides.add_slide(show.slide_layouts[5]).shapes.title.text_frame.paragraphs[0]
    for start in range(0, len(text), 7):
        run = paragraph.add_run()
        run.text, run.font.italic = text[start : start + 7], start % 14 == 0
    show.save(path)


def sheet(path, value):
    book = openpyxl.Workbook()
    book.active["B2"] = value
    book.save(path)


@case("documents/shared.xlsx", "openpyxl", "a cell")
def shared(path, text):
    sheet(path, f"key {text}")


@case("documents/rich.xlsx", "openpyxl", "a cell in several formats")
def rich_cell(path, text):
    bold = InlineFont(b=True)
    sheet(path, CellRichText("key ", TextBlock(bold, text[:20]), text[20:30], TextBlock(bold, text[30:])))


@case("documents/inline.xlsx", "openpyxl", "a cell, written row by row")
def inline(path, text):
    book = openpyxl.Workbook(write_only=True)
    rows = book.create_sheet()
    for number in range(50):
        rows.append([number, text if number == 30 else "none"])
    book.save(path)


@case("documents/inline_string.xlsx", "xlsxwriter", "an inline string")
def inline_string(path, text):
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.add_worksheet().write(1, 1, f"key {text}")


@case("documents/comment.xlsx", "openpyxl", "a comment on a cell")
def comment(path, text):
    book = openpyxl.Workbook()
    book.active["A1"].comment = openpyxl.comments.Comment(text, "an author")
    book.save(path)
