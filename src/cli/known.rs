//! The tokens that a supervised command must neither print nor keep: those that can be seen here, and those that come while
//! it runs, as when an agent takes a renewed one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::credential::{Credential, Mode};
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::patterns::Encodings;
use crate::patterns::Matcher;
use crate::sources::{self, Place, PlaceKind, SearchOptions};
use crate::supervise::mask::Lookout;
use crate::token::{SHORTEST, Token};

use super::Invocation;
use super::args::Common;

/// The sources are not looked at again for this many times as long as that took: it must not slow a stream down, nor may an
/// agent that hangs stop one.
const PAUSE: u32 = 10;

/// Where a stream holds what may be a new token, it waits for a look at the sources, unless the last one took longer: then an
/// agent hangs. On a busy machine no look takes so long.
const QUICK: Duration = Duration::from_secs(1);

/// How often the sources are looked at, whatever the streams hold: a token may come and go between two looks.
const BEAT: Duration = Duration::from_millis(500);

/// The most tokens: a program that renews them without end must not fill the memory.
const MOST: usize = 1000;

/// Tokens by their traces, which only become more.
pub(super) struct Known {
    common: Common,
    env: Env,
    /// Whether the token comes from where it costs something to ask, a keyring or a command.
    is_costly: bool,
    /// Where a look costs nothing, and where it does.
    cheap: Mutex<Looks>,
    costly: Mutex<Looks>,
    state: Mutex<State>,
}

/// When sources were looked at last, and how long that took.
struct Looks {
    last: Instant,
    took: Duration,
}

impl Looks {
    fn new() -> Mutex<Looks> {
        Mutex::new(Looks { last: Instant::now(), took: Duration::ZERO })
    }

    fn are_due(&self, why: Why) -> bool {
        let is_quick = why != Why::Time && self.took <= QUICK;
        is_quick || self.last.elapsed() >= self.took * PAUSE
    }
}

struct State {
    tokens: Vec<Token>,
    patterns: Arc<Matcher>,
    /// There were more tokens than are kept.
    is_full: bool,
}

/// Why sources are looked at again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Time has passed.
    Time,
    /// A stream flows in which a token need not look like one.
    Stream,
    /// A stream holds what may be a token that is not known, or the gate is about to search: what costs something is asked,
    /// too.
    Doubt,
}

impl Known {
    /// What is known when the command starts.
    ///
    /// # Errors
    /// The token is too short to be found, or there are too many.
    pub(super) fn new(invocation: &Invocation, credential: &Credential) -> Result<Known> {
        findable("--mask and --gate", credential.token(), credential.place())?;
        let tokens = vec![credential.token().duplicate()];
        let patterns = Arc::new(patterns(&tokens)?);
        let known = Known {
            common: invocation.common.clone(),
            env: invocation.env.clone(),
            is_costly: matches!(credential.place().kind, PlaceKind::Keyring | PlaceKind::Command),
            cheap: Looks::new(),
            costly: Looks::new(),
            state: Mutex::new(State { tokens, patterns, is_full: false }),
        };
        known.look(&mut lock(&known.cheap))?;
        Ok(known)
    }

    /// Looks at the sources now and then, as long as this is held elsewhere, too.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn keep_looking(self: &Arc<Known>) -> Result<()> {
        let known = Arc::downgrade(self);
        let look = move || {
            while let Some(known) = known.upgrade() {
                known.look_when_due(Why::Time);
                drop(known);
                thread::sleep(BEAT);
            }
        };
        let started = thread::Builder::new().name("known".to_owned()).spawn(look);
        started.map(drop).map_err(|error| Error::new(Reason::Internal, format!("no thread is left ({error})")))
    }

    /// What is odd about other tokens than the one that is used.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let is_short = |token: &Token| token.length() < SHORTEST;
        let what = format!("another token that is seen here has fewer than {SHORTEST} characters: it cannot be found");
        let remark = || Remark::new("too-short", what).hint("co-cred doctor shows where it is");
        lock(&self.state).tokens.iter().any(is_short).then(remark).into_iter().collect()
    }

    /// The traces of all tokens.
    pub(super) fn encodings(&self) -> Vec<Encodings> {
        lock(&self.state).tokens.iter().map(Encodings::of).collect()
    }

    /// Why some tokens were neither masked nor searched for.
    pub(super) fn gap(&self) -> Option<Error> {
        let what = format!("more than {MOST} tokens came up while the command ran: not all were looked for");
        let gap = || Error::new(Reason::NotSearched, what).hint("find out what writes so many");
        lock(&self.state).is_full.then(gap)
    }

    /// Looks everywhere again, now that the command has ended.
    ///
    /// # Errors
    /// There are too many tokens for an automaton.
    pub(super) fn look_again(&self) -> Result<()> {
        self.look(&mut lock(&self.cheap))?;
        self.ask(&mut lock(&self.costly))
    }

    fn look_when_due(&self, why: Why) {
        // What cannot be looked at now is looked at again before the gate searches.
        let mut cheap = lock(&self.cheap);
        if cheap.are_due(why) {
            let _ = self.look(&mut cheap);
        }
        drop(cheap);
        let mut costly = lock(&self.costly);
        if why == Why::Doubt && costly.are_due(why) {
            let _ = self.ask(&mut costly);
        }
    }

    /// Looks where it costs nothing, and adds what is new.
    fn look(&self, looks: &mut Looks) -> Result<()> {
        self.update(looks, sources::tokens)
    }

    /// Asks where it costs something.
    fn ask(&self, looks: &mut Looks) -> Result<()> {
        let asked = |search: &SearchOptions| sources::locate(search).ok().map(|located| located.found.token);
        if self.is_costly { self.update(looks, |search| asked(search).into_iter().collect()) } else { Ok(()) }
    }

    fn update(&self, looks: &mut Looks, find: impl FnOnce(&SearchOptions) -> Vec<Token>) -> Result<()> {
        let invocation = Invocation::unattended(&self.common, &self.env);
        let options = invocation.options(Mode::Never)?;
        let start = Instant::now();
        let tokens = find(&options.search);
        *looks = Looks { last: Instant::now(), took: start.elapsed() };
        self.add(tokens)
    }

    fn add(&self, tokens: Vec<Token>) -> Result<()> {
        let mut state = lock(&self.state);
        let before = state.tokens.len();
        for token in tokens {
            if !state.tokens.contains(&token) {
                state.tokens.push(token);
            }
        }
        if state.tokens.len() > MOST {
            state.tokens.truncate(MOST);
            state.is_full = true;
        }
        if state.tokens.len() > before {
            state.patterns = Arc::new(patterns(&state.tokens)?);
        }
        Ok(())
    }
}

impl Lookout for Known {
    fn patterns(&self, in_doubt: bool) -> Arc<Matcher> {
        // Tokens that do not begin as tokens do give no reason for doubt.
        let is_shapeless = || lock(&self.state).patterns.common_prefix == 0;
        if in_doubt {
            self.look_when_due(Why::Doubt);
        } else if is_shapeless() {
            self.look_when_due(Why::Stream);
        }
        Arc::clone(&lock(&self.state).patterns)
    }
}

/// # Errors
/// The token is too short to be told from other text, by what is named.
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

fn patterns(tokens: &[Token]) -> Result<Matcher> {
    let encodings: Vec<Encodings> = tokens.iter().map(Encodings::of).collect();
    Matcher::of(&encodings).map_err(|error| {
        Error::new(Reason::Internal, "the traces of so many tokens are too many")
            .hint("leave out --mask and --gate, and please report it")
            .caused_by(error)
    })
}
