//! A word of a script, and the assignment that it may be.

use zeroize::Zeroizing;

use super::{Assignment, is_name};

/// A word with its quotes taken off.
#[derive(Default)]
pub(super) struct Word {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// How many bytes stood before the first quote, `\` or `$`: a name must be written plainly.
    plain: Option<usize>,
    /// Something in it is only known to a shell.
    pub(super) unknown: bool,
}

impl Word {
    pub(super) fn push(&mut self, byte: u8) {
        if self.bytes.len() == self.bytes.capacity() {
            // Growing in place would leave the old buffer behind unwiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * self.bytes.len() + 64));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.push(byte);
    }

    pub(super) fn quoted_from_here(&mut self) {
        self.plain.get_or_insert(self.bytes.len());
    }

    /// The word, where it is text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(super) fn assignment(&self) -> Option<Assignment> {
        let equals = self.bytes.iter().position(|&byte| byte == b'=')?;
        if self.plain.is_some_and(|plain| plain <= equals) {
            return None;
        }
        let left = std::str::from_utf8(&self.bytes[..equals]).ok()?;
        // `A+=b` adds to what A was, and `A[0]=b` makes it an array.
        let name = left.split(['+', '[']).next().filter(|name| is_name(name))?;
        let known = !self.unknown && name == left;
        let value = known.then(|| Zeroizing::new(self.bytes[equals + 1..].to_vec()));
        Some(Assignment { name: name.to_owned(), value })
    }
}
