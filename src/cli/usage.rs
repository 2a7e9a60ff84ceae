//! A command line that cannot be used, told without what was typed: it may be a token on the wrong side of an option.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Error, Reason};
use crate::token;

/// Options of other tools, and those of ours that are meant.
const MEANT: [(&str, &str); 6] = [
    ("--domain", "--deployment"),
    ("--host", "--deployment"),
    ("--url", "--deployment"),
    ("--user", "--email"),
    ("--dry-run", "--explain"),
    ("--no-verify", "--verify never"),
];

/// The options that only mean something with `--broker`.
const OF_BROKER: [&str; 4] = ["--read-only", "--allow", "--rate", "--audit"];

/// What is wrong, and what to type instead.
pub(super) fn error(error: &clap::Error, args: &[OsString]) -> Error {
    if let Some(error) = token_typed(args) {
        return error;
    }
    let hint = suggestion(error, args).unwrap_or_else(|| match command(args) {
        Some(command) => format!("co-cred {} --help shows what there is", command.get_name()),
        None => "co-cred --help shows what there is".to_owned(),
    });
    Error::new(Reason::Usage, mistake(error, args)).hint(hint)
}

/// A token among the words of a command line, where none is ever wanted.
pub(super) fn token_typed(args: &[OsString]) -> Option<Error> {
    let words = args.iter().skip(1).take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str());
    let mut values =
        words.map(|word| word.split_once('=').filter(|_| word.starts_with('-')).map_or(word, |(_, value)| value));
    values.any(|value| token::is_token_like(value.as_bytes())).then(|| {
        Error::new(Reason::Usage, "that looks like an access token: it is in your shell's history now")
            .hint("revoke it at Account → Access Tokens; co-cred login asks for the new one without showing it")
    })
}

fn mistake(error: &clap::Error, args: &[OsString]) -> String {
    // An option's own name comes from us, with its value's name behind it; a stray word comes from the user.
    let ours = context(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => match ours.as_deref().and_then(|typed| typed.strip_prefix("--")) {
            Some(option) => format!("there is no option --{}", option.split('=').next().unwrap_or_default()),
            None => "an argument was not expected here".to_owned(),
        },
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::MissingRequiredArgument => match (ours, of_broker(args)) {
            (Some(missing), Some(option)) if missing == "--broker" => format!("{option} needs --broker"),
            (missing, _) => format!("{} is missing", missing.unwrap_or_else(|| "an argument".to_owned())),
        },
        ErrorKind::ArgumentConflict => match (ours, context(error, ContextKind::PriorArg)) {
            (Some(one), Some(other)) => format!("{one} and {other} do not go together"),
            _ => "these options do not go together".to_owned(),
        },
        ErrorKind::InvalidValue if context(error, ContextKind::InvalidValue).is_some_and(|value| value.is_empty()) => {
            format!("{} needs a value", ours.unwrap_or_else(|| "an option".to_owned()))
        }
        _ => match ours {
            Some(option) => format!("the value of {option} cannot be used"),
            None => "the command line cannot be used".to_owned(),
        },
    }
}

fn of_broker(args: &[OsString]) -> Option<&'static str> {
    let is_typed =
        |option: &&str| args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg.split('=').next() == Some(option));
    OF_BROKER.into_iter().find(is_typed)
}

fn suggestion(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let typed = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let meant = MEANT.iter().find(|(other, _)| typed.split(['=', ' ']).next() == Some(other));
    meant
        .filter(|(_, meant)| error.kind() == ErrorKind::UnknownArgument && is_of(command(args), meant))
        .map(|(_, meant)| (*meant).to_owned())
        .or_else(|| context(error, ContextKind::SuggestedSubcommand))
        .or_else(|| context(error, ContextKind::SuggestedArg))
        .map(|likely| format!("did you mean {likely}?"))
        .or_else(|| context(error, ContextKind::ValidValue).map(|values| format!("it is one of {values}")))
}

/// The command that was typed, as far as it is one.
fn command(args: &[OsString]) -> Option<clap::Command> {
    let mut root = <super::args::Args as clap::CommandFactory>::command();
    root.build();
    let words = args.iter().skip(1).filter_map(|arg| arg.to_str());
    words.take_while(|word| *word != "--").find_map(|word| root.find_subcommand(word).cloned())
}

/// Whether a command has an option, with whatever stands behind it.
fn is_of(command: Option<clap::Command>, option: &str) -> bool {
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
