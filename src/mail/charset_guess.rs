//! Guesses the charset of bytes nobody labelled, or labelled wrongly.

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::jis;

/// Bytes that are looked at.
const SAMPLE_BYTES: usize = 64 * 1024;

/// The charset the bytes look like; windows-1252, which takes anything, when they look like nothing.
#[must_use]
pub fn guess(bytes: &[u8]) -> &'static Encoding {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    if jis::is_jis(sample) && sample.iter().all(|byte| byte.is_ascii() || (0xa1..=0xdf).contains(byte)) {
        return ISO_2022_JP;
    }
    if is_nearly_utf8(sample) {
        return UTF_8;
    }
    if let Some(wide) = guess_wide(sample) {
        return wide;
    }
    let scores = [SHIFT_JIS, EUC_JP].map(|encoding| (japanese_score(encoding, sample), encoding));
    if let Some((score, encoding)) = scores.into_iter().max_by_key(|(score, _)| *score)
        && score > 0
    {
        return encoding;
    }
    if jis::is_jis(sample) {
        return ISO_2022_JP;
    }
    let mut detector = chardetng::EncodingDetector::new();
    detector.feed(sample, true);
    let encoding = detector.guess(None, false);
    if encoding.decode_without_bom_handling_and_without_replacement(sample).is_some() { encoding } else { WINDOWS_1252 }
}

/// Valid UTF-8 but for a cut at the end or few broken bytes among many good characters.
fn is_nearly_utf8(sample: &[u8]) -> bool {
    match std::str::from_utf8(sample) {
        Ok(_) => true,
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            !sample[..error.valid_up_to()].is_ascii() || error.valid_up_to() > 3
        }
        Err(_) => {
            let text = String::from_utf8_lossy(sample);
            let broken = text.chars().filter(|c| *c == '\u{fffd}').count();
            let good = text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
            good > broken * 10
        }
    }
}

/// UTF-16 without a mark: every other byte is zero where the text is ASCII.
fn guess_wide(sample: &[u8]) -> Option<&'static Encoding> {
    let pairs = sample.len() / 2;
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if pairs < 4 || (even + odd) * 4 < pairs {
        return None;
    }
    if odd > even * 8 {
        Some(UTF_16LE)
    } else if even > odd * 8 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// How Japanese the bytes look in `encoding`: 0 when not at all. Kana tell it from other languages, since hardly a sentence has none.
fn japanese_score(encoding: &'static Encoding, sample: &[u8]) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(sample);
    let (mut kana, mut kanji, mut strange, mut broken) = (0usize, 0usize, 0usize, 0usize);
    for c in text.chars() {
        match c {
            'ぁ'..='ん' | 'ァ'..='ー' | '、' | '。' | '「' | '」' => kana += 1,
            '一'..='鿿' | '々' => kanji += 1,
            '\u{fffd}' => broken += 1,
            c if c.is_ascii() => {}
            '\u{e000}'..='\u{efff}' | '\u{ff01}'..='\u{ff5e}' | '\u{3000}' | '\u{2000}'..='\u{27ff}' => {}
            _ => strange += 1,
        }
    }
    if kana == 0 || broken * 20 > kana + kanji || strange * 2 > kana + kanji {
        return 0;
    }
    (kana * 3 + kanji).saturating_sub(strange * 4 + broken * 8)
}

/// More than a third of what is not ASCII is half-width katakana: the sign of EUC-JP read as `Shift_JIS`.
#[must_use]
pub fn is_mostly_half_width(text: &str) -> bool {
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    text.chars().filter(|c| ('\u{ff61}'..='\u{ff9f}').contains(c)).count() * 3 > foreign
}
