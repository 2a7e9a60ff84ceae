//! Words of a script, and assignments.

use zeroize::Zeroizing;

/// A variable that the file sets. Wiped when dropped.
#[derive(PartialEq, Eq)]
pub struct Assignment {
    /// The variable's name.
    pub name: String,
    /// Its value; `None` if it is only known by running the file.
    pub value: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assignment({})", self.name)
    }
}

/// A word without its quotes.
#[derive(Default)]
pub(super) struct Word {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The number of bytes before the first quote, `\` or `$`: the name of an assignment must not be quoted.
    plain: Option<usize>,
    /// It has an expansion, whose value is only known to a shell.
    pub(super) unknown: bool,
}

impl Word {
    pub(super) fn push(&mut self, byte: u8) {
        if self.bytes.len() == self.bytes.capacity() {
            // A reallocation would leave an unwiped copy behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * self.bytes.len() + 64));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.push(byte);
    }

    pub(super) fn quoted_from_here(&mut self) {
        self.plain.get_or_insert(self.bytes.len());
    }

    /// The word, if it is UTF-8.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(super) fn assignment(&self) -> Option<Assignment> {
        let equals = self.bytes.iter().position(|&byte| byte == b'=')?;
        if self.plain.is_some_and(|plain| plain <= equals) {
            return None;
        }
        let left = std::str::from_utf8(&self.bytes[..equals]).ok()?;
        // `A+=b` appends to A, and `A[0]=b` sets an array element: the value is unknown.
        let name = left.split(['+', '[']).next().filter(|name| is_name(name))?;
        let known = !self.unknown && name == left;
        let value = known.then(|| Zeroizing::new(self.bytes[equals + 1..].to_vec()));
        Some(Assignment { name: name.to_owned(), value })
    }
}

/// Whether a string can be the name of a shell variable.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
