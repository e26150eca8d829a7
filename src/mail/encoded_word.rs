//! Text in header fields: encoded words (RFC 2047) and raw 8-bit or ISO-2022-JP bytes that should have been encoded.

use super::{charset, clean, transfer};

/// One `=?charset?encoding?text?=`.
#[derive(Clone, Copy)]
struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
}

impl Word<'_> {
    fn bytes(&self) -> Vec<u8> {
        if self.base64 { transfer::base64(self.text) } else { q_bytes(self.text) }
    }
}

/// The value as text on one line without control characters.
///
/// Neighbouring words of one charset are joined before they are decoded: many mailers cut in the middle of a character, of an
/// escape sequence or of a base64 quantum, although RFC 2047 §5 forbids it.
#[must_use]
pub fn decode(raw: &[u8]) -> String {
    if !raw.contains(&b'=') && raw.is_ascii() && !raw.iter().any(u8::is_ascii_control) {
        return String::from_utf8_lossy(raw).into_owned();
    }
    let mut text = String::with_capacity(raw.len());
    let mut run: Vec<Word<'_>> = Vec::new();
    let (mut at, mut plain_from) = (0, 0);
    // After the last end mark no word can end; looking for one from each beginning would take the square of the length.
    let last_end = raw.windows(2).rposition(|pair| pair == b"?=").unwrap_or(0);
    while at < last_end {
        let Some((word, end)) = word_at(raw, at) else {
            at += 1;
            continue;
        };
        let between = &raw[plain_from..at];
        if !between.trim_ascii().is_empty() || run.is_empty() && !between.is_empty() {
            flush(&mut run, &mut text);
            text.push_str(&charset::detect(between).text);
        }
        if run.last().is_some_and(|last| !last.charset.eq_ignore_ascii_case(word.charset)) {
            flush(&mut run, &mut text);
        }
        run.push(word);
        at = end;
        plain_from = end;
    }
    flush(&mut run, &mut text);
    text.push_str(&charset::detect(&raw[plain_from..]).text);
    clean::line(&text)
}

/// Position after the encoded word that begins at `at`.
#[must_use]
pub fn end_of(raw: &[u8], at: usize) -> Option<usize> {
    word_at(raw, at).map(|(_, end)| end)
}

/// Decodes the words of `run`, which have one charset, and empties it.
fn flush(run: &mut Vec<Word<'_>>, text: &mut String) {
    let Some(first) = run.first() else { return };
    let label = String::from_utf8_lossy(first.charset).into_owned();
    let apart: Vec<u8> = run.iter().flat_map(Word::bytes).collect();
    let mut decoded = charset::decode(&apart, Some(&label));
    let cut_quantum = run.len() > 1 && run.iter().any(|word| word.base64 && word.text.trim_ascii().len() % 4 != 0);
    if cut_quantum && run.iter().all(|word| word.base64) {
        let joined: Vec<u8> = run.iter().flat_map(|word| word.text.iter().copied()).collect();
        let other = charset::decode(&transfer::base64(&joined), Some(&label));
        if decoded.fault.is_some() || decoded.text.contains('\u{fffd}') {
            decoded = other;
        }
    }
    text.push_str(&decoded.text);
    run.clear();
}

/// The encoded word that begins at `at` and the position after it. Lenient: spaces inside, any length, a language suffix (RFC 2231 §5).
fn word_at(raw: &[u8], at: usize) -> Option<(Word<'_>, usize)> {
    let inside = raw[at..].strip_prefix(b"=?")?;
    let charset_end = inside.iter().take(80).position(|byte| *byte == b'?')?;
    let charset = inside[..charset_end].split(|byte| *byte == b'*').next().unwrap_or_default().trim_ascii();
    if charset.is_empty() || charset.iter().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    let base64 = match inside.get(charset_end + 1)? {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    let text_at = charset_end + 3;
    if inside.get(charset_end + 2) != Some(&b'?') {
        return None;
    }
    let body = inside.get(text_at..)?;
    let length = text_length(body, base64)?;
    Some((Word { charset, base64, text: &body[..length] }, at + 2 + text_at + length + 2))
}

/// Where `?=` closes the word. A question mark written plainly in a Q word is stepped over when `=` belongs to an escape after it.
fn text_length(body: &[u8], base64: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + body[from..].windows(2).position(|pair| pair == b"?=")?;
        let escape = !base64
            && body.get(end + 2).is_some_and(u8::is_ascii_hexdigit)
            && body.get(end + 3).is_some_and(u8::is_ascii_hexdigit)
            && body[end + 2..].windows(2).take(200).any(|pair| pair == b"?=")
            && !body[end + 2..].windows(2).take(200).take_while(|pair| *pair != b"?=").any(|pair| pair == b"=?");
        if !escape {
            return Some(end);
        }
        from = end + 2;
    }
}

/// The Q encoding (RFC 2047 §4.2): like quoted-printable, but `_` is a space.
fn q_bytes(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'_' => bytes.push(b' '),
            b'=' => {
                if let Some(byte) = transfer::hex_byte(text, at + 1) {
                    bytes.push(byte);
                    at += 2;
                } else {
                    bytes.push(b'=');
                }
            }
            byte => bytes.push(byte),
        }
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded() {
        for (raw, wanted) in [
            ("plain text", "plain text"),
            ("=?UTF-8?B?44OG44K544OI?=", "テスト"),
            ("=?utf-8*ja?q?=E3=83=86?=", "テ"),
            ("Re:=?UTF-8?B?44OG?= end", "Re:テ end"),
            ("a =?us-ascii?q?b_c?= =?us-ascii?q?d?= e", "a b cd e"),
            ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
            // Cut in the middle of a character.
            ("=?UTF-8?Q?=E3=83?= =?UTF-8?Q?=86!?=", "テ!"),
            // Cut in the middle of a base64 quantum.
            ("=?UTF-8?B?44OG4?= =?UTF-8?B?4K544OI?=", "テスト"),
            // Without padding, each word by itself.
            ("=?UTF-8?B?44OGIQ?= =?UTF-8?B?44OGIQ?=", "テ!テ!"),
            // Without the escape sequence in the second word.
            ("=?ISO-2022-JP?B?GyRCJUY=?= =?ISO-2022-JP?B?JTklSBsoQg==?=", "テスト"),
            ("=?shift_jis?B?g2WDWA==?= =?utf-8?B?44OI?=", "テスト"),
            ("=?utf-8?Q?hi=0D=0ABcc:_v@b.example?=", "hi Bcc: v@b.example"),
            ("=?utf-8?Q?ok?=3F?=", "ok??"),
            ("=?broken", "=?broken"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ] {
            assert_eq!(decode(raw.as_bytes()), wanted, "{raw}");
        }
    }

    #[test]
    fn raw_bytes_are_recognised() {
        for raw in [
            &b"\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"[..],
            b"\x83e\x83X\x83g",
            b"\x1b$B%F%9%H\x1b(B",
            b"\xa5\xc6\xa5\xb9\xa5\xc8",
        ] {
            assert_eq!(decode(raw), "テスト", "{raw:?}");
        }
        assert_eq!(decode(b"abc\0def"), "abcdef");
    }
}
