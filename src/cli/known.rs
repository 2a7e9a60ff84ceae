//! The tokens that a supervised command must neither print nor keep: those of every source when it starts, and those that
//! appear while it runs, as when a user renews a token that an agent serves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::credential::{Credential, Mode};
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::patterns::{Encodings, Matcher};
use crate::sources::{self, Place, PlaceKind, SearchContext, SearchOptions};
use crate::supervise::mask::MatcherProvider;
use crate::token::{SHORTEST, Token};

use super::Invocation;
use super::args::Common;

/// After a search, the next one waits this many times as long as that took: it must not slow a stream down, and an agent that
/// does not answer must not stop one.
const PAUSE_FACTOR: u32 = 10;

/// Where a stream holds what may be a new token, it waits for a search at once, unless the last one took longer than this:
/// then an agent does not answer. On a busy machine no other search takes so long.
const FAST_SEARCH: Duration = Duration::from_secs(1);

/// How often the sources are searched without any other reason: a token may appear and go between two searches.
const SEARCH_INTERVAL: Duration = Duration::from_millis(500);

/// The most tokens: a program that renews them without end must not fill the memory. The search for one takes half a megabyte.
const MAX_TOKENS: usize = 100;

/// The tokens known while a command runs, which only become more.
pub(super) struct KnownTokens {
    common: Common,
    env: Env,
    /// Whether the token comes from a keyring or a command: asking those may prompt the user.
    is_external: bool,
    /// Whether signatures of URLs are masked as well.
    mask_urls: bool,
    /// What could not be read when the command started, which does not fail the gate: the token in use came from elsewhere.
    unreadable: Vec<String>,
    /// The last search of the sources that never prompt, and of the one that may.
    local: Mutex<LastSearch>,
    external: Mutex<LastSearch>,
    state: Mutex<State>,
}

/// When sources were searched last, and how long that took.
struct LastSearch {
    /// None before the first one.
    end: Option<Instant>,
    took: Duration,
}

impl LastSearch {
    fn new() -> Mutex<LastSearch> {
        Mutex::new(LastSearch { end: None, took: Duration::ZERO })
    }

    fn is_due(&self, trigger: Trigger) -> bool {
        let is_fast = trigger != Trigger::Timer && self.took <= FAST_SEARCH;
        is_fast || self.end.is_none_or(|end| end.elapsed() >= self.took * PAUSE_FACTOR)
    }
}

struct State {
    tokens: Vec<Token>,
    matcher: Arc<Matcher>,
    /// There were more tokens than [`MAX_TOKENS`].
    is_full: bool,
}

/// Why sources are searched again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trigger {
    /// Time has passed.
    Timer,
    /// A stream has output, and a token need not look like one: no prefix gives a new one away.
    Output,
    /// A stream holds what may be a token that is not known.
    Candidate,
}

impl KnownTokens {
    /// Searches the sources before the command starts.
    ///
    /// # Errors
    /// The credential's token is too short to be found, or an option cannot be parsed.
    pub(super) fn new(invocation: &Invocation, credential: &Credential, mask_urls: bool) -> Result<KnownTokens> {
        findable("--mask and --gate", credential.token(), credential.place())?;
        let tokens = vec![credential.token().duplicate()];
        let matcher = Arc::new(matcher(&tokens));
        let mut known = KnownTokens {
            common: invocation.common.clone(),
            env: invocation.env.clone(),
            is_external: matches!(credential.place().kind, PlaceKind::Keyring | PlaceKind::Command),
            mask_urls,
            unreadable: Vec::new(),
            local: LastSearch::new(),
            external: LastSearch::new(),
            state: Mutex::new(State { tokens, matcher, is_full: false }),
        };
        let unreadable = known.search_and_check(invocation.context)?;
        known.unreadable = unreadable.into_iter().map(|error| error.what).collect();
        Ok(known)
    }

    /// Searches the sources every [`SEARCH_INTERVAL`] on a thread, until the last other owner is dropped.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn start_searching(self: &Arc<KnownTokens>) -> Result<()> {
        let known = Arc::downgrade(self);
        let search = move || {
            while let Some(known) = known.upgrade() {
                known.search_if_due(Trigger::Timer);
                drop(known);
                thread::sleep(SEARCH_INTERVAL);
            }
        };
        let started = thread::Builder::new().name("known".to_owned()).spawn(search);
        started.map(drop).map_err(|error| Error::new(Reason::Internal, format!("cannot start a thread ({error})")))
    }

    /// A warning where a token other than the one in use is too short to be found.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let is_short = |token: &Token| token.length() < SHORTEST;
        let what = format!("another token has fewer than {SHORTEST} characters: it is neither masked nor searched for");
        let remark = || Remark::new("too-short", what).hint("co-cred doctor shows where it is");
        lock(&self.state).tokens.iter().any(is_short).then(remark).into_iter().collect()
    }

    /// Why some tokens were neither masked nor searched for, if so.
    pub(super) fn incomplete(&self) -> Option<Error> {
        let what = format!("more than {MAX_TOKENS} tokens appeared while the command ran: not all were searched for");
        let error = || Error::new(Reason::NotSearched, what).hint("find the program that writes so many tokens");
        lock(&self.state).is_full.then(error)
    }

    /// Searches every source again, now that the command has ended.
    ///
    /// # Errors
    /// A source cannot be read any more, so a token that it had may be unknown.
    pub(super) fn search_all(&self) -> Result<()> {
        let unreadable = self.search_and_check(&SearchContext::new(&self.env))?;
        let external = self.search_external(&mut lock(&self.external));
        let new = unreadable.into_iter().find(|error| !self.unreadable.contains(&error.what));
        external.and(new.map_or(Ok(()), Err)).map_err(|mut error| {
            error.what = format!("the files may hold a token that was not searched for: {}", error.what);
            error
        })
    }

    /// Searches the sources that never prompt, and returns why some of them cannot be read.
    fn search_and_check(&self, context: &SearchContext) -> Result<Vec<Error>> {
        let mut unreadable = Vec::new();
        self.update(&mut lock(&self.local), context, |search| {
            unreadable = sources::unreadable(search);
            Ok(sources::tokens(search))
        })?;
        Ok(unreadable)
    }

    fn search_if_due(&self, trigger: Trigger) {
        // An error is not final: the sources are searched again before the gate.
        let mut local = lock(&self.local);
        if local.is_due(trigger) {
            let _ = self.search_local(&mut local);
        }
        drop(local);
        let mut external = lock(&self.external);
        if trigger == Trigger::Candidate && external.is_due(trigger) {
            let _ = self.search_external(&mut external);
        }
    }

    /// Searches the sources that never prompt, and adds the tokens that are new.
    fn search_local(&self, last: &mut LastSearch) -> Result<()> {
        self.update(last, &SearchContext::new(&self.env), |search| Ok(sources::tokens(search)))
    }

    /// Asks the keyring or command that the token comes from.
    fn search_external(&self, last: &mut LastSearch) -> Result<()> {
        let located = |search: &SearchOptions| match sources::locate(search) {
            Ok(located) => Ok(vec![located.found.token]),
            Err(error) if sources::may_hide_a_token(&error) => Err(error),
            Err(_) => Ok(Vec::new()),
        };
        match self.is_external {
            true => self.update(last, &SearchContext::new(&self.env), located),
            false => Ok(()),
        }
    }

    /// Adds what `find` finds, and records how long that took.
    fn update(
        &self,
        last: &mut LastSearch,
        context: &SearchContext,
        find: impl FnOnce(&SearchOptions) -> Result<Vec<Token>>,
    ) -> Result<()> {
        let invocation = Invocation::unattended(&self.common, context);
        let options = invocation.options(Mode::Never)?;
        let start = Instant::now();
        let tokens = find(&options.search);
        *last = LastSearch { end: Some(Instant::now()), took: start.elapsed() };
        self.add(tokens?);
        Ok(())
    }

    /// The matcher of all tokens.
    pub(super) fn matcher(&self) -> Arc<Matcher> {
        Arc::clone(&lock(&self.state).matcher)
    }

    fn add(&self, tokens: Vec<Token>) {
        let mut state = lock(&self.state);
        let before = state.tokens.len();
        for token in tokens {
            if !state.tokens.contains(&token) {
                state.tokens.push(token);
            }
        }
        if state.tokens.len() > MAX_TOKENS {
            state.tokens.truncate(MAX_TOKENS);
            state.is_full = true;
        }
        if state.tokens.len() > before {
            state.matcher = Arc::new(matcher(&state.tokens));
        }
    }
}

impl MatcherProvider for KnownTokens {
    fn masks_urls(&self) -> bool {
        self.mask_urls
    }

    fn current(&self) -> Arc<Matcher> {
        let matcher = self.matcher();
        // Without a prefix that all tokens have, no word of the stream asks for a search.
        if matcher.common_prefix > 0 {
            return matcher;
        }
        self.search_if_due(Trigger::Output);
        self.matcher()
    }

    fn refreshed(&self) -> Arc<Matcher> {
        self.search_if_due(Trigger::Candidate);
        self.matcher()
    }
}

/// Fails where the option `what` cannot distinguish a token from other text, because the token is too short.
///
/// # Errors
/// It has fewer than [`SHORTEST`] characters.
pub(super) fn findable(what: &str, token: &Token, place: &Place) -> Result<()> {
    if token.length() >= SHORTEST {
        return Ok(());
    }
    let what = format!("{what} cannot find a token of fewer than {SHORTEST} characters");
    Err(Error::new(Reason::Usage, what).hint(format!("an access token is longer: store all of it in {}", place.place)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn matcher(tokens: &[Token]) -> Matcher {
    Matcher::of(&tokens.iter().map(Encodings::of).collect::<Vec<_>>())
}
