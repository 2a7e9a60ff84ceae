//! `co-cred completions`: for bash, zsh, fish, elvish and PowerShell. The first three also complete values of options:
//! deployments, e-mails, and names of variables; never a variable's value.

use std::io::Write;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::args;
use crate::cli::exit::Outcome;

/// Prints the known deployments.
const DEPLOYMENTS: &str = "co-cred list --deployments 2>/dev/null";

/// Prints the e-mails of the logins.
const EMAILS: &str = "co-cred list --emails 2>/dev/null";

/// The options whose value is the name of a variable.
const NAMES: [&str; 3] = ["as", "domain-as", "token-env"];

/// What bash offers after `exec --`: a command, and then that command's own completions.
const BASH_COMMAND: &str = r#"    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[1]} == exec && ${COMP_WORDS[i]} == -- ]]; then
            if declare -F _command_offset >/dev/null; then
                _command_offset $((i + 1))
            elif ((COMP_CWORD == i + 1)); then
                mapfile -t COMPREPLY < <(compgen -c -f -- "${cur}")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "${cur}")
            fi
            return 0
        fi
    done
"#;

/// The same for fish.
const FISH_COMMAND: &str = r#"complete -c co-cred -n "__fish_seen_subcommand_from exec; and contains -- -- (commandline -opc)" \
    -x -a '(set -l words (commandline -opc) (commandline -ct); \
        __fish_complete_subcommand --commandline $words[(math (contains -i -- -- $words) + 1)..])'
"#;

pub(super) fn run(typed: &args::Completions, out: &mut dyn Write) -> Outcome {
    // Into memory first: the generator panics if a pipe is closed.
    let mut text = Vec::new();
    clap_complete::generate(typed.shell, &mut public(), "co-cred", &mut text);
    let text = with_values(typed.shell, &String::from_utf8_lossy(&text));
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(0)
}

/// The command line without the commands and options that only co-cred itself uses.
fn public() -> Command {
    let mut root = args::Args::command();
    root.build();
    without_hidden(&root)
}

fn without_hidden(command: &Command) -> Command {
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set()).map(without_hidden);
    let about = command.get_about().cloned().unwrap_or_default();
    let shown =
        Command::new(command.get_name().to_owned()).version("").about(about).args(arguments).subcommands(commands);
    shown.disable_help_flag(true).disable_version_flag(true).disable_help_subcommand(true)
}

/// The generated script with completions of values added.
fn with_values(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => bash(script),
        Shell::Zsh => lines(script, zsh),
        Shell::Fish => lines(script, fish) + FISH_COMMAND,
        _ => script.to_owned(),
    }
}

/// In a bash script, the completions of an option's value are on the line after its name.
fn bash(script: &str) -> String {
    let offered = |before: &str| match before.trim().strip_prefix("--")?.strip_suffix(')')? {
        "deployment" => Some(format!(r#"compgen -W "$({DEPLOYMENTS})" -- "${{cur}}""#)),
        "email" => Some(format!(r#"compgen -W "$({EMAILS})" -- "${{cur}}""#)),
        option => NAMES.contains(&option).then(|| r#"compgen -e -- "${cur}""#.to_owned()),
    };
    let mut before = "";
    let line = |line| {
        let offered = offered(std::mem::replace(&mut before, line));
        offered.map_or_else(|| line.to_owned(), |offered| line.replace(r#"compgen -f "${cur}""#, &offered))
    };
    let done: Vec<String> = script.lines().map(line).collect();
    // The generator writes a name with a hyphen in two ways, and never finds a command's own options (clap's issue 6421).
    let script = done.join("\n").replace("co__subcmd__cred__", "co__cred__") + "\n";
    let start = "    cmd=\"\"\n";
    script.replacen(start, &format!("{BASH_COMMAND}{start}"), 1)
}

fn zsh(line: &str) -> Option<String> {
    if line.contains("--deployment=[") {
        let offered = format!(r#":URL:{{compadd -- ${{(f)"$({DEPLOYMENTS})"}}}}'"#);
        return Some(line.replace(":URL:_default'", &offered));
    }
    if line.contains("--email=[") {
        let offered = format!(r#":ADDRESS:{{compadd -- ${{(f)"$({EMAILS})"}}}}'"#);
        return Some(line.replace(":ADDRESS:_default'", &offered));
    }
    let names = NAMES.iter().any(|name| line.contains(&format!("--{name}=[")));
    names.then(|| line.replace(":NAME:_default'", r#":NAME:{_parameters -g "*export*"}'"#))
}

fn fish(line: &str) -> Option<String> {
    let offers = |option: &str| line.starts_with("complete ") && line.contains(&format!(" -l {option} "));
    let plain = line.strip_suffix(" -r")?;
    if offers("deployment") {
        return Some(format!("{plain} -r -f -a '({DEPLOYMENTS})'"));
    }
    if offers("email") {
        return Some(format!("{plain} -r -f -a '({EMAILS})'"));
    }
    NAMES.iter().any(|name| offers(name)).then(|| format!("{plain} -r -f -a '(set --names --export)'"))
}

fn lines(script: &str, with_value: impl Fn(&str) -> Option<String>) -> String {
    let line = |line: &str| with_value(line).unwrap_or_else(|| line.to_owned()) + "\n";
    script.lines().map(line).collect()
}
