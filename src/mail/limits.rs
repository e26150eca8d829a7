//! Bounds on what is read of one mail, so that a hostile one costs little. What lies beyond is not lost: the raw bytes are kept elsewhere.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// Bytes of a message that are looked at.
pub const MESSAGE_BYTES: usize = 50 * 1024 * 1024;
/// Bytes of header fields that are kept.
pub const HEADER_BYTES: usize = 256 * 1024;
/// Bytes of one header field that are decoded.
pub const FIELD_BYTES: usize = 64 * 1024;
/// Header fields that are kept.
pub const FIELDS: usize = 1_000;
/// Parts that are read, over all levels.
pub const PARTS: usize = 1_000;
/// Levels of multipart and message nesting that are followed.
pub const DEPTH: usize = 50;
/// Messages inside messages that are opened; deeper ones stay files.
pub const MESSAGE_DEPTH: usize = 8;
/// Files that are kept.
pub const FILES: usize = 100;
/// Bytes of all files together; a message inside a message counts at each level.
pub const FILES_BYTES: usize = 80 * 1024 * 1024;
/// Bytes of HTML that are read.
pub const HTML_BYTES: usize = 1024 * 1024;
/// Bytes of text that are kept.
pub const TEXT_BYTES: usize = 1024 * 1024;
/// Addresses kept of one field.
pub const ADDRESSES: usize = 500;
/// Message ids kept from each end of References.
pub const REFERENCES_EACH_END: usize = 50;

/// Delimiter lines after which the engine gets no more to read: it keeps some 200 bytes for each part it sees.
const DELIMITERS: usize = 10_000;
/// Boundaries that are looked for when delimiters are counted.
const BOUNDARIES: usize = 64;

static BOUNDARY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)boundary\s*=\s*"?([^"\r\n;]{1,200})"#).ok());

/// The part of `raw` that is read, and a fault when that is not all of it.
#[must_use]
pub fn cut(raw: &[u8]) -> (&[u8], Option<String>) {
    let mut kept = raw;
    let mut fault = None;
    if kept.len() > MESSAGE_BYTES {
        kept = &kept[..MESSAGE_BYTES];
        fault = Some(format!("larger than {MESSAGE_BYTES} bytes: only the beginning was read"));
    }
    if let Some(at) = delimiter_limit(kept) {
        kept = &kept[..at];
        fault = Some(format!("more than {DELIMITERS} parts: only the beginning was read"));
    }
    (kept, fault)
}

/// Where the last allowed delimiter stands, when there are too many.
fn delimiter_limit(raw: &[u8]) -> Option<usize> {
    // Each delimiter takes at least five bytes, so that a short mail cannot hold too many.
    if raw.len() < DELIMITERS * 5 {
        return None;
    }
    let mut boundaries: Vec<&[u8]> = Vec::new();
    for found in BOUNDARY.as_ref()?.captures_iter(raw) {
        let Some(name) = found.get(1).map(|m| m.as_bytes().trim_ascii()) else { continue };
        if !boundaries.contains(&name) {
            boundaries.push(name);
        }
        if boundaries.len() >= BOUNDARIES {
            break;
        }
    }
    if boundaries.is_empty() {
        return None;
    }
    let alternatives: Vec<String> = boundaries.iter().map(|name| escaped(name)).collect();
    let delimiter = Regex::new(&format!("(?-u)--(?:{})", alternatives.join("|"))).ok()?;
    delimiter.find_iter(raw).nth(DELIMITERS).map(|m| m.start())
}

/// The bytes as a regular expression that matches only them.
fn escaped(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut pattern = String::with_capacity(bytes.len() * 4);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(pattern, r"\x{byte:02x}");
    }
    pattern
}

/// At most `limit` bytes of `text`, cut at a character.
#[must_use]
pub fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `raw` with the names of message types made unknown to the engine, at the same length.
///
/// The engine would follow nested messages by itself, decode them and hold them in a tree as deep as the sender wants. Nested
/// messages are opened by `parts` instead, which counts levels. Offsets into the copy are offsets into `raw`.
#[must_use]
pub fn without_message_types(raw: &[u8]) -> Cow<'_, [u8]> {
    static NESTING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("(?i-u)rfc822|global|digest").ok());
    let Some(nesting) = NESTING.as_ref() else { return Cow::Borrowed(raw) };
    let Some(first) = nesting.find(raw) else { return Cow::Borrowed(raw) };
    let mut copy = raw.to_vec();
    for found in nesting.find_iter(&raw[first.start()..]) {
        copy[first.start() + found.start()] = b'x';
    }
    Cow::Owned(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_delimiters_are_cut_and_other_lines_are_not() {
        let head = b"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n".to_vec();
        let mut many = head.clone();
        many.extend(b"--b\r\n\r\n".repeat(DELIMITERS + 5));
        let (kept, fault) = cut(&many);
        assert!(kept.len() < many.len());
        assert!(fault.is_some());
        let mut table = head;
        table.extend(b"-----\r\n".repeat(DELIMITERS + 5));
        assert_eq!(cut(&table), (table.as_slice(), None));
    }

    #[test]
    fn message_types_are_hidden_at_the_same_length() {
        let raw = b"Content-Type: Message/RFC822\r\n\r\nmultipart/digest";
        let hidden = without_message_types(raw);
        assert_eq!(hidden.len(), raw.len());
        assert_eq!(hidden.as_ref(), b"Content-Type: Message/xFC822\r\n\r\nmultipart/xigest");
        assert!(matches!(without_message_types(b"plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_text_is_cut_at_a_character() {
        assert_eq!(head("あい", 4), "あ");
        assert_eq!(head("ab", 4), "ab");
    }
}
