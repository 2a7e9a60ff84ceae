//! What Git asks when it has no helper: `$GIT_ASKPASS` is started with a question for people, and prints the answer.
//! Generated pipelines run Git like that.

use percent_encoding::percent_decode_str;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The user's name.
    Username,
    /// The password, which is the token.
    Password,
}

/// A question of Git's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked for.
    pub wanted: Wanted,
    /// The host, as `host` or `host:port`.
    pub host: String,
    /// The user whose password is wanted, where Git says it.
    pub user: Option<String>,
}

/// Whether an argument is a question for people, rather than a command's name: one of Git's, or another that ends in a
/// blank, such as those of Git's and OpenSSH's other programs.
pub fn is_one(argument: &str) -> bool {
    argument.ends_with(' ') || ["Username for '", "Password for '"].iter().any(|start| argument.starts_with(start))
}

impl Prompt {
    /// Reads `Username for 'https://host': ` or `Password for 'https://user@host': `, to the letter; another question is
    /// for people.
    pub fn parse(text: &str) -> Option<Prompt> {
        let (wanted, quoted) = match text.split_once(" for ")? {
            ("Username", rest) => (Wanted::Username, rest),
            ("Password", rest) => (Wanted::Password, rest),
            _ => return None,
        };
        let address = quoted.strip_prefix('\'')?.trim_end().strip_suffix("':")?;
        let rest = address.strip_prefix("https://")?;
        // The path, which Git leaves out unless credential.useHttpPath is set.
        let authority = rest.split('/').next()?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(decoded(user)?), host),
            None => (None, authority),
        };
        Some(Prompt { wanted, host: host.to_owned(), user })
    }
}

/// The user's name as it was before it stood in an address.
fn decoded(user: &str) -> Option<String> {
    let user = percent_decode_str(user).decode_utf8().ok()?;
    (!user.chars().any(char::is_control)).then(|| user.into_owned())
}
