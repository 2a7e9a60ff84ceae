//! The search of one thread: each content of a file, and what is packed in it, to a limited depth and a limited amount.

use std::io::{self, Read};

use crate::patterns::{Encoding, Matcher};

use super::formats::{self, Detected, Embedded, Encoded, Finder, Found, HEAD, Stream, Visitor, skip_zeros};
use super::matches::{PendingMatches, StreamMatch};
use super::progress::Progress;
use super::reader::{Buffer, ScanReader};
use super::report::{Finding, Location, Position, Problem, Report};
use super::shuffles::Shuffles;

/// How deeply contents may be packed in each other.
const MAX_DEPTH: usize = 8;

/// How many bytes may be unpacked from each byte of a file, at all depths together: deflate alone reaches a thousand.
const MAX_RATIO: u64 = 2_000;

/// How many bytes may be unpacked from any file, however small.
const MIN_BUDGET: u64 = 1 << 30;

/// A shorter run of base64 is looked at before anything is made of it, in bytes that it decodes to.
const SHORT: usize = 1024;

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 256;

/// The reason that is reported for a decompression bomb.
pub(super) const TOO_MUCH: &str = "unpacks to far more than its size: the rest is not searched";

/// How many bytes may be unpacked from a file of this size.
pub(super) fn unpacking_budget(size: u64) -> u64 {
    size.saturating_mul(MAX_RATIO).max(MIN_BUDGET)
}

/// One thread's search.
pub(super) struct Search<'a> {
    pub(super) scanner: &'a Matcher,
    pub(super) progress: &'a Progress,
    /// The report of the present file.
    pub(super) report: Report,
    /// The report of all files before it.
    finished: Report,
    buffers: Vec<Buffer>,
    /// How many bytes may still be unpacked from the present file.
    budget: u64,
    /// What finds packed data in the middle of the contents of the present file.
    finder: Finder,
    /// What is known of shuffled arrays in the present file.
    pub(super) shuffles: Shuffles,
}

impl<'a> Search<'a> {
    pub(super) fn new(scanner: &'a Matcher, progress: &'a Progress) -> Search<'a> {
        let (report, finished) = (Report::default(), Report::default());
        Search {
            scanner,
            progress,
            report,
            finished,
            buffers: Vec::new(),
            budget: 0,
            finder: Finder::default(),
            shuffles: Shuffles::default(),
        }
    }

    /// A file of this size comes next.
    pub(super) fn begin_file(&mut self, size: u64) {
        self.budget = unpacking_budget(size);
        self.finder = Finder::default();
        self.shuffles.begin_file();
    }

    /// What was reported since the last call is the report of one file.
    pub(super) fn end_file(&mut self) {
        let file = std::mem::take(&mut self.report);
        self.finished.append_file(file);
    }

    /// The report of all files.
    pub(super) fn finish(mut self) -> Report {
        self.end_file();
        self.finished
    }

    /// Searches a source to its end, and what is packed in it.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub(super) fn stream(&mut self, source: &mut dyn Read, start: u64, location: &mut Location) -> io::Result<()> {
        let mut buffer = self.buffers.pop().unwrap_or_else(|| Buffer::new(self.scanner));
        let matches = PendingMatches::default();
        let mut reader = ScanReader::new(self.scanner, &mut buffer, source, start, &matches);
        let mut content = Content { search: self, matches: &matches, location, start: 0 };
        content.unpack(&mut reader);
        let done = content.read_to_end(&mut reader);
        self.report.tokens.count += matches.dropped().tokens;
        self.report.token_like.count += matches.dropped().token_like;
        self.buffers.push(buffer);
        done
    }

    /// Searches a short text, and nothing that is packed in it. The position is that of a finding at this offset.
    pub(super) fn text(&mut self, text: &[u8], position: impl Fn(u64) -> Position, location: &Location) {
        for found in self.scanner.find(text) {
            self.report.add(Finding {
                location: location.clone(),
                position: position(found.range.start as u64),
                encoding: found.encoding,
                token: found.token,
                extent: found.extent,
                is_signed_url: found.is_signed_url,
                place: None,
            });
        }
    }

    /// Reports what could not be searched. Where it was the end of what contains it, that is not reported as well.
    pub(super) fn unread(&mut self, location: &Location, reason: String) {
        let is_inside = |last: &Location| last.path == location.path && last.inside.starts_with(&location.inside);
        if !self.report.unread.items.last().is_some_and(|last| is_inside(&last.location)) {
            self.report.unread.push(Problem { location: location.clone(), reason });
        }
    }

    /// Reports arrays whose order was told behind them, where a content is read once only.
    pub(super) fn tell_late_shuffles(&mut self, location: &Location) {
        if self.shuffles.read_again() {
            self.shuffles = Shuffles::default();
            self.unread(location, "has shuffled arrays before it says so: they are not searched".to_owned());
        }
    }

    /// Reports what is recognised and not unpacked, once where it is said of one content again and again.
    fn unopened(&mut self, location: &Location, reason: String) {
        let is_same = |last: &Problem| last.location == *location && last.reason == reason;
        if !self.report.unopened.items.last().is_some_and(is_same) {
            self.report.unopened.push(Problem { location: location.clone(), reason });
        }
    }

    /// The name of a packed content as it may be shown: masked and not too long.
    fn display_name(&self, name: &[u8]) -> String {
        let name = self.scanner.mask(name);
        match name.char_indices().nth(MAX_NAME) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name,
        }
    }
}

/// One content, and what visits the contents that are packed in it.
struct Content<'c, 'a> {
    search: &'c mut Search<'a>,
    /// The matches in the stream that it is read from.
    matches: &'c PendingMatches,
    location: &'c mut Location,
    /// Where it begins in the stream.
    start: u64,
}

impl Content<'_, '_> {
    /// Searches what is packed in the content, which is itself searched in any case. What cannot be unpacked is reported.
    fn unpack(&mut self, stream: &mut dyn Stream) {
        if let Err(error) = self.read_formats(stream) {
            self.search.unread(self.location, error.to_string());
        }
    }

    fn read_formats(&mut self, stream: &mut dyn Stream) -> io::Result<()> {
        if stream.position() == self.start {
            // Another one may follow after padding.
            while self.read_format(stream)? {
                skip_zeros(stream)?;
            }
        }
        while let Some(found) = self.search.finder.next(stream) {
            self.read_embedded(stream, found)?;
        }
        match self.search.finder.is_exhausted {
            false => Ok(()),
            true => Err(io::Error::other("has too many places where compressed data may begin: not all are searched")),
        }
    }

    /// Unpacks the format that comes next, where it is one that is unpacked; returns whether it is.
    fn read_format(&mut self, stream: &mut dyn Stream) -> io::Result<bool> {
        // A stream that breaks off says so once it is read to its end.
        let head = stream.peek(HEAD).unwrap_or_default();
        let format = match formats::detect(head, self.location.name()) {
            None => return Ok(false),
            Some(Detected::Unsupported(reason)) => {
                self.search.unopened(self.location, reason.to_owned());
                return Ok(false);
            }
            Some(Detected::Supported(format)) => format,
        };
        self.check_depth()?;
        let name = self.location.name().to_owned();
        (format.read)(stream, &name, self)?;
        Ok(true)
    }

    /// Unpacks what stands at the position of the stream.
    fn read_embedded(&mut self, stream: &mut dyn Stream, found: Found) -> io::Result<()> {
        let name = |format: &Embedded| format!("{} at byte {}", format.name, stream.position() - self.start);
        match found {
            Found::Stream(format) => {
                self.check_depth()?;
                let (name, start) = (name(format), stream.position());
                let read = (format.read)(stream, &name, self);
                if stream.position() == start {
                    stream.consume(1);
                }
                match read {
                    Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(error),
                    Err(error) => {
                        self.tell_broken(&name, &error, format);
                        Ok(())
                    }
                    done => done,
                }
            }
            Found::Perhaps(format, output) => {
                let name = name(format);
                self.enter(name.as_bytes(), |content| content.search.text(&output, Position::Byte, content.location));
                stream.consume(1);
                Ok(())
            }
        }
    }

    fn tell_broken(&mut self, name: &str, error: &io::Error, format: &Embedded) {
        self.enter(name.as_bytes(), |content| match format.is_split {
            false => content.search.unread(content.location, error.to_string()),
            true => content.search.unopened(content.location, error.to_string()),
        });
    }

    /// # Errors
    /// What is packed in the content is packed too deeply.
    fn check_depth(&self) -> io::Result<()> {
        let too_deep = || io::Error::other("holds something that is packed too deeply to be searched");
        if self.location.inside.len() < MAX_DEPTH { Ok(()) } else { Err(too_deep()) }
    }

    /// Reads what is left, and reports every match in the content.
    fn read_to_end(&mut self, stream: &mut dyn Stream) -> io::Result<()> {
        loop {
            let read = stream.fill_buf().map(<[u8]>::len);
            stream.consume(*read.as_ref().unwrap_or(&0));
            let matches = self.matches.take(self.start..stream.position());
            self.report(&matches);
            if read? == 0 {
                return Ok(());
            }
        }
    }

    fn report(&mut self, matches: &[StreamMatch]) {
        for found in matches {
            self.search.report.add(Finding {
                location: self.location.clone(),
                position: Position::Byte(found.start - self.start),
                encoding: found.encoding,
                token: found.token,
                extent: found.extent,
                is_signed_url: found.is_signed_url,
                place: None,
            });
        }
    }

    fn enter<T>(&mut self, name: &[u8], within: impl FnOnce(&mut Self) -> T) -> T {
        let name = self.search.display_name(name);
        self.location.inside.push(name);
        let done = within(self);
        self.location.inside.pop();
        done
    }
}

impl Visitor for Content<'_, '_> {
    fn stored(&mut self, name: &[u8], stream: &mut dyn Stream) -> io::Result<()> {
        let start = stream.position();
        self.enter(name, |content| {
            let mut member =
                Content { search: content.search, matches: content.matches, location: content.location, start };
            member.unpack(stream);
            member.read_to_end(stream)
        })
    }

    fn unpacked(&mut self, name: &[u8], bytes: &mut dyn Read) -> io::Result<()> {
        let mut bytes = LimitedReader { source: bytes, left: self.search.budget };
        let mut array = self.search.shuffles.reader(&mut bytes);
        let done = self.enter(name, |content| content.search.stream(&mut array, 0, content.location));
        let (is_too_large, arrays) = (array.is_too_large(), array.unshuffled());
        self.search.budget = self.search.budget.min(bytes.left);
        self.enter(name, |content| {
            if is_too_large {
                content.unopened(
                    "is a shuffled array that is too large to be put in order: it may hold more than was searched",
                );
            }
            arrays.for_each(|array| content.search.text(&array, Position::Byte, content.location));
        });
        done
    }

    fn decoded(&mut self, bytes: &mut dyn Encoded) -> io::Result<()> {
        let (start, before) = (bytes.position(), self.search.report.tokens.count);
        let head = bytes.fill_buf()?;
        // Most runs are long words: nothing is made of one that holds nothing.
        if head.len() < SHORT && !formats::may_hold_packed(head) && self.search.scanner.find(head).is_empty() {
            let whole = head.len();
            bytes.consume(whole);
            return Ok(());
        }
        let name = format!("base64 at byte {}", start - self.start);
        self.unpacked(name.as_bytes(), bytes)?;
        let mut matches = self.matches.take(start..bytes.position());
        if self.search.report.tokens.count > before {
            // They are the same tokens, before decoding.
            matches.retain(|found| found.encoding != Encoding::Base64);
        }
        self.report(&matches);
        Ok(())
    }

    fn is_packed(&self, head: &[u8]) -> bool {
        formats::is_packed(head)
    }

    fn shuffled(&mut self, element: usize) {
        if !self.search.shuffles.add(element) {
            self.unopened("has shuffled arrays of too many kinds: not all are searched");
        }
    }

    fn unopened(&mut self, reason: &str) {
        self.search.unopened(self.location, reason.to_owned());
    }

    fn unread(&mut self, name: &[u8], reason: &str) {
        self.enter(name, |content| content.search.unread(content.location, reason.to_owned()));
    }
}

/// Fails when more comes out of a packed content than is allowed.
struct LimitedReader<'a> {
    source: &'a mut dyn Read,
    left: u64,
}

impl Read for LimitedReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        let too_much = || io::Error::new(io::ErrorKind::FileTooLarge, TOO_MUCH);
        self.left = self.left.checked_sub(read as u64).ok_or_else(too_much)?;
        Ok(read)
    }
}
