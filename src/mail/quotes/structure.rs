//! Where the HTML form of a body begins to quote: clients wrap quotes in elements of their own.

use super::line::is_blank;

/// Beginnings of elements that hold nothing but a quote. Sanitised HTML keeps the `blockquote` only.
const QUOTES: &[&str] = &[
    "<blockquote type=\"cite\"",
    "class=\"gmail_quote",
    "class=\"moz-cite-prefix\"",
    "class=\"yahoo_quoted\"",
    "id=\"divrplyfwdmsg\"",
    "id=\"appendonsend\"",
    "id=\"ol_reply_block",
    "class=\"protonmail_quote\"",
    "class=\"zmail_extra\"",
];

/// The first of `lines` that belongs to the quote. `None` when the HTML shows no quote that ends the body, or when its
/// beginning is not found exactly once among the lines.
pub(super) fn quote_start(html: &str, lines: &[&str]) -> Option<usize> {
    const MAX_HTML: usize = 256 * 1024;
    if html.len() > MAX_HTML {
        return None;
    }
    let lower = html.to_ascii_lowercase();
    let at = QUOTES.iter().filter_map(|mark| lower.find(mark)).min()?;
    let open = html[at..].find('>')? + at + 1;
    if is_interleaved(&lower[at..]) {
        return None;
    }
    let first = first_words(&html[open..])?;
    let mut found = lines.iter().enumerate().filter(|(_, text)| squeeze(text).starts_with(&first)).map(|(at, _)| at);
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// Text after a closed quote that is not itself a quote: answers between the quoted lines.
fn is_interleaved(lower: &str) -> bool {
    let Some(end) = lower.rfind("</blockquote>") else { return false };
    let tail = &lower[end + "</blockquote>".len()..];
    first_words(tail).is_some()
}

/// The first text of `html`, up to the next tag that ends a line, without white space; at least four letters.
fn first_words(html: &str) -> Option<String> {
    let mut words = String::new();
    let mut rest = html;
    for _ in 0..60 {
        let (text, tag) = rest.split_once('<').unwrap_or((rest, ""));
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
            .replace("&nbsp;", " ")
            .replace("&quot;", "\"");
        if !is_blank(&text) {
            words.push_str(&squeeze(&text));
        }
        let (name, after) = tag.split_once('>')?;
        let name = name.to_ascii_lowercase();
        let ends_line = ["br", "/div", "/p", "div", "p", "blockquote", "/blockquote"].iter().any(|end| {
            name.strip_prefix(end).is_some_and(|left| !left.starts_with(|c: char| c.is_ascii_alphanumeric()))
        });
        if words.chars().count() >= 4 && ends_line {
            return Some(words.chars().take(40).collect());
        }
        rest = after;
    }
    None
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{feff}')).take(400).collect()
}
