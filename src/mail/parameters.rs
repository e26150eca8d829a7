//! Structured MIME fields over raw bytes: `type/subtype; name=value`, with continuations and charsets (RFC 2231).

use super::{charset, clean, encoded_word, transfer};

/// A Content-Type or Content-Disposition field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// What stands before the first semicolon, lower case, without space: `text/plain`, `attachment`.
    pub value: String,
    /// Name in lower case and decoded value, in order.
    pub pairs: Vec<(String, String)>,
}

/// Parameters that are read of one field.
const LIMIT: usize = 100;

impl Parameters {
    /// The first value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reads the unfolded value of a field.
    #[must_use]
    pub fn read(raw: &[u8]) -> Self {
        // Raw bytes of ISO-2022-JP and Shift_JIS hold quotes, semicolons and backslashes inside characters: they become text first.
        let text;
        let raw = if raw.is_ascii() && !raw.contains(&0x1b) {
            raw
        } else {
            text = charset::detect(raw).text;
            text.as_bytes()
        };
        let (written, rest) = match raw.iter().position(|byte| *byte == b';') {
            Some(at) => (&raw[..at], &raw[at + 1..]),
            None => (raw, &[][..]),
        };
        // The semicolon after the type is often forgotten: "multipart/mixed boundary=x".
        let space = written.iter().position(u8::is_ascii_whitespace).filter(|at| written[*at..].contains(&b'='));
        let (written, rest) = space.map_or((written, rest), |at| (&written[..at], &raw[at + 1..]));
        let written = String::from_utf8_lossy(written);
        let value: String = written
            .chars()
            .take_while(|c| *c != '(')
            .filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\''))
            .collect();
        Self { value: value.to_ascii_lowercase(), pairs: join(split(rest)) }
    }
}

/// Splits at semicolons outside quotes; each piece is a name and the raw value after `=`.
fn split(raw: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at <= raw.len() && pieces.len() <= LIMIT {
        let (piece, next) = piece_at(raw, at);
        let equals = piece.iter().position(|byte| *byte == b'=');
        let name = String::from_utf8_lossy(&piece[..equals.unwrap_or(piece.len())]).trim().to_owned();
        let value = equals.map(|equals| unquote(piece[equals + 1..].trim_ascii())).unwrap_or_default();
        pieces.push((name, value));
        at = next;
    }
    pieces
}

/// The piece at `at` and the position after its semicolon. A quote that is never closed ends at the end of the piece.
fn piece_at(raw: &[u8], at: usize) -> (&[u8], usize) {
    let (mut quoted, mut escaped, mut first) = (false, false, None);
    for (offset, byte) in raw[at..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = matches!(raw.get(at + offset + 1), Some(b'"' | b'\\')),
            b'"' => quoted = !quoted,
            b';' if !quoted => return (&raw[at..at + offset], at + offset + 1),
            b';' => {
                first.get_or_insert(at + offset);
            }
            _ => {}
        }
    }
    match first {
        Some(semicolon) if quoted => (&raw[at..semicolon], semicolon + 1),
        _ => (&raw[at..], raw.len() + 1),
    }
}

fn unquote(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut bytes = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        if inner[at] == b'\\' && matches!(inner.get(at + 1), Some(b'"' | b'\\')) {
            at += 1;
        } else if inner[at] == b'"' && at + 1 < inner.len() && !inner[at + 1..].contains(&b'"') {
            // Text after the closing quote is a comment or rubbish.
            break;
        }
        bytes.push(inner[at]);
        at += 1;
    }
    bytes
}

/// A part of a value: its number, whether it is percent-encoded, its bytes.
type Segment = (usize, bool, Vec<u8>);

/// Puts continued values together and decodes all of them.
fn join(pieces: Vec<(String, Vec<u8>)>) -> Vec<(String, String)> {
    let mut names: Vec<(String, Vec<Segment>)> = Vec::new();
    for (name, value) in pieces {
        let name = name.to_ascii_lowercase();
        let (base, segment) = segment(&name, value);
        if base.is_empty() {
            continue;
        }
        match names.iter_mut().find(|(known, _)| known == base) {
            Some((_, segments)) => segments.push(segment),
            None => names.push((base.to_owned(), vec![segment])),
        }
    }
    names.into_iter().map(|(name, segments)| (name, decode(segments))).collect()
}

/// `filename*1*` → (`filename`, (1, true, value)).
fn segment(name: &str, value: Vec<u8>) -> (&str, Segment) {
    let name = name.trim();
    let (name, encoded) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
    match name.rsplit_once('*') {
        Some((base, number)) => match number.trim().parse::<usize>() {
            Ok(number) => (base.trim(), (number + 1, encoded, value)),
            Err(_) => (name, (0, encoded, value)),
        },
        None => (name.trim(), (0, encoded, value)),
    }
}

/// Joins the bytes first and decodes them then, since mailers cut in the middle of `%E3`, of characters and of escape sequences.
fn decode(mut segments: Vec<Segment>) -> String {
    // An encoded whole value is better than a plain one beside it; a continued one is better than both (RFC 6266 §4.3 does the same).
    let continued = segments.iter().any(|(number, ..)| *number > 0);
    let any_encoded = segments.iter().any(|(_, encoded, _)| *encoded);
    if continued {
        segments.retain(|(number, ..)| *number > 0);
        segments.sort_by_key(|(number, ..)| *number);
        segments.dedup_by_key(|(number, ..)| *number);
    } else {
        let best = segments.iter().position(|(_, encoded, _)| *encoded).unwrap_or(0);
        segments.swap(0, best);
        segments.truncate(1);
    }
    if !any_encoded {
        let joined: Vec<u8> = segments.into_iter().flat_map(|(_, _, value)| value).collect();
        return encoded_word::decode(&joined);
    }
    let mut label = None;
    let mut escaped = Vec::new();
    for (at, (_, encoded, value)) in segments.into_iter().enumerate() {
        let mut value = value.as_slice();
        if at == 0
            && encoded
            && let Some((named, rest)) = charset_prefix(value)
        {
            label = Some(String::from_utf8_lossy(named).into_owned()).filter(|name| !name.is_empty());
            value = rest;
        }
        escaped.extend_from_slice(value);
    }
    clean::line(&charset::decode(&percent_decoded(&escaped), label.as_deref()).text)
}

/// `utf-8'ja'rest` → (`utf-8`, `rest`).
fn charset_prefix(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = value.iter().take(60).position(|byte| *byte == b'\'')?;
    let second = first + 1 + value[first + 1..].iter().take(60).position(|byte| *byte == b'\'')?;
    Some((&value[..first], &value[second + 1..]))
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        if let Some(byte) = transfer::hex_byte(value, at + 1).filter(|_| value[at] == b'%') {
            bytes.push(byte);
            at += 3;
        } else {
            bytes.push(value[at]);
            at += 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(raw: &[u8]) -> String {
        Parameters::read(raw).get("filename").unwrap_or("none").to_owned()
    }

    #[test]
    fn types_and_values_are_read() {
        let read = Parameters::read(b"Text/Plain (comment); charset=\"utf-8\"; format = flowed;; x=\"a;b\\\"c\"");
        assert_eq!(read.value, "text/plain");
        assert_eq!(read.get("charset"), Some("utf-8"));
        assert_eq!(read.get("format"), Some("flowed"));
        assert_eq!(read.get("x"), Some("a;b\"c"));
        let forgotten = Parameters::read(b"multipart/mixed\tboundary=\"a;b\"; x=y");
        assert_eq!((forgotten.value.as_str(), forgotten.get("boundary")), ("multipart/mixed", Some("a;b")));
        assert_eq!(Parameters::read(b"").value, "");
        assert_eq!(Parameters::read(b"text/html; charset=\"utf-8; name=x").get("charset"), Some("utf-8"));
    }

    #[test]
    fn file_names_are_put_together_and_decoded() {
        for (raw, wanted) in [
            (&b"attachment; filename=my file.pdf"[..], "my file.pdf"),
            (b"attachment; filename*=utf-8''%E3%83%86.pdf", "テ.pdf"),
            (b"attachment; filename*=iso-2022-jp'ja'%1B%24B%25F%1B%28B.pdf", "テ.pdf"),
            (b"attachment; filename*0*=utf-8''%E3%83%86; filename*1*=%E3%82%B9; filename*2=.pdf", "テス.pdf"),
            (b"attachment; filename*1*=%B9.pdf; filename*0*=utf-8''%E3%82", "ス.pdf"),
            (b"attachment; filename*0*=utf-8''%E3%8; filename*1*=3%86.pdf", "テ.pdf"),
            (b"attachment; filename*0=\"=?utf-8?B?44OG?=\"; filename*1=\".pdf\"", "テ.pdf"),
            (b"attachment; filename=\"=?utf-8?B?44OG?= =?utf-8?B?44K5?=.pdf\"", "テス.pdf"),
            (b"attachment; filename=\"\x83\x5c\x95\x5c\x94\x5c.pdf\"", "ソ表能.pdf"),
            (b"attachment; filename=\"\x1b$B%F%9%H\x1b(B.pdf\"", "テスト.pdf"),
            (b"attachment; filename=\"\xe3\x83\x86.pdf\"", "テ.pdf"),
            (b"attachment; filename=\"plain.pdf\"; filename*=utf-8''%E3%83%86.pdf", "テ.pdf"),
        ] {
            assert_eq!(name(raw), wanted, "{}", String::from_utf8_lossy(raw));
        }
    }
}
