//! A non-blocking pipe on Windows, where reading one always blocks: a thread reads it until its end.

use std::io::{self, Read};
use std::process::ChildStdout;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

/// The most bytes that are read at once, and how many such pieces are read ahead.
const READ_SIZE: usize = 64 * 1024;
const READ_AHEAD: usize = 2;

type Piece = io::Result<Zeroizing<Vec<u8>>>;

/// The output of a program. Reading does not block: it gives [`io::ErrorKind::WouldBlock`].
#[derive(Debug)]
pub(super) struct Pipe {
    pieces: Receiver<Piece>,
    /// The current piece, and how many bytes of it were read.
    piece: Zeroizing<Vec<u8>>,
    read: usize,
    error: Option<io::Error>,
}

impl Pipe {
    pub(super) fn new(mut pipe: ChildStdout) -> io::Result<Pipe> {
        let (sender, pieces) = sync_channel(READ_AHEAD);
        let read = move || {
            loop {
                let mut piece = Zeroizing::new(vec![0; READ_SIZE]);
                let read = pipe.read(&mut piece).map(|read| {
                    piece.truncate(read);
                    piece
                });
                let is_end = read.as_ref().map_or(true, |piece| piece.is_empty());
                if sender.send(read).is_err() || is_end {
                    return;
                }
            }
        };
        thread::Builder::new().spawn(read)?;
        Ok(Pipe { pieces, piece: Zeroizing::default(), read: 0, error: None })
    }

    /// Waits until a read does not block; returns false where that took longer than the timeout.
    pub(super) fn wait(&mut self, timeout: Duration) -> bool {
        if self.read < self.piece.len() || self.error.is_some() {
            return true;
        }
        match self.pieces.recv_timeout(timeout) {
            Ok(piece) => {
                self.take(piece);
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        }
    }

    fn take(&mut self, piece: Piece) {
        match piece {
            Ok(piece) => (self.piece, self.read) = (piece, 0),
            Err(error) => self.error = Some(error),
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() && self.error.is_none() {
            match self.pieces.try_recv() {
                Ok(piece) => self.take(piece),
                Err(TryRecvError::Empty) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(TryRecvError::Disconnected) => return Ok(0),
            }
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let read = (&self.piece[self.read..]).read(into)?;
        self.read += read;
        Ok(read)
    }
}
