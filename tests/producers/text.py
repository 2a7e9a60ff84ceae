"""Text files: dumps, encodings, mail, and what belongs to a file but is not in it."""

import email.message
import os
import zlib

from cases import Unavailable, case, excerpt, log, prose, run, word

DUMPS = {
    "hexdump_c": ["hexdump", "-C"],
    "hexdump": ["hexdump"],
    "busybox_hexdump": ["busybox", "hexdump", "-C"],
    "busybox_xxd": ["busybox", "xxd"],
    "od": ["od"],
    "od_c": ["od", "-c"],
    "od_x1": ["od", "-t", "x1"],
    "od_x1z": ["od", "-A", "x", "-t", "x1z"],
    "xxd": ["xxd"],
    "xxd_p": ["xxd", "-p"],
    "xxd_i": ["xxd", "-i"],
    "xxd_b": ["xxd", "-b"],
    "base64": ["base64"],
    "base32": ["base32"],
    "uuencode": ["uuencode", "log.txt"],
    "uuencode_m": ["uuencode", "-m", "log.txt"],
}

# Binary digits are not decoded.
NOT_FOUND = {"xxd_b"}

for name, command in DUMPS.items():
    expected = "not found" if name in NOT_FOUND else "found"

    @case(f"text/{name}.txt", command[0], f"the output of {' '.join(command)}", expected)
    def _(path, text, command=command):
        path.write_bytes(run(*command, input=excerpt(text)))


@case("text/base64_gzip.txt", "base64", "base64 of gzip")
def base64_gzip(path, text):
    path.write_bytes(run("base64", input=zlib.compress(prose(text), wbits=31)))


@case("text/transcript.txt", "Python", "UTF-16 with a byte order mark and DOS lines")
def transcript(path, text):
    path.write_text("\r\n".join(log(text)), encoding="utf-16", newline="")


@case("text/attachment.eml", "Python", "an attachment in base64")
def attachment(path, text):
    mail = message()
    mail.add_attachment(prose(text), maintype="application", subtype="octet-stream", filename="log.bin")
    path.write_bytes(bytes(mail))


@case("text/attachment_gzip.eml", "Python", "an attachment in gzip and base64")
def attachment_gzip(path, text):
    mail = message()
    mail.add_attachment(zlib.compress(prose(text), wbits=31), maintype="application", subtype="gzip", filename="log.gz")
    path.write_bytes(bytes(mail))


@case("text/quoted_printable.eml", "Python", "a mail in quoted-printable")
def quoted_printable(path, text):
    mail = email.message.EmailMessage()
    mail.set_content(f"Grüße. The key of our deployment, which you asked for, is {text} until May.", cte="quoted-printable")
    path.write_bytes(bytes(mail))


def message():
    mail = email.message.EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "results", "a@b.example", "c@d.example"
    mail.set_content("The log is attached.")
    return mail


@case("text/name", "Python", "the name of a file")
def name(path, text):
    path.mkdir()
    (path / f"results-{word(text)}.csv").write_text("number\n1\n")


@case("text/extended_attribute.csv", "Python", "an extended attribute")
def extended_attribute(path, text):
    path.write_text("number\n1\n")
    try:
        os.setxattr(path, "user.xdg.origin.url", f"https://{text}@files.example/a.csv".encode())
    except (AttributeError, OSError):
        raise Unavailable("the file system has no extended attributes") from None
