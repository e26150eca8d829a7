//! A message as search queries: its terms, read once, and for any stretch of it the heaviest ones, bounded.

use std::ops::Range;

use crate::text::tokenise::Kind;

use super::entry::Without;
use super::faq::{DICTIONARY_SHARE, Faq};
use super::letters::Letters;
use super::terms::{Piece, pieces};

/// Terms of the light stream that are looked at: the heaviest ones.
const LIGHT_TERMS: usize = 48;
/// Dictionary words looked at. Together they fit the 64 bits of a mask.
const DICTIONARY_TERMS: usize = 16;

/// What an unknown pair of kanji counts beside a known one: inside a compound every second pair straddles two words.
const STRADDLING: f32 = 0.5;

/// A term of a text with its place in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    key: u64,
    /// `None`: no article has it.
    pub(super) number: Option<u32>,
    kind: Kind,
    /// Kind weight × idf.
    pub(super) weight: f32,
    start: usize,
}

/// A term of the query that some article has.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryTerm {
    pub(super) number: u32,
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
    /// The heaviest whole word no article has.
    pub(super) heaviest_unknown: f32,
    /// Weight of all dictionary words.
    pub(super) dictionary_mass: f32,
    /// Names and numbers no article has (`web01`): signs of a particular case.
    pub(super) unknown_codes: usize,
    /// Different words and concepts, letters inside words not counted.
    pub(super) words: usize,
    /// The request type the message is most likely of.
    pub(super) class: Option<usize>,
    /// The words letter by letter; only of a whole text.
    pub(super) letters: Letters,
}

impl Query {
    /// The query for a whole normalised text without greetings, and the terms it was made from; words that stand only in what is
    /// left out are unknown, as they are in a message nobody wrote before.
    pub(super) fn whole(text: &str, faq: &Faq, without: Without<'_>) -> (Self, Vec<Weighed>) {
        let terms = read(text, faq, without);
        let mut query = Self::part(&terms, &(0..usize::MAX));
        query.letters = faq.rarity.letters(text);
        (query, terms)
    }

    /// The query for those of the terms [`read`] found that begin in `range`, in bytes.
    pub(super) fn part(terms: &[Weighed], range: &Range<usize>) -> Self {
        let mut query = Self::default();
        let mut light: Vec<QueryTerm> = Vec::with_capacity(terms.len());
        let mut dictionary: Vec<QueryTerm> = Vec::new();
        let mut last = None;
        for one in terms.iter().filter(|term| range.contains(&term.start)) {
            if last.replace(one.key) == Some(one.key) {
                continue;
            }
            let term = one.number.map(|number| QueryTerm { number, weight: one.weight, kind: one.kind });
            if one.kind == Kind::Dictionary {
                query.dictionary_mass += one.weight;
                dictionary.extend(term);
                continue;
            }
            query.mass += one.weight;
            query.words += usize::from(is_whole(one.kind));
            if term.is_none() {
                query.unknown += one.weight;
                query.unknown_codes += usize::from(one.kind == Kind::Code);
                if is_whole(one.kind) {
                    query.heaviest_unknown = query.heaviest_unknown.max(one.weight);
                }
            }
            light.extend(term);
        }
        heaviest(&mut light, LIGHT_TERMS);
        heaviest(&mut dictionary, DICTIONARY_TERMS);
        query.light = light.len();
        light.append(&mut dictionary);
        query.terms = light;
        query
    }
}

impl Query {
    /// What an article that has every term, and much of it, reaches in the search.
    pub(super) fn most(&self) -> f32 {
        DICTIONARY_SHARE.mul_add(self.dictionary_mass, self.mass)
    }

    /// What the term at `place` counts in the search.
    pub(super) fn searched(&self, place: usize) -> f32 {
        let share = if place < self.light { 1.0 } else { DICTIONARY_SHARE };
        self.terms[place].weight * share
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

/// The terms of a normalised text by key, the heaviest of the same key first. The letters of a Latin word count only where the
/// word itself is unknown: they then stand for it.
pub(super) fn read(text: &str, faq: &Faq, without: Without<'_>) -> Vec<Weighed> {
    let pieces = pieces(&faq.loan_words.respell(text), &faq.words);
    let mut all: Vec<Weighed> = Vec::with_capacity(pieces.len());
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let number = faq.number(piece.key, without);
        let idf = number.map_or(faq.unknown_idf, |number| faq.idf[number as usize]);
        at += 1;
        let inner = pieces[at..].iter().take_while(|next| next.kind == Kind::Gram).count();
        let grams = &pieces[at..at + inner];
        at += inner;
        if number.is_none() && piece.kind == Kind::Kana {
            // Hiragana no article has is an ending or a phrase of politeness, not a topic.
            continue;
        }
        if number.is_none() && piece.kind == Kind::Word && inner > 0 {
            spelt(piece, grams, faq, &mut all);
        } else {
            let share = if number.is_none() && piece.kind == Kind::KanjiPair { STRADDLING } else { 1.0 };
            let weight = piece.weight * idf * share;
            all.push(Weighed { key: piece.key, number, kind: piece.kind, weight, start: piece.start });
        }
    }
    all.sort_unstable_by(|a, b| a.key.cmp(&b.key).then(b.weight.total_cmp(&a.weight)));
    all
}

/// An unknown word by its letters; together they weigh as much as the word would.
#[expect(clippy::cast_precision_loss, reason = "a word has few letters")]
fn spelt(word: &Piece, grams: &[Piece], faq: &Faq, all: &mut Vec<Weighed>) {
    let weight = word.weight * faq.unknown_idf / grams.len() as f32;
    for gram in grams {
        let number = faq.vocabulary.find(gram.key);
        all.push(Weighed { key: gram.key, number, kind: Kind::Gram, weight, start: word.start });
    }
}
