//! One spelling for texts that look the same: NFKC, lower case, folded width, one hyphen, one long-vowel mark.

use unicode_normalization::UnicodeNormalization;

use super::script::{Script, script};

/// Characters of a text that are read; the rest is ignored.
pub const MAX_CHARS: usize = 20_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Keep,
}

/// The text as rules, search and models read it: NFKC, lower case, one hyphen (`-`), one long-vowel mark (`ー`),
/// straight quotes, no invisible characters. At most [`MAX_CHARS`] characters of `text` are read.
#[must_use]
pub fn normalise(text: &str) -> String {
    shape(text, Case::Lower)
}

/// As [`normalise`], but letters keep their case: values that are shown to people are cut out of this.
#[must_use]
pub fn fold(text: &str) -> String {
    shape(text, Case::Keep)
}

/// The first `chars` characters of `text`.
#[must_use]
pub fn cut(text: &str, chars: usize) -> &str {
    // A text that is short in bytes is short in characters: no need to count.
    if text.len() <= chars {
        return text;
    }
    text.char_indices().nth(chars).map_or(text, |(at, _)| &text[..at])
}

fn shape(text: &str, case: Case) -> String {
    let text = cut(text, MAX_CHARS);
    let mut writer = Writer { out: String::with_capacity(text.len()), case, last: ' ', held: None };
    // Most texts hold only characters whose NFKC form is known at a glance; the tables are read for the others.
    if text.chars().all(|c| plain(c).is_some()) {
        for c in text.chars().filter_map(plain) {
            writer.push(c);
        }
    } else {
        for c in text.nfkc() {
            writer.push(c);
        }
    }
    writer.finish()
}

/// The NFKC form of a character that needs no table, `None` for the others (combining marks among them).
const fn plain(c: char) -> Option<char> {
    match c {
        '\0'..='\u{7f}'
        | 'ぁ'..='ゖ'
        | 'ァ'..='ー'
        | '\u{4e00}'..='\u{9fff}'
        | '、'..='〃'
        | '々'
        | '「'..='】'
        | '〜' => Some(c),
        '！'..='～' => char::from_u32(c as u32 - 0xfee0),
        '\u{3000}' => Some(' '),
        _ => None,
    }
}

/// Writes characters one by one; a mark between two letters waits for the second one.
struct Writer {
    out: String,
    case: Case,
    last: char,
    held: Option<char>,
}

impl Writer {
    fn push(&mut self, c: char) {
        if is_mark(c) {
            // A run of marks is one mark: `すごーーい`, `-----`.
            if self.held.is_none() {
                self.held = Some(c);
            }
            return;
        }
        let c = match c {
            '’' | '‘' | '`' | '´' => '\'',
            '“' | '”' => '"',
            '\r' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => '\n',
            '\n' | '\t' => c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {
                return;
            }
            c if c.is_control() => return,
            c => c,
        };
        if let Some(mark) = self.held.take() {
            let mark = self.resolve(mark, Some(c));
            self.write(mark);
        }
        self.write(c);
    }

    /// Which mark stands between the last character and `next`: Japanese keyboards yield a dozen look-alikes.
    fn resolve(&self, mark: char, next: Option<char>) -> char {
        let before = script(self.last);
        let after = next.map(script);
        let kana = |s: Script| matches!(s, Script::Katakana | Script::Hiragana);
        if mark == 'ー' {
            return if kana(before) || before == Script::Kanji { 'ー' } else { '-' };
        }
        let inside_katakana = before == Script::Katakana && after == Some(Script::Katakana);
        if inside_katakana { 'ー' } else { '-' }
    }

    fn write(&mut self, c: char) {
        self.last = c;
        if self.case == Case::Keep || (c.is_ascii() && !c.is_ascii_uppercase()) {
            self.out.push(c);
        } else if c.is_ascii() {
            self.out.push(c.to_ascii_lowercase());
        } else {
            self.out.extend(c.to_lowercase());
        }
    }

    fn finish(mut self) -> String {
        if let Some(mark) = self.held.take() {
            let mark = self.resolve(mark, None);
            self.write(mark);
        }
        self.out
    }
}

const fn is_mark(c: char) -> bool {
    matches!(c, '-' | 'ー' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | '﹣')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_become_one_spelling() {
        for (written, wanted) in [
            ("ＶＰＮにｾﾂｿﾞｸできません！", "vpnにセツゾクできません!"),
            ("パスワ－ドのリセット", "パスワードのリセット"),
            ("パスワ―ド", "パスワード"),
            ("サ-バ", "サーバ"),
            ("サーバ-01", "サーバ-01"),
            ("ｗｅｂ－０１", "web-01"),
            ("webー01", "web-01"),
            ("Can’t “log in”", "can't \"log in\""),
            ("a\u{200b}b\u{feff}c", "abc"),
            ("㈱サンプル①", "(株)サンプル1"),
            ("か\u{3099}ぞう", "がぞう"),
            ("すごーーーい", "すごーい"),
            ("a\r\nb", "a\n\nb"),
            ("-", "-"),
            ("", ""),
        ] {
            assert_eq!(normalise(written), wanted, "{written}");
        }
    }

    #[test]
    fn folding_keeps_the_case() {
        assert_eq!(fold("Ｙａｍａｄａ Ｗｅｂ０１"), "Yamada Web01");
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(normalise(&"あ".repeat(MAX_CHARS + 5)).chars().count(), MAX_CHARS);
        assert_eq!(cut("あいう", 2), "あい");
        assert_eq!(cut("ab", 5), "ab");
    }

    proptest::proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "[ -~ぁ-んァ-ヴー一-龠０-ｚ\n]{0,60}") {
            let once = normalise(&text);
            proptest::prop_assert_eq!(normalise(&once), once);
        }
    }
}
