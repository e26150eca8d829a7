//! Cuts normalised text into the pieces that search and models count. No dictionary, no allocation: pieces are slices.
//!
//! Two streams. The light stream cuts by script: kanji runs into single characters and pairs, katakana runs whole and
//! in threes, Latin words with light endings cut and, inside words, in fours, codes whole. The word stream cuts
//! Japanese with the Unicode dictionary segmenter and keeps words with content.

use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

use super::script::{Script, script};
use super::words::{is_stop_word, stem, trim_particles};

/// What a piece is. The kinds weigh differently: see [`Kind::weight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One kanji.
    Kanji,
    /// Two neighbouring kanji.
    KanjiPair,
    /// A katakana word, without a final long-vowel mark.
    Katakana,
    /// Three characters inside a katakana word.
    KatakanaTriple,
    /// A Latin word, ending cut.
    Word,
    /// Four characters inside a Latin word: finds misspelt words.
    Gram,
    /// Two hiragana of a word written without kanji.
    Kana,
    /// A name or number: `web01`, `0x80070057`, `10.0.0.1`, `5.7.1`.
    Code,
    /// A word of the dictionary stream.
    Dictionary,
}

impl Kind {
    /// How much a match of such a piece says beside a whole word's 1.
    #[must_use]
    pub const fn weight(self) -> f32 {
        match self {
            Self::KanjiPair | Self::Katakana | Self::Word | Self::Code | Self::Dictionary => 1.0,
            Self::Kanji => 0.35,
            Self::KatakanaTriple => 0.25,
            Self::Gram => 0.2,
            Self::Kana => 0.2,
        }
    }
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// The piece itself.
    pub text: &'t str,
    /// What it is.
    pub kind: Kind,
    /// Where it begins, in bytes.
    pub start: usize,
}

/// Hands the light stream of a normalised text to `emit`, in order. A word comes before the pieces cut out of it.
pub fn light<'t>(text: &'t str, mut emit: impl FnMut(Token<'t>)) {
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let kind = script(first);
        let end = match kind {
            Script::Latin | Script::Digit => compound_end(text, at),
            Script::Kanji | Script::Katakana | Script::Hiragana | Script::Foreign => run_end(text, at, kind),
            Script::Other => at + first.len_utf8(),
        };
        match kind {
            Script::Kanji => kanji(text, at, end, &mut emit),
            Script::Katakana => katakana(text, at, end, &mut emit),
            Script::Hiragana => hiragana(text, at, end, &mut emit),
            Script::Latin | Script::Digit => compound(text, at, end, &mut emit),
            Script::Foreign => emit(Token { text: &text[at..end], kind: Kind::Word, start: at }),
            Script::Other => {}
        }
        at = end;
    }
}

/// Hands the dictionary words of a normalised Japanese text to `emit`: words with content, no particles or endings.
pub fn dictionary<'t>(text: &'t str, mut emit: impl FnMut(Token<'t>)) {
    static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
        LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));
    let mut start = 0;
    for end in SEGMENTER.segment_str(text) {
        let word = &text[start..end];
        let begun = std::mem::replace(&mut start, end);
        let mut scripts = word.chars().map(script);
        let content = scripts.any(|s| matches!(s, Script::Kanji | Script::Katakana));
        if content {
            let word = word.strip_suffix('ー').filter(|short| short.chars().count() >= 3).unwrap_or(word);
            emit(Token { text: word, kind: Kind::Dictionary, start: begun });
        }
    }
}

fn run_end(text: &str, at: usize, kind: Script) -> usize {
    text[at..].char_indices().find(|(_, c)| script(*c) != kind).map_or(text.len(), |(offset, _)| at + offset)
}

/// The end of letters and digits joined by `-`, `_`, `.`, `:`, `/`, `@`, `'`, as in names, versions and addresses.
fn compound_end(text: &str, at: usize) -> usize {
    let mut end = at;
    let mut rest = text[at..].char_indices().peekable();
    while let Some((offset, c)) = rest.next() {
        let joins = matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '\'')
            && rest.peek().is_some_and(|(_, next)| matches!(script(*next), Script::Latin | Script::Digit));
        if !joins && !matches!(script(c), Script::Latin | Script::Digit) {
            break;
        }
        end = at + offset + c.len_utf8();
    }
    end
}

fn kanji<'t>(text: &'t str, start: usize, end: usize, emit: &mut impl FnMut(Token<'t>)) {
    let mut before = None;
    for (offset, c) in text[start..end].char_indices() {
        let at = start + offset;
        let after = at + c.len_utf8();
        if let Some(pair) = before {
            emit(Token { text: &text[pair..after], kind: Kind::KanjiPair, start: pair });
        }
        emit(Token { text: &text[at..after], kind: Kind::Kanji, start: at });
        before = Some(at);
    }
}

fn katakana<'t>(text: &'t str, start: usize, end: usize, emit: &mut impl FnMut(Token<'t>)) {
    let run = &text[start..end];
    let length = run.chars().count();
    if length < 2 {
        return;
    }
    // サーバー and サーバ are one word; キー stays as it is.
    let whole = if length > 3 { run.trim_end_matches('ー') } else { run };
    emit(Token { text: whole, kind: Kind::Katakana, start });
    if length > 3 {
        windows(whole, 3, |piece, offset| {
            emit(Token { text: piece, kind: Kind::KatakanaTriple, start: start + offset });
        });
    }
}

fn hiragana<'t>(text: &'t str, start: usize, end: usize, emit: &mut impl FnMut(Token<'t>)) {
    let (offset, word) = trim_particles(&text[start..end]);
    if word.chars().count() >= 3 {
        windows(word, 2, |piece, inner| {
            emit(Token { text: piece, kind: Kind::Kana, start: start + offset + inner });
        });
    }
}

fn compound<'t>(text: &'t str, start: usize, end: usize, emit: &mut impl FnMut(Token<'t>)) {
    let whole = &text[start..end];
    let digits = whole.bytes().any(|b| b.is_ascii_digit());
    let joined = whole.contains(['-', '_', '.', ':', '/', '@']);
    if digits && joined {
        emit(Token { text: whole, kind: Kind::Code, start });
    }
    let mut at = start;
    for part in whole.split(['-', '_', '.', ':', '/', '@']) {
        word(part, at, emit);
        at += part.len() + 1;
    }
}

fn word<'t>(part: &'t str, start: usize, emit: &mut impl FnMut(Token<'t>)) {
    if part.bytes().any(|b| b.is_ascii_digit()) {
        // A single digit says nothing.
        if part.len() > 1 {
            emit(Token { text: part, kind: Kind::Code, start });
        }
        return;
    }
    let part = part.strip_suffix("'s").unwrap_or(part);
    if part.len() < 2 || is_stop_word(part) {
        return;
    }
    emit(Token { text: stem(part), kind: Kind::Word, start });
    if part.len() >= 5 && part.bytes().all(|b| b.is_ascii_alphabetic()) {
        windows(part, 4, |piece, offset| emit(Token { text: piece, kind: Kind::Gram, start: start + offset }));
    }
}

/// Hands each run of `size` characters of `text` to `emit`, with its offset in bytes.
fn windows<'t>(text: &'t str, size: usize, mut emit: impl FnMut(&'t str, usize)) {
    let mut ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).skip(size - 1);
    for (at, _) in text.char_indices() {
        let Some(end) = ends.next() else { return };
        emit(&text[at..end], at);
    }
}

#[cfg(test)]
mod tests {
    use super::super::normalise;
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        let text = normalise(text);
        let mut found = Vec::new();
        light(&text, |token| {
            assert_eq!(&text[token.start..token.start + token.text.len()], token.text);
            found.push(token.text.to_owned());
        });
        found
    }

    #[test]
    fn texts_are_cut_by_script() {
        for (text, wanted) in [
            ("再起動", "再 再起 起 起動 動"),
            ("サーバー", "サーバ サーバ"),
            ("VPNに繋がらない", "vpn 繋"),
            ("passwords", "password pass assw sswo swor word ords"),
            ("web-01.example", "web-01.example web 01 exampl exam xamp ampl mple"),
            ("エラー0x80070057が出る", "エラー 0x80070057 出"),
            ("the printer is offline", "printer prin rint inte nter offlin offl ffli flin line"),
            ("can't log in", "can't log"),
            ("ください", ""),
            ("", ""),
        ] {
            assert_eq!(pieces(text).join(" "), wanted, "{text}");
        }
    }

    #[test]
    fn words_written_in_hiragana_leave_pieces() {
        let pieces = pieces("メールがつながらない");
        assert!(pieces.contains(&"つな".to_owned()), "{pieces:?}");
    }

    #[test]
    fn dictionary_words_have_content() {
        let mut found = Vec::new();
        dictionary("サーバーを再起動してください", |token| found.push(token.text));
        assert!(found.contains(&"サーバ"), "{found:?}");
        assert!(found.iter().all(|word| !word.starts_with('を')), "{found:?}");
    }
}
