//! Git's prompts: without a helper, Git starts `GIT_ASKPASS` with a prompt as argument and reads the answer from its output.
//! Generated pipelines run Git like that.

use percent_encoding::percent_decode_str;

/// What a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The user's name.
    Username,
    /// The password, which is the token.
    Password,
}

/// A prompt of Git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked for.
    pub wanted: Wanted,
    /// The host, as `host` or `host:port`.
    pub host: String,
    /// The user whose password is wanted, if the prompt names one.
    pub user: Option<String>,
}

/// Whether an argument is a prompt, rather than the name of a command: one of Git's, or another that ends in a space, as those
/// of Git's other programs and of OpenSSH do.
pub fn is_one(argument: &str) -> bool {
    argument.ends_with(' ') || ["Username for '", "Password for '"].iter().any(|start| argument.starts_with(start))
}

impl Prompt {
    /// Parses exactly `Username for 'https://host': ` or `Password for 'https://user@host': `; none for any other prompt.
    pub fn parse(text: &str) -> Option<Prompt> {
        let (wanted, quoted) = match text.split_once(" for ")? {
            ("Username", rest) => (Wanted::Username, rest),
            ("Password", rest) => (Wanted::Password, rest),
            _ => return None,
        };
        let address = quoted.strip_prefix('\'')?.trim_end().strip_suffix("':")?;
        let rest = address.strip_prefix("https://")?;
        // Git adds the path only if credential.useHttpPath is set.
        let authority = rest.split('/').next()?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(decoded(user)?), host),
            None => (None, authority),
        };
        Some(Prompt { wanted, host: host.to_owned(), user })
    }
}

/// The percent-decoded user name.
fn decoded(user: &str) -> Option<String> {
    let user = percent_decode_str(user).decode_utf8().ok()?;
    (!user.chars().any(char::is_control)).then(|| user.into_owned())
}
