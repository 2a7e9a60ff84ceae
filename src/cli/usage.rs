//! Words for a command line that cannot be used. They do not repeat what was typed: it may be a token on the wrong side of an
//! option.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Error, Reason};
use crate::token;

/// Options of other tools, and the co-cred option for the same.
const FOREIGN_OPTIONS: [(&str, &str); 6] = [
    ("--domain", "--deployment"),
    ("--host", "--deployment"),
    ("--url", "--deployment"),
    ("--user", "--email"),
    ("--dry-run", "--explain"),
    ("--no-verify", "--verify never"),
];

/// Options with an example of their value.
const EXAMPLES: [&str; 16] = [
    "--allow 'GET /api/v1/**'",
    "--as API_SECRET",
    "--audit requests.jsonl",
    "--deployment codeocean.example.org",
    "--domain-as CO_HOST=host",
    "--email ada@example.org",
    "--expires 2027-06-30",
    "--gate /results",
    "--keep-file token.txt",
    "--only CODEOCEAN_TOKEN",
    "--rate 5/s",
    "--socket agent.sock",
    "--timeout 30s",
    "--token-env CUSTOM_KEY",
    "--token-file token.txt",
    "--wait 60s",
];

/// A word after a command that takes none, or another one, and what to type instead.
const STRAY_WORDS: [(&str, &str); 3] = [
    ("login", "co-cred login --deployment URL logs in at a deployment"),
    ("logout", "co-cred logout --email ADDRESS removes the login of an account"),
    ("agent", "co-cred agent starts one; its other forms are co-cred agent status and co-cred agent stop"),
];

/// The options that need `--broker`.
const BROKER_OPTIONS: [&str; 4] = ["--read-only", "--allow", "--rate", "--audit"];

/// The error for a command line that clap refused.
pub(super) fn error(error: &clap::Error, args: &[OsString]) -> Error {
    if let Some(error) = token_typed(args) {
        return error;
    }
    let hint = suggestion(error, args).unwrap_or_else(|| match command(args) {
        Some(command) => format!("co-cred {} --help lists the options", command.get_name()),
        None => "co-cred --help lists the commands".to_owned(),
    });
    Error::new(Reason::Usage, mistake(error, args)).hint(hint)
}

/// The error for a token on the command line, where none is ever wanted.
pub(super) fn token_typed(args: &[OsString]) -> Option<Error> {
    let words = args.iter().skip(1).take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str());
    let mut values =
        words.map(|word| word.split_once('=').filter(|_| word.starts_with('-')).map_or(word, |(_, value)| value));
    values.any(|value| token::is_token_like(value.as_bytes())).then(|| {
        Error::new(Reason::Usage, "that looks like an access token: it is in your shell's history now")
            .hint("revoke it at Account → Access Tokens; co-cred login asks for the new one without showing it")
    })
}

/// What is wrong. clap names options by their own name and value name; a stray word is the user's.
fn mistake(error: &clap::Error, args: &[OsString]) -> String {
    let name = context(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => match name.as_deref().and_then(|typed| typed.strip_prefix("--")) {
            Some(option) => format!("there is no option --{}", option.split('=').next().unwrap_or_default()),
            None => "an argument was not expected here".to_owned(),
        },
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::MissingRequiredArgument => match (name.as_deref(), broker_option(args)) {
            (Some("--broker"), Some(option)) => format!("{option} needs --broker"),
            (Some(name), _) if is_command_to_run(name) => "the command to run is missing".to_owned(),
            (name, _) => format!("{} is missing", name.unwrap_or("an argument")),
        },
        ErrorKind::ArgumentConflict => match (name, context(error, ContextKind::PriorArg)) {
            (Some(one), Some(other)) => format!("{one} and {other} cannot be used together"),
            _ => "these options cannot be used together".to_owned(),
        },
        ErrorKind::InvalidValue if is_empty_value(error) => {
            format!("{} needs a value", name.unwrap_or_else(|| "an option".to_owned()))
        }
        _ => match name {
            Some(option) => format!("the value of {option} cannot be used"),
            None => "the command line cannot be used".to_owned(),
        },
    }
}

fn is_command_to_run(name: &str) -> bool {
    name.trim_matches(['<', '>', '.', '[', ']']) == "CMD"
}

fn is_empty_value(error: &clap::Error) -> bool {
    context(error, ContextKind::InvalidValue).is_some_and(|value| value.is_empty())
}

fn broker_option(args: &[OsString]) -> Option<&'static str> {
    let is_typed =
        |option: &&str| args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg.split('=').next() == Some(option));
    BROKER_OPTIONS.into_iter().find(is_typed)
}

/// What to type instead, if that is clear.
fn suggestion(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let name = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let option = name.split(['=', ' ']).next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => foreign_option(option, args)
            .or_else(|| context(error, ContextKind::SuggestedArg))
            .map(|likely| format!("did you mean {likely}?"))
            .or_else(|| stray_word(args).filter(|_| !option.starts_with('-'))),
        ErrorKind::InvalidSubcommand => near_command(error).map(|likely| format!("did you mean {likely}?")),
        ErrorKind::MissingRequiredArgument if is_command_to_run(&name) => {
            Some("as in: co-cred exec -- python analysis.py".to_owned())
        }
        ErrorKind::InvalidValue if is_empty_value(error) => EXAMPLES
            .into_iter()
            .find(|example| example.split(' ').next() == Some(option))
            .map(|example| format!("as in {example}"))
            .or_else(|| valid_values(error)),
        ErrorKind::InvalidValue if name == "[ACTION]" => stray_word(args),
        _ => valid_values(error),
    }
}

fn valid_values(error: &clap::Error) -> Option<String> {
    context(error, ContextKind::ValidValue).map(|values| format!("it is one of {values}"))
}

fn foreign_option(option: &str, args: &[OsString]) -> Option<String> {
    let (_, own) = FOREIGN_OPTIONS.iter().find(|(foreign, _)| option == *foreign)?;
    has_option(command(args), own).then(|| (*own).to_owned())
}

fn stray_word(args: &[OsString]) -> Option<String> {
    let command = command(args)?;
    let (_, hint) = STRAY_WORDS.iter().find(|(name, _)| command.get_name() == *name)?;
    Some((*hint).to_owned())
}

/// The visible command that was probably meant: clap suggests hidden ones as well, and distant ones.
fn near_command(error: &clap::Error) -> Option<String> {
    let typed = context(error, ContextKind::InvalidSubcommand)?;
    let root = <super::args::Args as clap::CommandFactory>::command();
    let names = root.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let nearest = names.map(|name| (distance(&typed, name), name)).min()?;
    (nearest.0 <= typed.chars().count() / 2 && nearest.0 <= 2).then(|| nearest.1.to_owned())
}

/// The number of characters to insert, delete or replace (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, from) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], number + 1);
        for (at, to) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// The command that was typed, if there is one.
fn command(args: &[OsString]) -> Option<clap::Command> {
    let mut root = <super::args::Args as clap::CommandFactory>::command();
    root.build();
    let words = args.iter().skip(1).filter_map(|arg| arg.to_str());
    words.take_while(|word| *word != "--").find_map(|word| root.find_subcommand(word).cloned())
}

/// Whether a command has an option, which may be followed by its value.
fn has_option(command: Option<clap::Command>, option: &str) -> bool {
    let long = option.trim_start_matches("--").split(' ').next();
    command.is_none_or(|command| command.get_arguments().any(|argument| argument.get_long() == long))
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) if !texts.is_empty() => Some(texts.join(", ")),
        _ => None,
    }
}
