//! Supervision: the command stays a child of co-cred. Its output is masked as it streams where that is asked for, every
//! signal is forwarded to it, and co-cred exits as the command did.

pub mod mask;
mod report;
mod seen;
#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

pub use report::{Exit, Lost, Report, SuperviseError};
pub use system::{
    become_command, fail_writes_over_file_limit, lead_session, on_termination, replace, resume_masking, run,
    terminate_by_signal,
};
