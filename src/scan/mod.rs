//! The search of files for tokens before they are kept. Files are searched in parallel, and packed files are unpacked on the
//! way. What could not be searched is reported and counts: an incomplete search never ends like one that found nothing.
//!
//! A file is read once, through a `reader::ScanReader`, which searches the bytes as they pass. The format readers
//! (`formats`) read from there and know no tokens; what they unpack passes through a reader of its own (`search`). Memory,
//! nesting and the amount of unpacked data are limited. Only a text that has findings is read again, for their lines
//! (`second_pass`).

mod extents;
mod file;
mod formats;
mod lfs;
mod lines;
mod matches;
mod notebook;
mod progress;
mod reader;
mod redact;
mod report;
mod search;
mod second_pass;
mod shuffles;
pub mod staged;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod tree;

pub use notebook::{CellPlace, NotebookPart};
pub use progress::Progress;
pub use redact::Redact;
pub use report::{Capped, Finding, Location, Position, Problem, Report, TextPlace};
pub use tree::{scan, scan_stream};
