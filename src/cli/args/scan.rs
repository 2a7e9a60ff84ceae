//! The options of `co-cred scan`, and its help.

use std::path::PathBuf;

use super::common::Common;

/// Look for the token in files
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Searches files of any kind for the token, whole or twelve characters of it in a row: as it is, in base64 (as in \
                  an Authorization header), as numbers (hexadecimal, decimal, octal, dumps), escaped (as in URLs, JSON, \
                  HTML), in UTF-16, with line breaks, colours or quotes inside, in file names and extended attributes. \
                  What is compressed is unpacked wherever it stands, also inside each other: archives, HDF5, NWB, Zarr, \
                  Parquet, Git, PDF, pictures, base64 in any text. Text that looks like a token unknown to co-cred is \
                  reported separately. A file that could not be searched is reported, and makes the exit code 1 (formats \
                  that are known and not unpacked, such as rar, are only reported); a token that is found makes it 9.",
    after_help = "Examples:\n  co-cred scan                         /results, before they are kept\n  \
                  co-cred scan --redact ./output       overwrite the token there\n  \
                  co-cred scan --staged                in .git/hooks/pre-commit"
)]
pub struct Scan {
    /// Folders and files to search, or - for standard input [default: /results]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Overwrite the token with the same length, also in text that gzip compressed; other packed files are not changed
    #[arg(long)]
    pub redact: bool,
    /// Search the staged files in Git's index, and the content that Git LFS pushes with them, as with --strict
    #[arg(long, conflicts_with_all = ["paths", "redact"])]
    pub staged: bool,
    /// Treat text that looks like a token and signed storage URLs as tokens, and formats that are not unpacked as not searched
    #[arg(long)]
    pub strict: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
