//! The order of the sources. A new source is one file, and one line here.

use std::iter::once_with;

use super::agent::Agent;
use super::credentials_file::CredentialsFile;
use super::environment::{Dedicated, Exported, Shaped, Step};
use super::keyring::Keyring;
use super::option::Named;
use super::search::Search;
use super::source::Source;
use super::token_command::TokenCommand;

type Sources<'a> = Vec<Box<dyn Source + 'a>>;

/// The sources that a search may ask, in order. What the order of the later ones depends on is read only where none of the
/// first has a token.
pub(super) fn sources<'a>(search: &'a Search<'a>) -> impl Iterator<Item = Box<dyn Source + 'a>> {
    let basis = search.options.basis;
    meant(search)
        .into_iter()
        .chain(once_with(move || others(search)).flatten())
        .filter(move |source| basis.admits(source.token_scope()))
}

/// Tokens that are meant for co-cred.
fn meant<'a>(search: &'a Search<'a>) -> Sources<'a> {
    let mut sources: Sources =
        vec![Box::new(Named { search }), Box::new(Agent { search }), Box::new(Dedicated { search })];
    sources.extend(search.mounts().iter().map(|mount| Box::new(mount) as Box<dyn Source>));
    sources
}

/// All other tokens. Where the deployment is only assumed, those that state their deployment come first.
fn others<'a>(search: &'a Search<'a>) -> Sources<'a> {
    let mut likely: Sources = Step::ALL.map(|step| Box::new(Shaped { search, step }) as Box<dyn Source>).into();
    likely.push(Box::new(Exported { search }));
    likely.push(Box::new(CredentialsFile { search }));
    let mut stored: Sources = vec![Box::new(TokenCommand { search }), Box::new(Keyring { search })];
    if search.is_assumed() {
        stored.append(&mut likely);
        return stored;
    }
    likely.append(&mut stored);
    likely
}
