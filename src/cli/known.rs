//! The tokens that a supervised command must neither print nor keep: those that can be seen here, and those that come while
//! it runs, as when an agent takes a renewed one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::credential::{Credential, Mode};
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::locate::{self, PlaceKind};
use crate::supervise::mask::Lookout;
use crate::token::{SHORTEST, Token};
use crate::traces::Traces;
use crate::traces::search::Patterns;

use super::Call;
use super::args::Common;

/// A look that takes longer waits for an agent that hangs, which must not stop a stream: no other follows for this many times
/// as long. On a busy machine no look takes so long.
const HANGS: Duration = Duration::from_secs(1);
const PAUSE: u32 = 10;

/// Tokens by their traces, which only become more.
pub(super) struct Known {
    common: Common,
    env: Env,
    /// Whether the token is where a look costs a question, and is asked for all the same.
    in_keyring: bool,
    state: Mutex<State>,
}

struct State {
    tokens: Vec<Token>,
    patterns: Arc<Patterns>,
    /// When the sources may be looked at again.
    next: Instant,
}

impl Known {
    /// What is known when the command starts.
    ///
    /// # Errors
    /// The token is too short to be found, or there are too many.
    pub(super) fn new(call: &Call, credential: &Credential) -> Result<Known> {
        if credential.token().length() < SHORTEST {
            let what = format!("--mask and --gate cannot find a token of fewer than {SHORTEST} characters");
            return Err(Error::new(Reason::Usage, what)
                .hint(format!("store the whole token in {}, or leave these options out", credential.place().place)));
        }
        let in_keyring = credential.place().kind == PlaceKind::Keyring;
        let (common, env) = (call.common.clone(), call.env.clone());
        let tokens = vec![credential.token().duplicate()];
        let patterns = Arc::new(patterns(&tokens)?);
        let known =
            Known { common, env, in_keyring, state: Mutex::new(State { tokens, patterns, next: Instant::now() }) };
        known.look(&mut known.state())?;
        Ok(known)
    }

    /// The traces of all tokens, once the sources were looked at again.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn traces(&self) -> Result<Vec<Traces>> {
        let mut state = self.state();
        self.look(&mut state)?;
        Ok(state.tokens.iter().map(Traces::of).collect())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the sources again, and adds what is new.
    fn look(&self, state: &mut State) -> Result<()> {
        let start = Instant::now();
        let call = Call::unattended(&self.common, &self.env);
        let request = &call.order(Mode::Never)?.request;
        let kept = self.in_keyring.then(|| locate::locate(request).ok()).flatten().map(|located| located.found.token);
        let before = state.tokens.len();
        for token in locate::tokens(request).into_iter().chain(kept) {
            if !state.tokens.contains(&token) {
                state.tokens.push(token);
            }
        }
        if state.tokens.len() > before {
            state.patterns = Arc::new(patterns(&state.tokens)?);
        }
        let took = start.elapsed();
        state.next = Instant::now() + if took > HANGS { took * PAUSE } else { Duration::ZERO };
        Ok(())
    }
}

impl Lookout for Known {
    fn patterns(&self, in_doubt: bool) -> Arc<Patterns> {
        let mut state = self.state();
        if in_doubt && Instant::now() >= state.next {
            // What cannot be looked at now is looked at again before the gate searches.
            let _ = self.look(&mut state);
        }
        Arc::clone(&state.patterns)
    }
}

fn patterns(tokens: &[Token]) -> Result<Patterns> {
    let traces: Vec<Traces> = tokens.iter().map(Traces::of).collect();
    Patterns::of(&traces).map_err(|error| {
        Error::new(Reason::Internal, "the traces of so many tokens are too many")
            .hint("leave out --mask and --gate, and please report it")
            .caused_by(error)
    })
}
