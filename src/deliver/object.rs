//! A JSON object as text: its members can be taken out, replaced and added, and everything else stays as it is written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What a file with nothing in it holds.
pub(super) const EMPTY: &str = "{}\n";

/// The members of an object, in their order; a key may stand twice.
pub(super) struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

/// A member of an object.
pub(super) struct Member<'a> {
    written: &'a str,
    /// The key.
    pub(super) key: String,
    /// The value, as it is written.
    pub(super) value: &'a str,
}

/// What becomes of a member.
pub(super) enum Fate {
    Stay,
    Go,
    /// This value, as JSON, takes the place of the former one.
    Become(String),
}

/// What stands before each member that is added to an empty object, and before its end.
#[derive(Clone)]
pub(super) struct Layout {
    lead: String,
    end: String,
}

impl Layout {
    /// That of a file: each member on a line of its own, behind a tab.
    pub(super) fn of_file() -> Layout {
        Layout { lead: "\n\t".to_owned(), end: "\n".to_owned() }
    }
}

impl<'a> Object<'a> {
    /// Reads the members. None where the text is no JSON object.
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

    /// The layout of an object that is a member of this one: a step further to the right, or on the same line.
    pub(super) fn inner_layout(&self) -> Layout {
        let lead = self.lead_of_added(&Layout::of_file()).to_owned();
        match lead.rfind('\n') {
            Some(at) => Layout { lead: format!("{lead}{}", &lead[at + 1..]), end: lead },
            None => Layout { lead: String::new(), end: String::new() },
        }
    }

    /// The text with some members changed, and others added at its end: a key and a value, which is JSON.
    pub(super) fn edited(
        &self,
        mut fate: impl FnMut(usize) -> Fate,
        added: &[(String, String)],
        layout: &Layout,
    ) -> String {
        let mut parts = Vec::new();
        for (number, member) in self.members.iter().enumerate() {
            // The first one that stays takes the place of the first.
            let lead = self.lead(if parts.is_empty() { 0 } else { number });
            let key = self.start(number);
            let value = self.at(member.value);
            match fate(number) {
                Fate::Stay => parts.push([lead, &self.text[key..self.end(number)]].concat()),
                Fate::Become(new) => parts.push([lead, &self.text[key..value], &new].concat()),
                Fate::Go => {}
            }
        }
        let lead = self.lead_of_added(layout);
        for (key, value) in added {
            parts.push(format!("{lead}{}: {value}", serde_json::Value::from(key.as_str())));
        }
        let end = match self.members.last() {
            Some(_) if parts.is_empty() => "",
            Some(last) => self.blanks(self.at(last.value) + last.value.len()),
            None if parts.is_empty() => self.blanks(self.brace()),
            None => &layout.end,
        };
        [&self.text[..self.brace()], &parts.join(","), end, &self.text[self.closing_brace()..]].concat()
    }

    /// What stands before a member that is added: what stands before the last one, as far as it is on the same line.
    fn lead_of_added<'b>(&'b self, layout: &'b Layout) -> &'b str {
        let Some(last) = self.members.len().checked_sub(1) else { return &layout.lead };
        let lead = self.lead(last);
        let line = lead.rfind('\n').map_or(0, |at| at - usize::from(lead[..at].ends_with('\r')));
        &lead[line..]
    }

    /// The blanks before a member.
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

    /// Where a member ends: before the comma that follows it, or behind the last one.
    fn end(&self, number: usize) -> usize {
        let value = self.members[number].value;
        let end = self.at(value) + value.len();
        match number + 1 < self.members.len() {
            true => end + self.blanks(end).len(),
            false => end,
        }
    }

    /// Behind the opening brace.
    fn brace(&self) -> usize {
        self.text.find('{').map_or(0, |at| at + 1)
    }

    fn closing_brace(&self) -> usize {
        let end = self.members.last().map_or(self.brace(), |last| self.at(last.value) + last.value.len());
        end + self.blanks(end).len()
    }

    fn blanks(&self, from: usize) -> &'a str {
        let rest = &self.text[from..];
        &rest[..rest.len() - rest.trim_ascii_start().len()]
    }

    /// Where a part of the text stands in it.
    fn at(&self, part: &str) -> usize {
        part.as_ptr().addr() - self.text.as_ptr().addr()
    }
}

/// Keys and values, as they are written.
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
