//! Nextflow's configuration, `nextflow -c FILE`: the `env` scope is the environment of each task. Within Groovy's single quotes
//! `\'` and `\\` are escapes, and nothing is expanded. Nextflow itself writes these variables into the script of each task
//! (`.command.run`).
//!
//! `CO_USERNAME` and `CO_PASSWORD` are left out: exported pipelines pass them to docker as arguments.

use super::escaped;
use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format {
    word: "nextflow",
    help: "nextflow -c; Nextflow writes it into the script of each task",
    layout: Layout::Lines(line),
};

fn line(name: &str, value: &str) -> String {
    format!("env.{name} = '{}'", escaped(value, &['\\', '\'']))
}
