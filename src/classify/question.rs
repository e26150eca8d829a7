//! A message as a search query: its heaviest terms, bounded.

use crate::text::tokenise::Kind;

use super::faq::Faq;
use super::terms::{Piece, pieces};

/// Terms of the light stream that are looked at: the heaviest ones.
pub(super) const LIGHT_TERMS: usize = 48;
/// Dictionary words looked at. Together they fit the 64 bits of a mask.
pub(super) const DICTIONARY_TERMS: usize = 16;

/// A term of the query that some article has.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryTerm {
    pub(super) number: u32,
    /// Kind weight × idf.
    pub(super) weight: f32,
    pub(super) kind: Kind,
}

/// The query. Terms `0..light` are of the light stream, the rest are dictionary words.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) terms: Vec<QueryTerm>,
    pub(super) light: usize,
    /// Weight of all light terms, also of those no article has.
    pub(super) mass: f32,
    /// Weight of the light terms no article has.
    pub(super) unknown: f32,
    /// Weight of all dictionary words.
    pub(super) dictionary_mass: f32,
    /// Names and numbers no article has (`web01`): signs of a particular case.
    pub(super) unknown_codes: usize,
    /// Different words and concepts, letters inside words not counted.
    pub(super) words: usize,
}

impl Query {
    /// The query for a normalised text without greetings.
    pub(super) fn new(text: &str, faq: &Faq) -> Self {
        let mut query = Self::default();
        let found = weighed(&pieces(text, &faq.synonyms), faq);
        let mut light: Vec<QueryTerm> = Vec::new();
        let mut dictionary: Vec<QueryTerm> = Vec::new();
        for one in &found {
            if one.kind == Kind::Dictionary {
                query.dictionary_mass += one.weight;
                if let Some(number) = one.number {
                    dictionary.push(QueryTerm { number, weight: one.weight, kind: one.kind });
                }
                continue;
            }
            query.mass += one.weight;
            query.words += usize::from(is_whole(one.kind));
            if let Some(number) = one.number {
                light.push(QueryTerm { number, weight: one.weight, kind: one.kind });
            } else {
                query.unknown += one.weight;
                query.unknown_codes += usize::from(one.kind == Kind::Code);
            }
        }
        heaviest(&mut light, LIGHT_TERMS);
        heaviest(&mut dictionary, DICTIONARY_TERMS);
        query.light = light.len();
        light.append(&mut dictionary);
        query.terms = light;
        query
    }
}

/// Whether a piece is a word of its own rather than a part of one.
pub(super) const fn is_whole(kind: Kind) -> bool {
    matches!(kind, Kind::KanjiPair | Kind::Katakana | Kind::Word | Kind::Code)
}

fn heaviest(terms: &mut Vec<QueryTerm>, most: usize) {
    if terms.len() > most {
        terms.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        terms.truncate(most);
    }
}

struct Weighed {
    key: u64,
    number: Option<u32>,
    kind: Kind,
    weight: f32,
}

/// Each piece once. The letters of a Latin word count only where the word itself is unknown: they then stand for it.
fn weighed(pieces: &[Piece], faq: &Faq) -> Vec<Weighed> {
    let mut all: Vec<Weighed> = Vec::with_capacity(pieces.len());
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let number = faq.vocabulary.find(piece.key);
        let idf = number.map_or(faq.unknown_idf, |number| faq.idf[number as usize]);
        at += 1;
        let inner = pieces[at..].iter().take_while(|next| next.kind == Kind::Gram).count();
        let grams = &pieces[at..at + inner];
        at += inner;
        if number.is_none() && piece.kind == Kind::Word && inner > 0 {
            spelt(piece, grams, faq, &mut all);
        } else {
            all.push(Weighed { key: piece.key, number, kind: piece.kind, weight: piece.weight * idf });
        }
    }
    all.sort_unstable_by_key(|one| one.key);
    all.dedup_by_key(|one| one.key);
    all
}

/// An unknown word by its letters; together they weigh as much as the word would.
#[expect(clippy::cast_precision_loss, reason = "a word has few letters")]
fn spelt(word: &Piece, grams: &[Piece], faq: &Faq, all: &mut Vec<Weighed>) {
    let share = word.weight * faq.unknown_idf / grams.len() as f32;
    for gram in grams {
        all.push(Weighed { key: gram.key, number: faq.vocabulary.find(gram.key), kind: Kind::Gram, weight: share });
    }
}
