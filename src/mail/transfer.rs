//! Content-Transfer-Encoding (RFC 2045 §6), read leniently: bad characters are skipped, never a reason to give up.

use std::borrow::Cow;

use super::uuencode;

/// How a part's bytes are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 7bit, 8bit, binary, or a word nobody knows.
    Identity,
    /// RFC 2045 §6.8.
    Base64,
    /// RFC 2045 §6.7.
    QuotedPrintable,
    /// What was used before MIME.
    Uuencode,
}

impl Encoding {
    /// Reads the value of the field; quotes, comments, parameters and case do not matter.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let word: Vec<u8> = value
            .iter()
            .take_while(|byte| !matches!(byte, b';' | b'(' | b','))
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect();
        match word.as_slice() {
            b"base64" | b"b" => Self::Base64,
            b"quotedprintable" | b"qp" | b"q" => Self::QuotedPrintable,
            b"xuuencode" | b"uuencode" | b"xuue" | b"uue" | b"uuencoded" | b"xuuencoded" => Self::Uuencode,
            _ => Self::Identity,
        }
    }

    /// The bytes unwrapped.
    #[must_use]
    pub fn decode(self, body: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Identity => Cow::Borrowed(body),
            Self::Base64 if !looks_like_base64(body) => Cow::Borrowed(body),
            Self::Base64 => Cow::Owned(base64(body)),
            Self::QuotedPrintable => Cow::Owned(quoted_printable(body)),
            Self::Uuencode => uuencode::first(body).map_or(Cow::Borrowed(body), |file| Cow::Owned(file.bytes)),
        }
    }
}

/// Marks bytes outside the alphabet.
const SKIP: u8 = 0xff;

const ALPHABET: [u8; 256] = {
    let mut table = [SKIP; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0u8;
    while at < 64 {
        table[letters[at as usize] as usize] = at;
        at += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Most of the bytes are of the alphabet: otherwise the label is wrong and the bytes are the content.
fn looks_like_base64(body: &[u8]) -> bool {
    let sample = &body[..body.len().min(4096)];
    let foreign = sample
        .iter()
        .filter(|byte| ALPHABET[usize::from(**byte)] == SKIP && !byte.is_ascii_whitespace() && **byte != b'=')
        .count();
    // Prose has a space in every other word; wrapped base64 has none inside a line.
    let inner_spaces =
        sample.windows(3).filter(|w| w[1] == b' ' && !w[0].is_ascii_whitespace() && !w[2].is_ascii_whitespace());
    foreign * 10 <= sample.len() && inner_spaces.count() * 20 <= sample.len()
}

/// Decodes base64 and skips everything outside its alphabet. After padding it goes on only when a whole line of base64 follows, so
/// that a footer a mailing list has added is not taken for data.
#[must_use]
pub fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut held, mut count) = (0u32, 0u32);
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        at += 1;
        let value = ALPHABET[usize::from(byte)];
        if value == SKIP {
            if byte == b'=' && count > 1 {
                flush_quantum(&mut bytes, held, count);
                (held, count) = (0, 0);
                if !more_follows(&text[at..]) {
                    return bytes;
                }
            }
            continue;
        }
        held = held << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&held.to_be_bytes()[1..]);
            (held, count) = (0, 0);
        }
    }
    flush_quantum(&mut bytes, held, count);
    bytes
}

/// Writes what `count` letters without padding hold.
fn flush_quantum(bytes: &mut Vec<u8>, held: u32, count: u32) {
    match count {
        2 => bytes.push((held >> 4 & 0xff) as u8),
        3 => bytes.extend_from_slice(&[(held >> 10 & 0xff) as u8, (held >> 2 & 0xff) as u8]),
        _ => {}
    }
}

fn more_follows(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"=").unwrap_or(rest).trim_ascii_start();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    !line.is_empty()
        && line.len() % 4 == 0
        && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
}

/// Decodes quoted-printable. An `=` without two hexadecimal digits stays as it is (RFC 2045 §6.7).
#[must_use]
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    // Spaces before a line end were added on the way (rule 3); they are dropped when the line end comes.
    let mut kept = 0;
    while at < text.len() {
        match text[at] {
            b'=' => {
                if let Some(byte) = hex_byte(text, at + 1) {
                    bytes.push(byte);
                    at += 3;
                } else if let Some(next) = soft_break(text, at + 1) {
                    at = next;
                } else {
                    bytes.push(b'=');
                    at += 1;
                }
                kept = bytes.len();
            }
            byte @ (b' ' | b'\t') => {
                bytes.push(byte);
                at += 1;
            }
            byte @ (b'\r' | b'\n') => {
                bytes.truncate(kept);
                bytes.push(byte);
                kept = bytes.len();
                at += 1;
            }
            byte => {
                bytes.push(byte);
                kept = bytes.len();
                at += 1;
            }
        }
    }
    bytes
}

/// Position after a soft line break whose `=` stands just before `at`.
fn soft_break(text: &[u8], mut at: usize) -> Option<usize> {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    if text.get(at) == Some(&b'\r') {
        at += 1;
        return Some(if text.get(at) == Some(&b'\n') { at + 1 } else { at });
    }
    match text.get(at) {
        Some(b'\n') => Some(at + 1),
        None => Some(at),
        Some(_) => None,
    }
}

/// The byte written as two hexadecimal digits at `at`.
#[must_use]
pub fn hex_byte(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_read_in_all_its_forms() {
        for (value, wanted) in [
            ("base64", Encoding::Base64),
            ("\"Base64\"", Encoding::Base64),
            ("base64 ; x", Encoding::Base64),
            ("quoted printable", Encoding::QuotedPrintable),
            ("quoted-printable;", Encoding::QuotedPrintable),
            ("x-uuencode", Encoding::Uuencode),
            ("7bit", Encoding::Identity),
            ("8-bit-foo", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            assert_eq!(Encoding::of(value.as_bytes()), wanted, "{value}");
        }
    }

    #[test]
    fn base64_survives_what_happens_to_it() {
        for (text, wanted) in [
            ("aGVsbG8=", "hello"),
            ("aGVsbG8", "hello"),
            ("aGVs\r\nbG8hIQ", "hello!!"),
            ("aGV*sb\u{0}G8=\r\n", "hello"),
            ("aGVsbG8=\r\nd29ybGQ=", "helloworld"),
            ("aGVsbG8=\r\n____\r\nA list footer", "hello"),
            ("aGVsbG8=\r\n\r\nYou got this because", "hello"),
        ] {
            let decoded: String = base64(text.as_bytes()).into_iter().map(char::from).collect();
            assert_eq!(decoded, wanted, "{text}");
        }
        let prose = b"This is no base64 at all, it is a text with the wrong label.";
        assert_eq!(Encoding::Base64.decode(prose).as_ref(), prose);
    }

    #[test]
    fn quoted_printable_survives_what_happens_to_it() {
        for (text, wanted) in [
            ("a=3Db", "a=b"),
            ("one=\r\ntwo=  \nthree=", "onetwothree"),
            ("50 = 50 =zz", "50 = 50 =zz"),
            ("trail  \t\r\nnext", "trail\r\nnext"),
            ("keep=20\r\n", "keep \r\n"),
        ] {
            assert_eq!(quoted_printable(text.as_bytes()), wanted.as_bytes(), "{text}");
        }
    }
}
