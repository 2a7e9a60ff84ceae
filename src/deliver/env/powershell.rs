//! PowerShell: within single quotes, only a quote is special, and is doubled (about_Quoting_Rules). Typographic single quotes
//! count as quotes, too.

use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "powershell", help: "PowerShell", layout: Layout::Evaluated(line) };

fn line(name: &str, value: &str) -> String {
    let is_quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
    let doubled: String = value.chars().flat_map(|c| [c].into_iter().chain(is_quote(c).then_some(c))).collect();
    format!("$env:{name} = '{doubled}'")
}
