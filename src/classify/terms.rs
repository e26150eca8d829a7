//! Terms of texts as numbers: every piece of the token streams and every synonym concept has one number.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::text::lemmas::Lemmas;
use crate::text::script::{Script, script};
use crate::text::synonyms::Synonyms;
use crate::text::tokenise::{Kind, Token, dictionary, light};

/// A piece of a text, hashed. Two pieces of different classes (a word and four letters of another) never share a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) key: u64,
    pub(super) kind: Kind,
    /// Beside 1 for a whole word.
    pub(super) weight: f32,
    /// Where it begins in the text, in bytes.
    pub(super) start: usize,
}

/// Share of a piece's weight that remains when a synonym concept stands for it: the concept is what must match.
const COVERED: f32 = 0.35;

/// What a kanji with the first hiragana after it (送れ, 切り) counts: it tells verbs of one kanji from compounds.
const STEM: f32 = 0.6;

/// Hiragana that begin a new word after a kanji more often than they end its own.
const PARTICLES: &[char] = &['の', 'を', 'は', 'が', 'に', 'で', 'と', 'へ', 'も', 'や'];

/// Dictionary words are looked up in this much of a text; the segmenter is the slowest step.
const DICTIONARY_CHARS: usize = 240;

/// What texts are cut into pieces with, beside the rules that every desk has.
#[derive(Default)]
pub(super) struct Words {
    pub(super) synonyms: Synonyms,
    /// Of a desk that has a dictionary.
    pub(super) lemmas: Option<Arc<Lemmas>>,
}

/// The pieces of a normalised text: light stream in order, synonym concepts, then dictionary words.
pub(super) fn pieces(text: &str, words: &Words) -> Vec<Piece> {
    let concepts = words.synonyms.find(text);
    let mut found = Vec::with_capacity(text.len());
    let mut next = 0;
    let mut japanese = false;
    light(text, |token| {
        while next < concepts.len() && concepts[next].end <= token.start {
            next += 1;
        }
        let covered = concepts
            .get(next)
            .is_some_and(|concept| concept.start <= token.start && token.start + token.text.len() <= concept.end);
        japanese |= matches!(token.kind, Kind::Kanji | Kind::Katakana);
        let weight = token.kind.weight() * if covered { COVERED } else { 1.0 };
        found.push(Piece { key: key(&token), kind: token.kind, weight, start: token.start });
        if token.kind == Kind::Kanji
            && let Some(end) = stem_end(text, token.start + token.text.len())
        {
            let key = hash(4, &text.as_bytes()[token.start..end]);
            found.push(Piece {
                key,
                kind: Kind::Kana,
                weight: weight / token.kind.weight() * STEM,
                start: token.start,
            });
        }
    });
    for concept in &concepts {
        found.push(Piece { key: concept_key(concept.group), kind: Kind::Word, weight: 1.0, start: concept.start });
    }
    if japanese {
        dictionary(crate::text::cut(text, DICTIONARY_CHARS), |token| {
            found.push(Piece { key: key(&token), kind: token.kind, weight: token.kind.weight(), start: token.start });
        });
    }
    if let Some(lemmas) = &words.lemmas {
        lemmas.each(text, |lemma, start| {
            let kind = Kind::Dictionary;
            found.push(Piece { key: hash(6, lemma.as_bytes()), kind, weight: kind.weight(), start });
        });
    }
    found
}

/// Where the hiragana that follows a kanji at `at` ends, when it belongs to the kanji's word.
fn stem_end(text: &str, at: usize) -> Option<usize> {
    let next = text[at..].chars().next()?;
    (script(next) == Script::Hiragana && !PARTICLES.contains(&next)).then(|| at + next.len_utf8())
}

fn key(token: &Token<'_>) -> u64 {
    let class = match token.kind {
        Kind::Dictionary => 1,
        Kind::Gram | Kind::KatakanaTriple => 2,
        Kind::Kanji | Kind::KanjiPair | Kind::Katakana | Kind::Word | Kind::Kana | Kind::Code => 0,
    };
    hash(class, token.text.as_bytes())
}

fn concept_key(group: usize) -> u64 {
    hash(3, &(group as u64).to_le_bytes())
}

/// FNV-1a, 64 bits, begun with the class.
pub(super) fn hash(class: u8, bytes: &[u8]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in std::iter::once(&class).chain(bytes) {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // FNV leaves the low bits of short keys alike; the table needs them mixed.
    state ^ (state >> 29)
}

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// Numbers for keys, in order of appearance.
#[derive(Default)]
pub(super) struct Vocabulary {
    numbers: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
}

impl Vocabulary {
    /// The number of `key`, a new one when it has none.
    pub(super) fn add(&mut self, key: u64) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(key).or_insert(next)
    }

    pub(super) fn find(&self, key: u64) -> Option<u32> {
        self.numbers.get(&key).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_share_a_concept_and_their_own_pieces_count_less() {
        let synonyms = Synonyms::new(&[vec!["パスワード".to_owned(), "pw".to_owned()]]);
        let words = Words { synonyms, lemmas: None };
        let long = pieces("パスワードを忘れた", &words);
        let short = pieces("pwを忘れた", &words);
        let shared: Vec<f32> = long
            .iter()
            .filter(|piece| short.iter().any(|other| other.key == piece.key))
            .map(|piece| piece.weight)
            .collect();
        assert!(shared.iter().any(|weight| (*weight - 1.0).abs() < 1e-6), "{shared:?}");
        assert!(long[0].weight < 0.5);
    }

    #[test]
    fn a_word_and_letters_inside_another_word_differ() {
        let none = Words::default();
        let word: Vec<u64> = pieces("mail", &none).iter().map(|piece| piece.key).collect();
        let inside: Vec<u64> = pieces("mailbox", &none).iter().map(|piece| piece.key).collect();
        assert!(word.iter().all(|key| !inside.contains(key)));
    }
}
