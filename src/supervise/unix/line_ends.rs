//! Line ends on the way from the child's terminal to ours: each makes `\r\n` of `\n`, unless ours is raw.

use std::os::fd::BorrowedFd;

use rustix::termios::{OutputModes, tcgetattr};

/// Takes the `\r` of the child's terminal out again where our terminal is going to add it.
#[derive(Default)]
pub(super) struct LineEnds {
    /// A `\r` at the end of a piece is held back: the next byte shows whether it is part of a line end.
    held: bool,
}

impl LineEnds {
    /// Whether a `\r` is held back.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Makes of `text` what is to be written to the terminal `to`, after the `\r` that was held back. With `flush` no `\r` is
    /// held back: the stream pauses.
    pub(super) fn convert(&mut self, text: &mut Vec<u8>, flush: bool, to: BorrowedFd) {
        if std::mem::take(&mut self.held) {
            text.insert(0, b'\r');
        }
        if !adds_carriage_returns(to) {
            return;
        }
        if !flush && text.last() == Some(&b'\r') {
            text.pop();
            self.held = true;
        }
        let mut next = text.get(1..).unwrap_or_default().to_vec().into_iter();
        text.retain(|byte| !(next.next() == Some(b'\n') && *byte == b'\r'));
    }
}

fn adds_carriage_returns(terminal: BorrowedFd) -> bool {
    tcgetattr(terminal).is_ok_and(|modes| modes.output_modes.contains(OutputModes::OPOST | OutputModes::ONLCR))
}
