"""R: saved objects, workspaces, figures. One run of R writes all of them, since it starts slowly."""

import functools
import subprocess

from cases import case, environment

CALLS = {
    "gzip.rds": ("saveRDS(settings, path)", "saveRDS: gzip"),
    "bzip2.rds": ("saveRDS(settings, path, compress = 'bzip2')", "saveRDS: bzip2"),
    "xz.rds": ("saveRDS(settings, path, compress = 'xz')", "saveRDS: xz"),
    "none.rds": ("saveRDS(settings, path, compress = FALSE)", "saveRDS: none"),
    "ascii.rds": ("saveRDS(settings, path, compress = FALSE, ascii = TRUE)", "saveRDS: ascii"),
    "workspace.RData": ("save(settings, file = path)", "save"),
    "xz.RData": ("save(settings, file = path, compress = 'xz')", "save: xz"),
    "ascii.RData": ("save(settings, file = path, ascii = TRUE)", "save: ascii"),
    "dump.R": ("dump('settings', path)", "dump"),
    "figure.pdf": ("pdf(path); plot(1:9, main = settings$key); invisible(dev.off())", "PDF, a title"),
    "figure.ps": ("postscript(path); plot(1:9, main = settings$key); invisible(dev.off())", "PostScript, a title"),
}

SETTINGS = "settings <- list(key = readLines(file('stdin')), values = 1:500 / 7, names = paste('sample', 1:300))"


@functools.cache
def write(folder, text):
    calls = [f"path <- '{file}'; {call}" for file, (call, _) in CALLS.items()]
    script = "\n".join([SETTINGS, *calls])
    command = ["Rscript", "--vanilla", "-e", script]
    subprocess.run(command, cwd=folder, input=text.encode() + b"\n", check=True, env=environment())


for file, (_, where) in CALLS.items():

    @case(f"r/{file}", "Rscript", where)
    def _(path, text):
        write(path.parent, text)
