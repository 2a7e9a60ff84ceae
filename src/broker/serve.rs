//! Connections in. There is room for so many: where it is full, whoever has not shown the pass yet, and came first, has to
//! go. Another user of the machine can knock as often as they like: they never keep out who may come in.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use crate::client::runtime;

use super::forward::Desk;
use super::pulse::{Beating, Pulse, either};
use super::system::descriptors;

/// The most bytes of a request's head.
const HEAD: usize = 64 * 1024;

/// The most connections. Each has another one behind it, and needs two descriptors.
const MOST: u64 = 1000;

/// Serves from now on, on a thread of its own.
///
/// # Errors
/// The system has no thread or no descriptor left.
pub(super) fn start(listener: std::net::TcpListener, desk: Desk) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = runtime()?;
    let serve = move || serve(&runtime, listener, Arc::new(desk));
    thread::Builder::new().name("broker".to_owned()).spawn(serve).map(drop)
}

fn serve(runtime: &Runtime, listener: std::net::TcpListener, desk: Arc<Desk>) -> io::Result<()> {
    runtime.block_on(async {
        let (listener, room) = (TcpListener::from_std(listener)?, Arc::new(Room::new()));
        for number in 0.. {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let visit = Room::enter(&room, number).await;
                    let task = tokio::spawn(converse(stream, Arc::clone(&desk), visit));
                    room.strangers().insert(number, task.abort_handle());
                }
                // No descriptors are left, say: others will be given back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        Ok(())
    })
}

async fn converse(stream: TcpStream, desk: Arc<Desk>, visit: Visit) {
    let _ = stream.set_nodelay(true);
    let pulse = Pulse::new();
    let io = TokioIo::new(Beating { stream, pulse: Arc::clone(&pulse) });
    let visit = &visit;
    let answer = service_fn(|request| {
        let (desk, pulse) = (&desk, &pulse);
        async move {
            let response = desk.answer(request, pulse, || visit.is_known()).await;
            Ok::<_, Infallible>(response)
        }
    });
    let mut server = http1::Builder::new();
    // The pulse knows all that a timer would.
    server.header_read_timeout(None).max_buf_size(HEAD);
    // What a client breaks off needs no report.
    let _ = either(server.serve_connection(io, answer), pulse.stops()).await;
}

/// Those who are served, and those who have yet to show the pass.
struct Room {
    places: Arc<Semaphore>,
    strangers: Mutex<BTreeMap<u64, AbortHandle>>,
}

impl Room {
    fn new() -> Room {
        let most = (descriptors().saturating_sub(64) / 2).clamp(8, MOST);
        let places = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(8)));
        Room { places, strangers: Mutex::default() }
    }

    async fn enter(room: &Arc<Room>, number: u64) -> Visit {
        if room.places.available_permits() == 0
            && let Some((_, oldest)) = room.strangers().pop_first()
        {
            oldest.abort();
        }
        // It is never closed.
        let place = Arc::clone(&room.places).acquire_owned().await.ok();
        Visit { room: Arc::clone(room), number, _place: place }
    }

    fn strangers(&self) -> MutexGuard<'_, BTreeMap<u64, AbortHandle>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the room.
struct Visit {
    room: Arc<Room>,
    number: u64,
    _place: Option<OwnedSemaphorePermit>,
}

impl Visit {
    /// The pass was shown.
    fn is_known(&self) {
        self.room.strangers().remove(&self.number);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.is_known();
    }
}
