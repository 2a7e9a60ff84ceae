//! Files that are searched before they are kept.

#[cfg(unix)]
pub mod archives;
mod compressed;
#[cfg(unix)]
mod embedded;
#[cfg(unix)]
pub mod gate;
#[cfg(unix)]
pub mod inputs;
#[cfg(unix)]
pub mod limits;
#[cfg(unix)]
pub mod names;
#[cfg(unix)]
pub mod places;
#[cfg(unix)]
mod producers;
#[cfg(unix)]
pub mod redaction;
#[cfg(unix)]
mod redaction_gzip;
#[cfg(unix)]
pub mod redaction_interrupted;
#[cfg(unix)]
pub mod report;
#[cfg(unix)]
pub mod staged;
#[cfg(unix)]
pub mod support;
#[cfg(unix)]
pub mod tokens;
#[cfg(unix)]
pub mod unreadable;
