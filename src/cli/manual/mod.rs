//! The manual pages. Each has the same sections in the same order: NAME, SYNOPSIS, DESCRIPTION, OPTIONS, ENVIRONMENT, FILES,
//! EXIT STATUS, EXAMPLES, SEE ALSO; that of co-cred itself has COMMANDS after OPTIONS.

mod tables;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

/// The manual page of a command, in roff.
pub(super) fn page(command: &Command) -> String {
    let name = command.get_name();
    let title = command.get_display_name().unwrap_or(name);
    let source = concat!("co-cred ", env!("CARGO_PKG_VERSION"));
    let mut roff = Roff::new();
    roff.control("TH", [title, "1", "", source, ""]).control("nh", []).control("ad", ["l"]);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    roff.control("SH", ["NAME"]).text([roman(format!("{title} - {about}"))]);
    roff.control("SH", ["SYNOPSIS"]).text([roman(usage(command))]);
    let description = command.get_long_about().map_or(about, ToString::to_string);
    roff.control("SH", ["DESCRIPTION"]).text([roman(description)]);
    roff.control("SH", ["OPTIONS"]);
    if command.has_subcommands() {
        commands(&mut roff, command);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in tables::environment(name) {
        roff.control("TP", []).text([bold(variable)]).text([roman(meaning)]);
    }
    roff.control("SH", ["FILES"]);
    for (file, content) in tables::files(name) {
        roff.control("TP", []).text([italic(file)]).text([roman(content)]);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in tables::exit_status(name) {
        roff.control("TP", []).text([bold(code)]).text([roman(meaning)]);
    }
    roff.control("SH", ["EXAMPLES"]).control("RS", ["4"]).control("nf", []);
    for line in examples(command) {
        roff.text([roman(line)]);
    }
    roff.control("fi", []).control("RE", []);
    roff.control("SH", ["SEE ALSO"]).text([roman(tables::see_also(name).join(", "))]);
    roff.render().replacen(".SH OPTIONS\n", &options(command), 1)
}

/// The first line of `--help`.
fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage: ").trim_end().to_owned()
}

/// The section of the options, as clap writes it; with its headings as subsections.
fn options(command: &Command) -> String {
    let mut section = Vec::new();
    let rendered = Man::new(command.clone()).render_options_section(&mut section);
    let text = rendered.map(|()| String::from_utf8_lossy(&section)).unwrap_or_default();
    let options = text.split_once(".SH OPTIONS\n").map_or("", |(_, options)| options);
    format!(".SH OPTIONS\n{}", options.replace("\n.SH ", "\n.SS "))
}

fn commands(roff: &mut Roff, root: &Command) {
    roff.control("SH", ["COMMANDS"]);
    for command in root.get_subcommands().filter(|command| !command.is_hide_set()) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        roff.control("TP", []).text([roman(format!("co-cred-{}(1)", command.get_name()))]).text([roman(about)]);
    }
}

/// The examples in the text after the options of `--help`, without their indentation.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    lines.take_while(|line| !line.is_empty()).map(|line| line.trim_start().to_owned()).collect()
}
