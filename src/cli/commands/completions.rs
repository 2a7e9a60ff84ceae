//! `co-cred completions`: for bash, zsh, fish, elvish and PowerShell. The first three also complete values of options:
//! deployments, e-mails, and names of variables; never a variable's value.

use std::io::Write;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::args;
use crate::cli::exit::Outcome;
use crate::names;

/// What completes the value of an option.
enum Values {
    /// The lines that a command prints.
    Printed(&'static str),
    /// Names that public code is known to read, and those of the variables that are set.
    Known(String),
    /// The names of the variables that are set.
    Exported,
}

/// What completes the value of an option; `None`: what the generator offers.
fn values(option: &str) -> Option<Values> {
    let known = |names: &mut dyn Iterator<Item = &'static str>| Values::Known(names.collect::<Vec<_>>().join(" "));
    Some(match option {
        "deployment" => Values::Printed("co-cred list --deployments 2>/dev/null"),
        "email" => Values::Printed("co-cred list --emails 2>/dev/null"),
        "as" => known(&mut names::all_tokens()),
        "domain-as" => known(&mut names::DOMAINS.into_iter()),
        "only" => known(&mut names::all_tokens().chain(names::DOMAINS)),
        "token-env" => Values::Exported,
        _ => return None,
    })
}

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
    let (mut before, mut done) = ("", Vec::new());
    for line in script.lines() {
        let option = before.trim().strip_prefix("--").and_then(|option| option.strip_suffix(')'));
        let offered = option.and_then(values).map(|values| match values {
            Values::Printed(command) => format!(r#"compgen -W "$({command})" -- "${{cur}}""#),
            Values::Known(names) => format!(r#"compgen -e -W "{names}" -- "${{cur}}""#),
            Values::Exported => r#"compgen -e -- "${cur}""#.to_owned(),
        });
        done.push(offered.map_or_else(|| line.to_owned(), |offered| line.replace(r#"compgen -f "${cur}""#, &offered)));
        before = line;
    }
    // The generator writes a name with a hyphen in two ways, and never finds a command's own options (clap's issue 6421).
    let script = done.join("\n").replace("co__subcmd__cred__", "co__cred__") + "\n";
    let start = "    cmd=\"\"\n";
    script.replacen(start, &format!("{BASH_COMMAND}{start}"), 1)
}

/// In a zsh script, an option is a line: `'(OTHERS)--NAME=[ABOUT]:VALUE:COMPLETION'`.
fn zsh(line: &str) -> Option<String> {
    let offered = match values(line.split_once("=[")?.0.rsplit_once("--")?.1)? {
        Values::Printed(command) => format!(r#"{{compadd -- ${{(f)"$({command})"}}}}"#),
        Values::Known(names) => format!(r#"{{compadd -- {names}; _parameters -g "*export*"}}"#),
        Values::Exported => r#"{_parameters -g "*export*"}"#.to_owned(),
    };
    Some(line.replace(":_default'", &format!(":{offered}'")))
}

/// In a fish script, an option is a line: `complete ... -l NAME -d 'ABOUT' -r`.
fn fish(line: &str) -> Option<String> {
    let (_, option) = line.strip_prefix("complete ")?.split_once(" -l ")?;
    let offered = match values(option.split(' ').next()?)? {
        Values::Printed(command) => format!("({command})"),
        Values::Known(names) => format!("{names} (set --names --export)"),
        Values::Exported => "(set --names --export)".to_owned(),
    };
    Some(format!("{} -r -f -a '{offered}'", line.strip_suffix(" -r")?))
}

fn lines(script: &str, with_value: impl Fn(&str) -> Option<String>) -> String {
    let line = |line: &str| with_value(line).unwrap_or_else(|| line.to_owned()) + "\n";
    script.lines().map(line).collect()
}
