//! ISO-2022-JP in all the dialects Japanese mailers write: RFC 1468, 1554 and 2237, CP50220 to CP50222, ISO-2022-JP-3 and -2004,
//! with the pictures of carriers. Rewritten as EUC-JP, which the decoder knows completely.

/// The set the following bytes belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    /// JIS X 0208 and its extensions; JIS X 0213 plane 1 lies over it.
    Kanji,
    /// JIS X 0212 and JIS X 0213 plane 2.
    Supplement,
    /// JIS X 0201 half-width katakana.
    Kana,
}

/// `〓` in EUC-JP.
const GETA: [u8; 2] = [0xa2, 0xae];
/// Rows from here on hold pictures of carriers, nothing else.
const PICTURE_ROW: u8 = 0x75;

/// The bytes hold an escape sequence of ISO-2022-JP.
#[must_use]
pub fn is_jis(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|w| w[0] == 0x1b && (w[1] == b'$' || w[1] == b'(' && matches!(w[2], b'J' | b'I')))
}

/// The bytes as EUC-JP.
#[must_use]
pub fn to_euc(bytes: &[u8]) -> Vec<u8> {
    let mut euc = Vec::with_capacity(bytes.len());
    let mut set = Set::Ascii;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == 0x1b {
            if let Some(next) = picture(bytes, at, &mut euc) {
                at = next;
            } else if let Some((chosen, length)) = escape(&bytes[at..]) {
                set = chosen;
                at += length;
            } else {
                at += 1;
            }
            continue;
        }
        match byte {
            b'\n' => {
                // A line must end in ASCII (RFC 1468); when the escape sequence was lost, the next line tells.
                if set != Set::Ascii && !is_kanji_line(&bytes[at + 1..]) {
                    set = Set::Ascii;
                }
                euc.push(byte);
                at += 1;
            }
            0x0e => {
                set = Set::Kana;
                at += 1;
            }
            0x0f => {
                set = Set::Ascii;
                at += 1;
            }
            _ => at += character(set, &bytes[at..], &mut euc),
        }
    }
    euc
}

/// Writes the character at the beginning of `bytes` and says how long it was.
fn character(set: Set, bytes: &[u8], euc: &mut Vec<u8>) -> usize {
    let first = bytes[0];
    let in_range = |byte: u8| (0x21..=0x7e).contains(&byte);
    let pair = bytes.get(1).copied().filter(|second| in_range(first) && in_range(*second));
    match (set, pair) {
        (Set::Kanji, Some(_)) if first >= PICTURE_ROW => euc.extend_from_slice(&GETA),
        (Set::Kanji, Some(second)) => euc.extend_from_slice(&[first | 0x80, second | 0x80]),
        (Set::Supplement, Some(second)) => euc.extend_from_slice(&[0x8f, first | 0x80, second | 0x80]),
        // Half-width katakana in eight bits (JIS X 0201), which some terminals still send.
        (Set::Ascii | Set::Kana, _) if (0xa1..=0xdf).contains(&first) => {
            euc.extend_from_slice(&[0x8e, first]);
            return 1;
        }
        (Set::Kana, _) if (0x21..=0x5f).contains(&first) => {
            euc.extend_from_slice(&[0x8e, first | 0x80]);
            return 1;
        }
        _ => {
            euc.push(first);
            return 1;
        }
    }
    2
}

/// The set an escape sequence chooses, and its length.
fn escape(bytes: &[u8]) -> Option<(Set, usize)> {
    match bytes {
        [_, b'$', b'(', b'D' | b'P', ..] => Some((Set::Supplement, 4)),
        [_, b'$', b'(', b'@' | b'B' | b'O' | b'Q', ..] => Some((Set::Kanji, 4)),
        [_, b'$', b'@' | b'B', ..] => Some((Set::Kanji, 3)),
        [_, b'(', b'I', ..] => Some((Set::Kana, 3)),
        [_, b'(', b'B' | b'J' | b'H', ..] | [_, b'&', b'@', ..] => Some((Set::Ascii, 3)),
        _ => None,
    }
}

/// A run of carrier pictures: `ESC $ G`, one byte a picture, SI.
fn picture(bytes: &[u8], at: usize, euc: &mut Vec<u8>) -> Option<usize> {
    let [_, b'$', b'E' | b'F' | b'G' | b'O' | b'P' | b'Q', rest @ ..] = &bytes[at..] else { return None };
    let count = rest.iter().take_while(|byte| (0x21..=0x7e).contains(*byte)).count();
    (count > 0 && rest.get(count) == Some(&0x0f)).then(|| {
        euc.extend_from_slice(&GETA.repeat(count));
        at + 3 + count + 1
    })
}

/// The line at the beginning of `bytes` goes on in kanji: pairs, a third of them kana.
fn is_kanji_line(bytes: &[u8]) -> bool {
    let line: Vec<u8> =
        bytes.iter().copied().take_while(|byte| !matches!(byte, b'\n' | b'\r' | 0x1b)).take(200).collect();
    if line.len() < 2 || !line.len().is_multiple_of(2) || !line.iter().all(|byte| (0x21..=0x7e).contains(byte)) {
        return false;
    }
    let kana = line.chunks(2).filter(|pair| matches!(pair[0], 0x24 | 0x25)).count();
    kana * 3 >= line.len() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        encoding_rs::EUC_JP.decode_without_bom_handling(&to_euc(bytes)).0.into_owned()
    }

    #[test]
    fn dialects_are_read() {
        for (bytes, wanted) in [
            (&b"a\x1b$B%F%9%H\x1b(Bb"[..], "aテストb"),
            (b"\x1b$@%F\x1b(J!", "テ!"),
            (b"\x1b&@\x1b$B%F\x1b(B", "テ"),
            (b"\x1b$B-!-j\x1b(B", "①㈱"),
            (b"\x1b(I6E\x1b(B", "ｶﾅ"),
            (b"\x0e6E\x0f!", "ｶﾅ!"),
            (b"\x1b$(D0!\x1b(B", "丂"),
            (b"\x1b$(Q%F\x1b(B", "テ"),
            (b"\x1b$B%F\x1b(B\xb6\xc5", "テｶﾅ"),
            // Carrier pictures.
            (b"\x1b$Bu!%F\x1b(B", "〓テ"),
            (b"\x1b$Gjj\x0fend", "〓〓end"),
            // The last escape sequence is missing.
            (b"\x1b$B%F%9%H", "テスト"),
            (b"\x1b$B%F%9%H\nend", "テスト\nend"),
            (b"\x1b$B%F%9%H\n%F%9%H\nend!", "テスト\nテスト\nend!"),
        ] {
            assert_eq!(text(bytes), wanted, "{bytes:?}");
        }
    }
}
