//! The cells of a Jupyter notebook (nbformat 4), told as its JSON passes: a reader that keeps no more of it than which objects
//! and lists are open. Numbers, words and escapes are not checked.

use memchr::memchr2;

/// How deeply JSON may be nested. Notebooks that programs read are not deeper.
const MAX_DEPTH: usize = 128;

/// The longest key that is compared: `outputs`.
const MAX_KEY: usize = 7;

/// A part of a notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotebookPart {
    /// The number of the cell, from 1.
    pub cell: u64,
    /// Where in the cell.
    pub place: CellPlace,
}

/// Where in a cell of a notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellPlace {
    /// In what was typed.
    Source,
    /// In the output with this number, from 1.
    Output(u64),
    /// In its metadata or attachments.
    Other,
}

/// Reads a notebook up to a place in it.
pub(super) struct NotebookReader {
    /// The outermost first.
    open: Vec<Container>,
    state: State,
    /// The present key so far.
    key: Vec<u8>,
}

/// An object or a list that is open.
enum Container {
    /// With the key of its present value.
    Object(Key),
    /// With the index of its present element.
    List(u64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Cells,
    Source,
    Outputs,
    Other,
}

/// What the next byte belongs to, or what must come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    FirstElement,
    FirstKey,
    NextKey,
    Colon,
    CommaOrEnd,
    /// A number or a word.
    Scalar,
    String {
        is_key: bool,
        /// Behind a backslash.
        is_escaped: bool,
    },
    /// It is no JSON, or nested too deeply.
    Broken,
}

impl NotebookReader {
    pub(super) fn new() -> NotebookReader {
        NotebookReader { open: Vec::new(), state: State::Value, key: Vec::new() }
    }

    /// Takes the next bytes of the file.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let read = match self.state {
                State::Broken => return,
                State::String { is_key, is_escaped } => self.pass_string(rest, is_key, is_escaped),
                _ => {
                    self.pass_byte(*first);
                    1
                }
            };
            rest = &rest[read..];
        }
    }

    /// The part of the notebook that the next byte belongs to; `None`: no cell.
    pub(super) fn part(&self) -> Option<NotebookPart> {
        let [Container::Object(Key::Cells), Container::List(cell), Container::Object(key), inner @ ..] =
            self.open.as_slice()
        else {
            return None;
        };
        let place = match (key, inner) {
            (Key::Source, _) => CellPlace::Source,
            (Key::Outputs, [Container::List(output), ..]) => CellPlace::Output(output + 1),
            _ => CellPlace::Other,
        };
        (self.state != State::Broken).then_some(NotebookPart { cell: cell + 1, place })
    }

    /// Takes the bytes of a string up to its end or its next backslash; returns how many.
    fn pass_string(&mut self, rest: &[u8], is_key: bool, is_escaped: bool) -> usize {
        let len = if is_escaped { Some(0) } else { memchr2(b'"', b'\\', rest) };
        let read = len.map_or(rest.len(), |len| len + 1);
        if is_key {
            // One byte more than the longest key that is compared makes it another one.
            self.key.extend(rest[..read].iter().take(MAX_KEY + 2 - self.key.len().min(MAX_KEY + 2)));
        }
        let is_escape = !is_escaped && len.is_some_and(|len| rest[len] == b'\\');
        self.state = match len {
            Some(len) if !is_escaped && rest[len] == b'"' => self.end_string(is_key),
            _ => State::String { is_key, is_escaped: is_escape },
        };
        read
    }

    fn end_string(&mut self, is_key: bool) -> State {
        if !is_key {
            return State::CommaOrEnd;
        }
        let key = match self.key.as_slice() {
            b"cells\"" => Key::Cells,
            b"source\"" => Key::Source,
            b"outputs\"" => Key::Outputs,
            _ => Key::Other,
        };
        self.key.clear();
        if let Some(Container::Object(present)) = self.open.last_mut() {
            *present = key;
        }
        State::Colon
    }

    /// Takes a byte that is outside of strings.
    fn pass_byte(&mut self, byte: u8) {
        let is_scalar = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        self.state = match (self.state, byte) {
            (State::Scalar, _) if is_scalar => State::Scalar,
            (State::Scalar, b' ' | b'\t' | b'\n' | b'\r') => State::CommaOrEnd,
            (state, b' ' | b'\t' | b'\n' | b'\r') => state,
            (State::FirstKey | State::NextKey, b'"') => State::String { is_key: true, is_escaped: false },
            (State::Colon, b':') => State::Value,
            (State::Value | State::FirstElement, b'"') => State::String { is_key: false, is_escaped: false },
            (State::Value | State::FirstElement, b'{') => self.begin(Container::Object(Key::Other), State::FirstKey),
            (State::Value | State::FirstElement, b'[') => self.begin(Container::List(0), State::FirstElement),
            (State::Value | State::FirstElement, _) if is_scalar => State::Scalar,
            (State::FirstKey | State::CommaOrEnd | State::Scalar, b'}') => self.end(byte),
            (State::FirstElement | State::CommaOrEnd | State::Scalar, b']') => self.end(byte),
            (State::CommaOrEnd | State::Scalar, b',') => self.next(),
            _ => State::Broken,
        };
    }

    fn begin(&mut self, container: Container, state: State) -> State {
        if self.open.len() == MAX_DEPTH {
            return State::Broken;
        }
        self.open.push(container);
        state
    }

    fn end(&mut self, byte: u8) -> State {
        match (self.open.pop(), byte) {
            (Some(Container::Object(_)), b'}') | (Some(Container::List(_)), b']') => State::CommaOrEnd,
            _ => State::Broken,
        }
    }

    /// The state behind a comma.
    fn next(&mut self) -> State {
        match self.open.last_mut() {
            None => State::Broken,
            Some(Container::Object(key)) => {
                *key = Key::Other;
                State::NextKey
            }
            Some(Container::List(index)) => {
                *index += 1;
                State::Value
            }
        }
    }
}
