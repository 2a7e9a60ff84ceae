//! Parses the variable assignments of a shell file without running it.
//!
//! A shell sources `/run/secrets/secrets` while an image is built, so the file may use any quoting of a shell:
//! `export A='b c'`, `A="b \"c\""`, `A=$'b\nc'`, `A=b\ c`, several assignments on a line, values over several lines. The rules
//! are those of POSIX, XCU sections 2.2 (quoting) and 2.3 (tokens), with `$'...'` as in bash and POSIX.1-2024. Nothing is
//! executed: a value that needs expansion (`$HOME`, `$(...)`) is unknown, and so is every assignment from the first compound
//! command on (`&&`, `|`, `if`, functions), since it may never run.
//!
//! Here-documents (section 2.7.4) are input of the command before them, and are skipped.

mod reader;
mod redirection;
mod script;
mod syntax_error;
mod token;
mod word;

pub use script::assignments;
pub use syntax_error::SyntaxError;
pub use word::{Assignment, is_name};
