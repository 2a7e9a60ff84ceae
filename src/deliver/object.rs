//! A JSON object as text: members can be removed, replaced and added, and all other text is kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The content of an empty file.
pub(super) const EMPTY: &str = "{}\n";

/// The members of an object in their order; a key may occur twice.
pub(super) struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

/// A member of an object.
pub(super) struct Member<'a> {
    written: &'a str,
    /// The key.
    pub(super) key: String,
    /// The text of the value.
    pub(super) value: &'a str,
}

/// What to do with a member.
pub(super) enum Change {
    Keep,
    Remove,
    /// Replaces the value by this JSON.
    Replace(String),
}

/// The whitespace before each member that is added to an empty object, and before its end.
#[derive(Clone)]
pub(super) struct Layout {
    lead: String,
    end: String,
}

impl Layout {
    /// The layout of a file: each member on a line of its own, after a tab.
    pub(super) fn of_file() -> Layout {
        Layout { lead: "\n\t".to_owned(), end: "\n".to_owned() }
    }
}

impl<'a> Object<'a> {
    /// Reads the members; none if the text is not a JSON object.
    pub(super) fn parse(text: &'a str) -> Option<Object<'a>> {
        let Pairs(pairs) = serde_json::from_str(text).ok()?;
        let members = pairs.into_iter().map(|(key, value)| Member {
            written: key.get(),
            key: serde_json::from_str(key.get()).unwrap_or_default(),
            value: value.get(),
        });
        Some(Object { text, members: members.collect() })
    }

    /// The members.
    pub(super) fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The layout of an object that is a member of this one: indented once more, or on the same line.
    pub(super) fn inner_layout(&self) -> Layout {
        let lead = self.lead_of_added(&Layout::of_file()).to_owned();
        match lead.rfind('\n') {
            Some(at) => Layout { lead: format!("{lead}{}", &lead[at + 1..]), end: lead },
            None => Layout { lead: String::new(), end: String::new() },
        }
    }

    /// The text with members changed, and members added at its end: a key, and its value as JSON.
    pub(super) fn edited(
        &self,
        mut change: impl FnMut(usize) -> Change,
        added: &[(String, String)],
        layout: &Layout,
    ) -> String {
        let mut parts = Vec::new();
        for (number, member) in self.members.iter().enumerate() {
            // The first member that is kept gets the whitespace of the first one.
            let lead = self.lead(if parts.is_empty() { 0 } else { number });
            let key = self.start(number);
            let value = self.at(member.value);
            match change(number) {
                Change::Keep => parts.push([lead, &self.text[key..self.end(number)]].concat()),
                Change::Replace(new) => parts.push([lead, &self.text[key..value], &new].concat()),
                Change::Remove => {}
            }
        }
        let lead = self.lead_of_added(layout);
        for (key, value) in added {
            parts.push(format!("{lead}{}: {value}", serde_json::Value::from(key.as_str())));
        }
        let end = match self.members.last() {
            Some(_) if parts.is_empty() => "",
            Some(last) => self.whitespace(self.at(last.value) + last.value.len()),
            None if parts.is_empty() => self.whitespace(self.brace()),
            None => &layout.end,
        };
        [&self.text[..self.brace()], &parts.join(","), end, &self.text[self.closing_brace()..]].concat()
    }

    /// The whitespace before an added member: that of the last member, from the last line end on.
    fn lead_of_added<'b>(&'b self, layout: &'b Layout) -> &'b str {
        let Some(last) = self.members.len().checked_sub(1) else { return &layout.lead };
        let lead = self.lead(last);
        let line = lead.rfind('\n').map_or(0, |at| at - usize::from(lead[..at].ends_with('\r')));
        &lead[line..]
    }

    /// The whitespace before a member.
    fn lead(&self, number: usize) -> &'a str {
        let before = match number.checked_sub(1) {
            Some(former) => self.end(former) + 1,
            None => self.brace(),
        };
        &self.text[before..self.start(number)]
    }

    fn start(&self, number: usize) -> usize {
        self.at(self.members[number].written)
    }

    /// The end of a member: before the comma that follows it, or after the last value.
    fn end(&self, number: usize) -> usize {
        let value = self.members[number].value;
        let end = self.at(value) + value.len();
        match number + 1 < self.members.len() {
            true => end + self.whitespace(end).len(),
            false => end,
        }
    }

    /// The offset after the opening brace.
    fn brace(&self) -> usize {
        self.text.find('{').map_or(0, |at| at + 1)
    }

    fn closing_brace(&self) -> usize {
        let end = self.members.last().map_or(self.brace(), |last| self.at(last.value) + last.value.len());
        end + self.whitespace(end).len()
    }

    fn whitespace(&self, from: usize) -> &'a str {
        let rest = &self.text[from..];
        &rest[..rest.len() - rest.trim_ascii_start().len()]
    }

    /// The offset of a part of the text.
    fn at(&self, part: &str) -> usize {
        part.as_ptr().addr() - self.text.as_ptr().addr()
    }
}

/// The text of the keys and values.
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<'de>, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
