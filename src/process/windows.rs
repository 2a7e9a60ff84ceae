//! A pipe on Windows, which is either waited for or not read at all: a thread reads it, and ends with it.

use std::io::{self, Read};
use std::process::ChildStdout;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

/// So much is read at once, and so many of these are read ahead.
const PIECE: usize = 64 * 1024;
const AHEAD: usize = 2;

type Piece = io::Result<Zeroizing<Vec<u8>>>;

/// What a program prints: reading never waits.
#[derive(Debug)]
pub(super) struct Pipe {
    pieces: Receiver<Piece>,
    /// What came, as far as it was read.
    piece: Zeroizing<Vec<u8>>,
    read: usize,
    failed: Option<io::Error>,
}

impl Pipe {
    pub(super) fn new(mut pipe: ChildStdout) -> io::Result<Pipe> {
        let (sender, pieces) = sync_channel(AHEAD);
        let read = move || {
            loop {
                let mut piece = Zeroizing::new(vec![0; PIECE]);
                let read = pipe.read(&mut piece).map(|read| {
                    piece.truncate(read);
                    piece
                });
                let is_last = read.as_ref().map_or(true, |piece| piece.is_empty());
                if sender.send(read).is_err() || is_last {
                    return;
                }
            }
        };
        thread::Builder::new().spawn(read)?;
        Ok(Pipe { pieces, piece: Zeroizing::default(), read: 0, failed: None })
    }

    /// Waits until there is something to read, or its end; returns whether that is so.
    pub(super) fn wait(&mut self, time: Duration) -> bool {
        if self.read < self.piece.len() || self.failed.is_some() {
            return true;
        }
        match self.pieces.recv_timeout(time) {
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
            Err(error) => self.failed = Some(error),
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() && self.failed.is_none() {
            match self.pieces.try_recv() {
                Ok(piece) => self.take(piece),
                Err(TryRecvError::Empty) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(TryRecvError::Disconnected) => return Ok(0),
            }
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let read = (&self.piece[self.read..]).read(into)?;
        self.read += read;
        Ok(read)
    }
}
