//! Whoever asks is answered: this user, in lines of bounded length, within a bounded time, so many at once.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::ipc::system::{Timed, is_ours};
use crate::ipc::{AgentRequest, Answer, Brokered, Held, LIMIT, PATIENCE, Status};

use super::super::token_state::{State, TokenState};
use super::instance::Place;

/// The longest question.
const QUESTION: u64 = 4096;

/// So long one is served at most: whoever has more to ask comes again.
const AT_MOST: Duration = Duration::from_secs(10);

/// So many are served at once; another waits until one has gone.
const MOST: usize = 64;

/// Serves from now on, on threads of its own.
///
/// # Errors
/// The system has no thread left.
pub(super) fn start(
    listener: UnixListener,
    token_state: Arc<TokenState>,
    brokered: Option<Brokered>,
    place: Arc<Place>,
) -> io::Result<()> {
    let host = Arc::new(Host { token_state, brokered, place });
    let busy = Arc::new(AtomicUsize::new(0));
    let accept = move || {
        loop {
            match listener.accept() {
                Ok((stream, _)) if is_ours(&stream).unwrap_or(false) => {
                    // Each of them is gone within seconds.
                    while busy.load(Ordering::Acquire) >= MOST {
                        thread::sleep(Duration::from_millis(5));
                    }
                    let (host, guest) = (Arc::clone(&host), Guest::new(&busy));
                    // Where the system has no thread left, whoever asked sees the end of the stream.
                    let _ = thread::Builder::new().stack_size(256 * 1024).spawn(move || {
                        let _guest = guest;
                        let _ = converse(&stream, &host);
                    });
                }
                Ok(_) => {}
                // No descriptors are left, say: others will be given back.
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    };
    thread::Builder::new().spawn(accept).map(drop)
}

/// One of those who are served.
struct Guest(Arc<AtomicUsize>);

impl Guest {
    fn new(busy: &Arc<AtomicUsize>) -> Guest {
        busy.fetch_add(1, Ordering::AcqRel);
        Guest(Arc::clone(busy))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers one question after the other, until there are no more.
fn converse(stream: &UnixStream, host: &Host) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut questions = BufReader::with_capacity(QUESTION as usize, Timed { stream, end: Instant::now() });
    let (mut question, last) = (Vec::new(), Instant::now() + AT_MOST);
    while Instant::now() < last {
        question.clear();
        questions.get_mut().end = Instant::now() + PATIENCE;
        (&mut questions).take(QUESTION).read_until(b'\n', &mut question)?;
        let whole = question.last() == Some(&b'\n');
        if question.is_empty() {
            return Ok(());
        }
        let asked = if whole { serde_json::from_slice(&question).ok() } else { None };
        let stop = asked == Some(AgentRequest::Stop);
        if stop {
            // Whoever asked for it may go on as soon as the socket is gone.
            host.place.leave();
        }
        let said = say(stream, &host.answer(asked));
        if stop {
            host.place.end();
        }
        said?;
        if !whole {
            return Ok(());
        }
    }
    Ok(())
}

fn say(mut stream: &UnixStream, answer: &Answer) -> io::Result<()> {
    // Room for all of it, so that no half-filled buffer is left behind unwiped.
    let mut line = Zeroizing::new(Vec::with_capacity(LIMIT));
    serde_json::to_writer(&mut *line, answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// What there is to answer with.
struct Host {
    token_state: Arc<TokenState>,
    brokered: Option<Brokered>,
    place: Arc<Place>,
}

impl Host {
    fn answer(&self, asked: Option<AgentRequest>) -> Answer {
        match asked {
            Some(AgentRequest::Token { .. }) if self.brokered.is_some() => {
                Answer::Error { message: "it gives the token to its broker alone".to_owned() }
            }
            Some(AgentRequest::Token { deployment }) => token(deployment.as_deref(), &self.token_state.read()),
            Some(AgentRequest::Status) => Answer::Status(self.status()),
            Some(AgentRequest::Broker) => self.brokered.clone().map_or(Answer::None { message: None }, Answer::Broker),
            Some(AgentRequest::Stop) => Answer::Stopping,
            None => Answer::Error { message: "the question is not understood".to_owned() },
        }
    }
}

impl Host {
    fn status(&self) -> Status {
        let state = self.token_state.read();
        let held = state.credential.as_ref();
        let brokered = self.brokered.as_ref();
        Status {
            pid: std::process::id(),
            deployment: held.and_then(|held| Some(held.deployment()?.deployment.origin().to_owned())),
            place: held.map(|held| held.place().place.clone()),
            fingerprint: held.map(|held| held.token().fingerprint()),
            since: state.since,
            changes: state.changes,
            trouble: state.trouble.clone(),
            broker: brokered.map(|brokered| brokered.domain.clone()),
            rules: brokered.map(|brokered| brokered.rules.clone()).unwrap_or_default(),
        }
    }
}

fn token(deployment: Option<&str>, state: &State) -> Answer {
    let Some(held) = &state.credential else {
        return Answer::None { message: state.trouble.clone().or_else(|| Some("it was found nowhere".to_owned())) };
    };
    let origin = held.deployment().map(|resolved| resolved.deployment.origin());
    if let (Some(wanted), Some(origin)) = (deployment, origin)
        && wanted != origin
    {
        return Answer::None { message: None };
    }
    Answer::Token(Held {
        token: Zeroizing::new(held.token().expose().to_owned()),
        place: held.place().place.clone(),
        deployment: origin.map(str::to_owned),
        email: held.email().cloned(),
        expires: held.expires(),
    })
}
