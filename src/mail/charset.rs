//! Bytes to text. Labels are believed only as far as the bytes agree with them.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, EUC_KR, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::charset_guess::{guess, is_mostly_half_width};
use super::jis;

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, not yet cleaned of control characters.
    pub text: String,
    /// Why the label was not followed, or that bytes could not be read.
    pub fault: Option<String>,
}

/// Labels found in real mail that the WHATWG list does not have.
const ALIASES: [(&str, &Encoding); 34] = [
    ("cp932", SHIFT_JIS),
    ("windows932", SHIFT_JIS),
    ("ms932", SHIFT_JIS),
    ("mskanji", SHIFT_JIS),
    ("xsjisjp", SHIFT_JIS),
    ("xmssjis", SHIFT_JIS),
    ("xsjiscp932", SHIFT_JIS),
    ("shiftjisx0213", SHIFT_JIS),
    ("shiftjis2004", SHIFT_JIS),
    ("sjiswin", SHIFT_JIS),
    ("sjisopen", SHIFT_JIS),
    ("eucjp", EUC_JP),
    ("ujis", EUC_JP),
    ("eucjpms", EUC_JP),
    ("eucjpwin", EUC_JP),
    ("eucjis2004", EUC_JP),
    ("cp51932", EUC_JP),
    ("windows51932", EUC_JP),
    ("iso2022jp", ISO_2022_JP),
    ("iso2022jp1", ISO_2022_JP),
    ("iso2022jp2", ISO_2022_JP),
    ("iso2022jp3", ISO_2022_JP),
    ("iso2022jp2004", ISO_2022_JP),
    ("iso2022jpms", ISO_2022_JP),
    ("iso2022jpext", ISO_2022_JP),
    ("jis", ISO_2022_JP),
    ("cp50220", ISO_2022_JP),
    ("cp50221", ISO_2022_JP),
    ("cp50222", ISO_2022_JP),
    ("utf8mb4", UTF_8),
    ("uft8", UTF_8),
    ("cp936", encoding_rs::GBK),
    ("cp949", EUC_KR),
    ("cp950", encoding_rs::BIG5),
];

/// The text of `bytes` under `label`; without a label, or when the bytes break it, the charset is guessed.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>) -> Decoded {
    let label = label.map(|label| label.trim().trim_matches(['"', '\'', '<', '>']).to_ascii_lowercase());
    let wide = label.as_deref().is_some_and(|label| label.starts_with("utf-16") || label.starts_with("utf16"));
    if !wide && is_plain_ascii(bytes) && !is_utf7(label.as_deref()) {
        return Decoded { text: String::from_utf8_lossy(bytes).into_owned(), fault: None };
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return finish(encoding, &bytes[length..]);
    }
    let Some(label) = label.filter(|label| !label.is_empty()) else { return detect(bytes) };
    if is_utf7(Some(&label)) {
        if let Some(utf7) = charset::Charset::for_label(b"utf-7")
            && bytes.is_ascii()
        {
            return Decoded { text: utf7.decode_without_bom_handling(bytes).0.into_owned(), fault: None };
        }
        return guessed(bytes, &label);
    }
    match find(&label) {
        Some(encoding) if wide && bytes.len() < 2 => finish(encoding, bytes),
        Some(encoding) => labelled(bytes, encoding, &label),
        None => guessed(bytes, &label),
    }
}

/// The text of `bytes` whose charset nobody named.
#[must_use]
pub fn detect(bytes: &[u8]) -> Decoded {
    if is_plain_ascii(bytes) {
        return Decoded { text: String::from_utf8_lossy(bytes).into_owned(), fault: None };
    }
    finish(guess(bytes), bytes)
}

/// The encoding a label names.
#[must_use]
pub fn find(label: &str) -> Option<&'static Encoding> {
    if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
        return Some(encoding);
    }
    let folded: String = label.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let folded = folded.strip_prefix("charset").unwrap_or(&folded);
    let known = |name: &str| ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, encoding)| *encoding);
    known(folded)
        .or_else(|| known(folded.strip_prefix("cs").unwrap_or(folded)))
        .or_else(|| known(folded.strip_prefix('x').unwrap_or(folded)))
        .or_else(|| Encoding::for_label_no_replacement(folded.as_bytes()))
        .or_else(|| {
            let page = folded.strip_prefix("windows").or_else(|| folded.strip_prefix("cp"))?;
            Encoding::for_label_no_replacement(format!("windows-{page}").as_bytes())
        })
        .or_else(|| {
            Encoding::for_label_no_replacement(
                format!("iso-{}", folded.strip_prefix("iso")?.replacen("8859", "8859-", 1)).as_bytes(),
            )
        })
}

fn is_utf7(label: Option<&str>) -> bool {
    label.is_some_and(|label| {
        matches!(label, "utf-7" | "utf7" | "unicode-1-1-utf-7" | "unicode-2-0-utf-7" | "csunicode11utf7")
    })
}

fn is_plain_ascii(bytes: &[u8]) -> bool {
    bytes.is_ascii() && !bytes.contains(&0x1b)
}

/// Follows the label unless the bytes speak against it.
fn labelled(bytes: &[u8], encoding: &'static Encoding, label: &str) -> Decoded {
    if encoding == ISO_2022_JP || bytes.is_ascii() {
        if bytes.is_ascii() && jis::is_jis(bytes) && encoding.is_ascii_compatible()
            || encoding == ISO_2022_JP && bytes.is_ascii()
        {
            let decoded = finish(ISO_2022_JP, bytes);
            let wrong = (encoding != ISO_2022_JP).then(|| mislabelled(label, ISO_2022_JP));
            return Decoded { text: decoded.text, fault: decoded.fault.or(wrong) };
        }
        if encoding == ISO_2022_JP {
            return guessed(bytes, label);
        }
    }
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return if broken && std::str::from_utf8(bytes).is_ok() {
            guessed(bytes, label)
        } else {
            finish(encoding, bytes)
        };
    }
    if broken {
        return guessed(bytes, label);
    }
    if encoding == UTF_8 {
        return Decoded { text: text.into_owned(), fault: None };
    }
    // No single-byte charset and hardly any double-byte one gives valid UTF-8 with characters of three bytes.
    if std::str::from_utf8(bytes).is_ok_and(|utf8| encoding.is_single_byte() || utf8.chars().any(|c| c.len_utf8() > 2))
    {
        return guessed(bytes, label);
    }
    let ascii_label = label.contains("ascii") || label.starts_with("ansi");
    if ascii_label || (encoding == SHIFT_JIS || encoding == EUC_JP) && is_mostly_half_width(&text) {
        let best = guess(bytes);
        if best != encoding {
            let mut decoded = finish(best, bytes);
            decoded.fault.get_or_insert_with(|| mislabelled(label, best));
            return decoded;
        }
    }
    Decoded { text: with_pictures(encoding, text), fault: None }
}

fn guessed(bytes: &[u8], label: &str) -> Decoded {
    let encoding = match guess(bytes) {
        // A label that is broken here and there is a better guess than none.
        guess if guess == WINDOWS_1252 => find(label).filter(|named| *named != ISO_2022_JP).unwrap_or(guess),
        guess => guess,
    };
    let mut decoded = finish(encoding, bytes);
    if decoded.fault.is_none() && find(label) != Some(encoding) {
        decoded.fault = Some(mislabelled(label, encoding));
    }
    decoded
}

fn mislabelled(label: &str, encoding: &'static Encoding) -> String {
    let label: String = label.chars().filter(char::is_ascii_graphic).take(40).collect();
    format!("charset `{label}` is unknown or wrong: read as {}", encoding.name())
}

fn finish(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let euc;
    let (encoding, bytes) = if encoding == ISO_2022_JP {
        euc = jis::to_euc(bytes);
        (EUC_JP, euc.as_slice())
    } else {
        (encoding, bytes)
    };
    let (text, broken): (Cow<'_, str>, bool) = encoding.decode_without_bom_handling(bytes);
    let fault = broken.then(|| format!("bytes that are no {}", encoding.name()));
    Decoded { text: with_pictures(encoding, text), fault }
}

/// Pictures of Japanese carriers lie in the private area of `Shift_JIS`, which no font shows: `〓`, as the carriers' own gateways do.
/// In UTF-8 they are left as they are, since there nothing is lost.
fn with_pictures(encoding: &'static Encoding, text: Cow<'_, str>) -> String {
    let is_picture = |c: char| ('\u{e000}'..='\u{f8ff}').contains(&c);
    if (encoding == SHIFT_JIS || encoding == EUC_JP) && text.contains(is_picture) {
        text.replace(is_picture, "〓")
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "これは日本語のテストです。問い合わせ内容を確認してください。";
    const JIS: &[u8] = b"\x1b$B$3$l$OF|K\\8l$N%F%9%H$G$9!#\x1b(B";
    const JIS_TEXT: &str = "これは日本語のテストです。";

    fn bytes(encoding: &'static Encoding) -> Vec<u8> {
        encoding.encode(TEXT).0.into_owned()
    }

    #[test]
    fn every_known_label_is_followed() {
        for label in [
            "iso-2022-jp",
            "ISO-2022-JP-1",
            "iso-2022-jp-2",
            "iso-2022-jp-3",
            "iso-2022-jp-ms",
            "ISO-2022-JP-2004",
            "csISO2022JP",
            "CP50220",
            "cp50221",
            "jis",
        ] {
            assert_eq!(decode(JIS, Some(label)), Decoded { text: JIS_TEXT.to_owned(), fault: None }, "{label}");
        }
        for label in [
            "shift_jis",
            "Shift-JIS",
            "sjis",
            "x-sjis",
            "x-sjis-jp",
            "cp932",
            "MS932",
            "ms_kanji",
            "windows-31j",
            "Windows-932",
            "csShiftJIS",
        ] {
            assert_eq!(
                decode(&bytes(SHIFT_JIS), Some(label)),
                Decoded { text: TEXT.to_owned(), fault: None },
                "{label}"
            );
        }
        for label in ["euc-jp", "x-euc-jp", "eucjp", "ujis", "eucJP-ms", "cp51932"] {
            assert_eq!(decode(&bytes(EUC_JP), Some(label)), Decoded { text: TEXT.to_owned(), fault: None }, "{label}");
        }
        for label in ["utf-8", "UTF8", "utf_8", "unicode-1-1-utf-8", "\"utf-8\""] {
            assert_eq!(decode(TEXT.as_bytes(), Some(label)), Decoded { text: TEXT.to_owned(), fault: None }, "{label}");
        }
        assert_eq!(decode(b"+MFMwjA-!", Some("utf-7")).text, "こんにち!".replace("んにち", "\u{308c}"));
        assert_eq!(decode("\u{feff}あ".as_bytes(), Some("utf-8")).text, "あ");
        assert_eq!(decode(b"\xff\xfeB0D0", Some("utf-16")).text, "あい");
        assert_eq!(decode(b"0B0D", Some("utf-16be")).text, "あい");
        assert_eq!(decode(b"caf\xe9", Some("iso-8859-1")).text, "café");
        assert_eq!(decode(b"caf\xe9", Some("cp1252")).text, "café");
    }

    #[test]
    fn a_wrong_or_missing_label_is_seen_through() {
        let (sjis, euc) = (bytes(SHIFT_JIS), bytes(EUC_JP));
        for (raw, label, wanted) in [
            (JIS, None, JIS_TEXT),
            (JIS, Some("us-ascii"), JIS_TEXT),
            (JIS, Some("utf-8"), JIS_TEXT),
            (JIS, Some("x-nobody-knows"), JIS_TEXT),
            (&sjis, None, TEXT),
            (&sjis, Some("us-ascii"), TEXT),
            (&sjis, Some("iso-2022-jp"), TEXT),
            (&sjis, Some("utf-8"), TEXT),
            (&euc, None, TEXT),
            (&euc, Some("shift_jis"), TEXT),
            (TEXT.as_bytes(), None, TEXT),
            (TEXT.as_bytes(), Some("iso-2022-jp"), TEXT),
            (TEXT.as_bytes(), Some("shift_jis"), TEXT),
            (TEXT.as_bytes(), Some("us-ascii"), TEXT),
            (TEXT.as_bytes(), Some("iso-8859-1"), TEXT),
            (TEXT.as_bytes(), Some("default_charset"), TEXT),
            (TEXT.as_bytes(), Some("ansi_x3.110-1983"), TEXT),
        ] {
            assert_eq!(decode(raw, label).text, wanted, "{label:?} {raw:?}");
        }
    }

    #[test]
    fn other_languages_are_not_taken_for_japanese() {
        assert_eq!(detect(b"r\xe9sum\xe9 tr\xe8s d\xe9taill\xe9").text, "résumé très détaillé");
        assert_eq!(detect(b"pr\xeat \xe9tat").text, "prêt état");
        assert_eq!(detect(b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0?").text, "Привет, как дела?");
    }

    #[test]
    fn a_cut_character_does_not_change_the_charset() {
        let cut = &TEXT.as_bytes()[..TEXT.len() - 1];
        assert!(decode(cut, Some("utf-8")).text.starts_with("これは日本語"));
        assert!(decode(cut, None).text.starts_with("これは日本語"));
    }

    #[test]
    fn carrier_pictures_and_extensions_are_kept() {
        assert_eq!(decode(b"\x87\x40\x87\x8a\xfb\xfc", Some("shift_jis")).text, "①㈱髙");
        assert_eq!(decode(b"\xf8\x9f\x90\xb0\x82\xea", Some("shift_jis")).text, "〓晴れ");
        assert_eq!(decode("\u{e63e}".as_bytes(), Some("utf-8")).text, "\u{e63e}");
    }
}
