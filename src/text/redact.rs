//! Takes personal data out of texts that leave the conversation: logs of questions, drafts of articles, examples.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// `text` with mail addresses, telephone numbers and payment card numbers replaced by `[mail]`, `[phone]`, `[card]`.
///
/// Card numbers are 13 to 19 digits that pass the Luhn check (ISO/IEC 7812-1 Annex B). Telephone numbers are Japanese
/// numbers written with a leading 0 and international ones written with `+`. Dates, addresses of machines and ticket
/// numbers stay.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    // Most texts hold neither: a digit or an at sign must be there, also in full width.
    if !text.contains(['@', '＠']) && !text.contains(|c: char| c.is_ascii_digit() || ('０'..='９').contains(&c)) {
        return Cow::Borrowed(text);
    }
    let without_mail = replace(text, mail(), |_| Some("[mail]"));
    let without_cards = chain(without_mail, card(), |digits| luhn(digits).then_some("[card]"));
    chain(without_cards, phone(), |_| Some("[phone]"))
}

type Pattern = LazyLock<Option<Regex>>;

fn mail() -> Option<&'static Regex> {
    static MAIL: Pattern =
        LazyLock::new(|| Regex::new(r"[A-Za-z0-9._%+=-]+[@＠][A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+").ok());
    MAIL.as_ref()
}

fn card() -> Option<&'static Regex> {
    static CARD: Pattern = LazyLock::new(|| Regex::new(r"(?-u:\b)\d(?:[ -]?\d){12,18}(?-u:\b)").ok());
    CARD.as_ref()
}

fn phone() -> Option<&'static Regex> {
    static PHONE: Pattern = LazyLock::new(|| {
        let dash = "[-‐－ー−()（）. ]";
        Regex::new(&format!(
            r"(?-u:\b)0\d{{1,4}}{dash}{{1,2}}\d{{1,4}}{dash}{{1,2}}\d{{3,4}}(?-u:\b)|(?-u:\b)0[5789]0\d{{8}}(?-u:\b)|\+\d{{1,3}}(?:{dash}{{0,2}}\d){{8,12}}(?-u:\b)|０[０-９]{{1,4}}{dash}[０-９]{{1,4}}{dash}[０-９]{{3,4}}"
        ))
        .ok()
    });
    PHONE.as_ref()
}

fn replace<'t>(text: &'t str, pattern: Option<&Regex>, by: impl Fn(&str) -> Option<&'static str>) -> Cow<'t, str> {
    let Some(pattern) = pattern else { return Cow::Borrowed(text) };
    pattern
        .replace_all(text, |found: &Captures<'_>| by(&found[0]).map_or_else(|| found[0].to_owned(), ToOwned::to_owned))
}

fn chain<'t>(text: Cow<'t, str>, pattern: Option<&Regex>, by: impl Fn(&str) -> Option<&'static str>) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(text) => replace(text, pattern, by),
        Cow::Owned(text) => Cow::Owned(replace(&text, pattern, by).into_owned()),
    }
}

fn luhn(text: &str) -> bool {
    let digits = text.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, double) => double / 10 + double % 10,
        })
        .sum();
    sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_replaced() {
        for (text, wanted) in [
            ("連絡先は taro.yamada@example.co.jp です", "連絡先は [mail] です"),
            ("電話 03-1234-5678 まで", "電話 [phone] まで"),
            ("携帯は09012345678です", "携帯は[phone]です"),
            ("０９０－１２３４－５６７８へ", "[phone]へ"),
            ("call +81 90 1234 5678.", "call [phone]."),
            ("カード4111-1111-1111-1111で", "カード[card]で"),
            ("card 4111 1111 1111 1112", "card 4111 1111 1111 1112"),
            ("2026-11-22 10:15", "2026-11-22 10:15"),
            ("10.0.0.15 の web01", "10.0.0.15 の web01"),
            ("T-1042 と 0x80070057", "T-1042 と 0x80070057"),
            ("何もない", "何もない"),
        ] {
            assert_eq!(redact(text), wanted, "{text}");
        }
    }
}
