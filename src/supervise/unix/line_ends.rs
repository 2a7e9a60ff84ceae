//! Line ends on the way from the child's terminal to ours: both make `\r\n` of `\n`, but for ours while keys are handed over.

use std::os::fd::BorrowedFd;

use rustix::termios::{OutputModes, tcgetattr};

/// Takes back what the child's terminal has made of line ends, where ours is going to do the same.
#[derive(Default)]
pub(super) struct LineEnds {
    /// A carriage return is held back: what comes next tells whether it is a part of a line end.
    held: bool,
}

impl LineEnds {
    /// Whether something is held back.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Makes of `text` what is to be written to the terminal `to`: with what was held back before it, and all of it where
    /// nothing comes next for a while.
    pub(super) fn once(&mut self, text: &mut Vec<u8>, is_all: bool, to: BorrowedFd) {
        if std::mem::take(&mut self.held) {
            text.insert(0, b'\r');
        }
        if !makes_line_ends(to) {
            return;
        }
        if !is_all && text.last() == Some(&b'\r') {
            text.pop();
            self.held = true;
        }
        let mut next = text.get(1..).unwrap_or_default().to_vec().into_iter();
        text.retain(|byte| !(next.next() == Some(b'\n') && *byte == b'\r'));
    }
}

fn makes_line_ends(terminal: BorrowedFd) -> bool {
    tcgetattr(terminal).is_ok_and(|modes| modes.output_modes.contains(OutputModes::OPOST | OutputModes::ONLCR))
}
