//! PowerShell: within single quotes everything stands for itself, and a quote is doubled (about_Quoting_Rules). It takes
//! the typographic quotes for single quotes, too.

pub(super) fn line(name: &str, value: &str) -> String {
    let is_quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
    let doubled: String = value.chars().flat_map(|c| [c].into_iter().chain(is_quote(c).then_some(c))).collect();
    format!("$env:{name} = '{doubled}'")
}
