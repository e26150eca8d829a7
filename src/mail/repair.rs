//! Makes bytes that are almost a mail into one: line ends, what stands before the header, a missing empty line.

use std::borrow::Cow;

use super::headers;

/// What came out.
#[derive(Debug)]
pub struct Repaired<'a> {
    /// Begins with the first header field, or with the text when there is no header.
    pub bytes: Cow<'a, [u8]>,
    /// There is at least one header field.
    pub has_header: bool,
    /// What was wrong.
    pub faults: Vec<String>,
}

/// Brings `raw` into the form RFC 5322 asks for, as far as the engine needs it.
#[must_use]
pub fn repair(raw: &[u8]) -> Repaired<'_> {
    let mut faults = Vec::new();
    let start = preamble_bytes(raw, &mut faults);
    let mut bytes = Cow::Borrowed(&raw[start..]);
    if ends_lines_with_cr(&bytes) {
        faults.push("lines end with CR only".to_owned());
        bytes = Cow::Owned(bytes.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect());
    }
    let mut block = headers::split(&bytes);
    if block.has_blank_continuation {
        let kept = without_blank_lines(&bytes, block.body_at);
        drop(block);
        bytes = Cow::Owned(kept);
        block = headers::split(&bytes);
    }
    let has_header = !block.fields.is_empty();
    if !has_header {
        faults.push("no header".to_owned());
    } else if block.body_at < bytes.len() && !block.ends_with_empty_line {
        faults.push("no empty line between header and text".to_owned());
        let mut parted = Vec::with_capacity(bytes.len() + 2);
        parted.extend_from_slice(&bytes[..block.body_at]);
        parted.extend_from_slice(b"\r\n");
        parted.extend_from_slice(&bytes[block.body_at..]);
        bytes = Cow::Owned(parted);
    }
    Repaired { bytes, has_header, faults }
}

/// The message without lines of white space inside its header, which ends at `body_at`; the last one separates it from the text.
fn without_blank_lines(bytes: &[u8], body_at: usize) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    for line in bytes[..body_at].split_inclusive(|byte| *byte == b'\n') {
        if !line.trim_ascii().is_empty() {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(b"\r\n");
    kept.extend_from_slice(&bytes[body_at..]);
    kept
}

/// Bytes before the first header field: byte order mark, empty lines, the separator line of an mbox file (RFC 4155).
fn preamble_bytes(raw: &[u8], faults: &mut Vec<String>) -> usize {
    let mut at = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    loop {
        let rest = &raw[at..];
        let line_end = rest.iter().position(|byte| *byte == b'\n' || *byte == b'\r').unwrap_or(rest.len());
        let line = &rest[..line_end];
        let empty = line.trim_ascii().is_empty();
        let separator = line.starts_with(b"From ") || line.starts_with(b">From ");
        if rest.is_empty() || !(empty || separator) {
            break;
        }
        if empty && faults.is_empty() {
            faults.push("empty lines before the header".to_owned());
        }
        at += line_end;
        at += usize::from(raw.get(at) == Some(&b'\r'));
        at += usize::from(raw.get(at) == Some(&b'\n'));
        if line_end == rest.len() {
            break;
        }
    }
    at
}

/// Bare CR ends the first line and most of the others, as in mail kept on an old Macintosh.
fn ends_lines_with_cr(bytes: &[u8]) -> bool {
    let Some(first) = bytes.iter().position(|byte| *byte == b'\r' || *byte == b'\n') else { return false };
    let run = bytes[first..].iter().take_while(|byte| **byte == b'\r').count();
    if run == 0 || bytes.get(first + run) == Some(&b'\n') {
        return false;
    }
    let (mut bare, mut feeds) = (0usize, 0usize);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => feeds += 1,
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => bare += 1,
            _ => {}
        }
    }
    bare > feeds * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(raw: &[u8]) -> (String, usize) {
        let repaired = repair(raw);
        (String::from_utf8_lossy(&repaired.bytes).into_owned(), repaired.faults.len())
    }

    #[test]
    fn what_stands_before_the_header_is_dropped() {
        let good = "From: a@b.example\r\nSubject: s\r\n\r\nbody";
        for (before, faults) in [
            ("", 0),
            ("\u{feff}", 0),
            ("\r\n", 1),
            ("\n\n  \n", 1),
            ("From a@b.example Mon Jan 1 00:00:00 2024\r\n", 0),
            (">From x\n", 0),
        ] {
            assert_eq!(repaired(format!("{before}{good}").as_bytes()), (good.to_owned(), faults), "{before:?}");
        }
    }

    #[test]
    fn bare_cr_becomes_a_line_end_only_when_it_is_one() {
        assert_eq!(repaired(b"From: a@b.example\rSubject: s\r\rbody\r").0, "From: a@b.example\nSubject: s\n\nbody\n");
        let mixed = b"From: a@b.example\r\nSubject: s\r\n\r\nbo\rdy\r\n";
        assert_eq!(repair(mixed).bytes.as_ref(), mixed);
    }

    #[test]
    fn text_that_follows_the_header_at_once_is_kept() {
        let (text, faults) =
            repaired(b"From: a@b.example\r\nSubject: s\r\nHello there,\r\nsecond line\r\n\r\nthird\r\n");
        assert_eq!(text, "From: a@b.example\r\nSubject: s\r\n\r\nHello there,\r\nsecond line\r\n\r\nthird\r\n");
        assert_eq!(faults, 1);
    }

    #[test]
    fn no_header_is_told() {
        for raw in [&b"hello world\r\nsecond line\r\n"[..], b"", b"\0\0\0", b"\r\n\r\n"] {
            assert!(!repair(raw).has_header, "{raw:?}");
        }
    }
}
