//! Loan words written in hiragana (`めーる`, `ろぐいん`), spelt as the articles spell them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::script::{Script, script};

/// Bytes of a kana.
const KANA: usize = 3;

/// Shortest word that is recognised inside a run: shorter ones (ごみ) only where a particle or nothing follows. A
/// long-vowel mark is a sign of a loan word by itself.
const SHORTEST: usize = 4;
const SHORTEST_MARKED: usize = 3;

/// Hiragana that are more often themselves than a word in katakana.
const THEMSELVES: &[&str] = &[
    "でも", "もの", "こと", "ため", "また", "まだ", "など", "から", "まで", "ここ", "どこ", "それ", "これ", "する",
    "して",
];

/// What a word may follow beside the beginning of its run.
const BEFORE: &[char] = &['が', 'を', 'は', 'に', 'で', 'と', 'も', 'の', 'へ', 'や'];

/// Katakana words a text may hold in hiragana.
#[derive(Debug, Default)]
pub struct LoanWords {
    /// By their first two characters, the longest first.
    words: HashMap<(char, char), Vec<Box<str>>>,
}

impl LoanWords {
    /// Notes a normalised word; anything but a katakana word of some length is ignored.
    pub fn add(&mut self, word: &str) {
        let length = word.chars().count();
        let mut letters = word.chars();
        let (Some(first), Some(second)) = (letters.next(), letters.next()) else { return };
        if length < 2 || word.len() != length * KANA || word.chars().any(|c| script(c) != Script::Katakana) {
            return;
        }
        let alike = self.words.entry((first, second)).or_default();
        let place = alike.partition_point(|known| known.len() > word.len());
        if alike.iter().all(|known| **known != *word) {
            alike.insert(place, word.into());
        }
    }

    /// The normalised text with such words in katakana. Every character keeps its place: a kana is as long in either script.
    #[must_use]
    pub fn respell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.words.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut changed: Option<String> = None;
        let mut before = None;
        let mut skip_to = 0;
        for (at, c) in text.char_indices() {
            let begins = script(c) == Script::Hiragana
                && before.is_none_or(|b| script(b) != Script::Hiragana && b != 'ー' || BEFORE.contains(&b));
            before = Some(c);
            if !begins || at < skip_to {
                continue;
            }
            if let Some(word) = self.word_at(&text[at..]) {
                skip_to = at + word.len();
                changed.get_or_insert_with(|| text.to_owned()).replace_range(at..skip_to, word);
            }
        }
        changed.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    fn word_at(&self, rest: &str) -> Option<&str> {
        let mut letters = rest.chars().map(katakana);
        let alike = self.words.get(&(letters.next()?, letters.next()?))?;
        let stands = |word: &&str| {
            let mut read = rest.chars();
            word.chars().all(|c| read.next().map(katakana) == Some(c))
        };
        alike.iter().map(AsRef::as_ref).filter(|word| may_stand(word, rest)).find(stands)
    }
}

/// Whether what follows a short word in `rest` lets it be a word of its own.
fn may_stand(word: &str, rest: &str) -> bool {
    let length = word.len() / KANA;
    if length >= SHORTEST || (length >= SHORTEST_MARKED && word.contains('ー')) {
        return true;
    }
    let ends = rest.get(word.len()..).and_then(|rest| rest.chars().next());
    let alone = ends.is_none_or(|next| script(next) != Script::Hiragana || BEFORE.contains(&next));
    alone && rest.get(..word.len()).is_some_and(|written| !THEMSELVES.contains(&written))
}

/// The katakana for a hiragana, any other character as it is.
fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loan_words_in_hiragana_are_respelt() {
        let mut words = LoanWords::default();
        for word in ["メール", "メールアドレス", "ログイン", "パスワード", "サイト", "ゴミ", "デモ", "password", "メ"]
        {
            words.add(word);
        }
        for (text, wanted) in [
            ("めーるが届かない", "メールが届かない"),
            ("めーるあどれすを変えたい", "メールアドレスを変えたい"),
            ("ぱすわーどでろぐいんできない", "パスワードでログインできない"),
            ("メールが届かない", "メールが届かない"),
            ("返信しなさいと言われた", "返信しなさいと言われた"),
            ("うろぐいん", "うろぐいん"),
            ("大型ごみの日", "大型ゴミの日"),
            ("ごみごみした町でも", "ごみごみした町でも"),
            ("", ""),
        ] {
            let spelt = words.respell(text);
            assert_eq!(spelt, wanted);
            assert_eq!(spelt.len(), text.len());
        }
    }
}
