//! Candidates → features → an order. The features compare the query with an article's questions and with its text.

use crate::domain::Language;

use super::faq::{DICTIONARY_SHARE, Entry, Faq, Hit, Question};
use super::question::{Query, is_whole};

/// What is left out when a question is asked of the index that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without<'a> {
    /// Nothing: a real message.
    Nothing,
    /// This way to ask (normalised), wherever it is.
    Question(&'a str),
    /// A whole article, in both languages: the query then has no right answer.
    Article(&'a str),
}

/// How alike a query and an article are; each 0 to 1, but for the count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Likeness {
    /// Dice coefficient with the nearest question, by weight.
    pub(super) dice: f64,
    /// The same with the second nearest.
    pub(super) second: f64,
    /// Share of the query the nearest question has.
    pub(super) query_in_question: f64,
    /// Share of the nearest question the query has.
    pub(super) question_in_query: f64,
    /// Share of the query the whole article has.
    pub(super) query_in_article: f64,
    /// BM25F beside what the query could reach at most.
    pub(super) text: f64,
    /// The heaviest word of the query the article does not have, beside the heaviest word.
    pub(super) missing: f64,
    /// Share of the query's dictionary words the nearest question has.
    pub(super) dictionary: f64,
    /// Weight of what the query and the article share, 1 for four rare words.
    pub(super) evidence: f64,
    /// Share of the article's questions that are of the query's request type.
    pub(super) agreement: f64,
    /// The search score beside the best candidate's.
    pub(super) search: f64,
}

/// A candidate with its likeness and its score (higher is better; 0 to about 1.15).
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) entry: usize,
    pub(super) likeness: Likeness,
    pub(super) score: f64,
}

impl Likeness {
    /// The order of candidates. Weights chosen by hand among a dozen mixtures, by how often the shipped articles' own
    /// questions find their article when they are left out of it; public question sets agree. The search score decides,
    /// the nearest questions settle what is close.
    fn score(&self) -> f64 {
        0.60 * self.search
            + 0.10 * self.dice
            + 0.10 * self.second
            + 0.10 * self.query_in_article
            + 0.10 * self.dictionary
            + 0.05 * self.query_in_question
            + 0.05 * self.question_in_query
            + 0.05 * self.agreement
    }
}

/// Candidates for `query`, best first, one for each article; with `among` only those it names.
///
/// An article that has a translation is only looked at in `language`; one that has none is found from either language.
pub(super) fn ranked(
    faq: &Faq,
    query: &Query,
    among: Option<&[bool]>,
    language: Language,
    without: Without<'_>,
) -> Vec<Ranked> {
    let mut found = faq.candidates(query, among, |entry| {
        (!entry.translated || entry.language == language) && without != Without::Article(&entry.id)
    });
    if let Without::Question(text) = without {
        for hit in &mut found {
            *hit = faq.without(query, hit, text);
        }
    }
    let best = found.iter().fold(1e-9_f32, |most, hit| most.max(hit.score));
    let places = Places::new(query, faq);
    let mut all: Vec<Ranked> = found
        .iter()
        .map(|hit| {
            let mut likeness = places.compare(&faq.entries[hit.entry], hit, without);
            likeness.search = f64::from(hit.score / best);
            Ranked { entry: hit.entry, likeness, score: likeness.score() }
        })
        .collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
    all
}

/// Where each term stands in the query, by term number: sets of terms become bits.
struct Places<'q> {
    query: &'q Query,
    /// 0: not in the query; n: the query's term n − 1.
    by_number: Vec<u8>,
    light_mask: u64,
    whole_mask: u64,
    /// Weight of the heaviest whole word, known or not.
    heaviest: f32,
    /// The weight of four rare words.
    much: f64,
}

impl<'q> Places<'q> {
    fn new(query: &'q Query, faq: &Faq) -> Self {
        let mut by_number = vec![0; faq.vocabulary.len()];
        let mut whole_mask = 0;
        let mut heaviest = query.heaviest_unknown;
        for (place, term) in (1_u8..).zip(query.terms.iter().take(64)) {
            by_number[term.number as usize] = place;
            if is_whole(term.kind) {
                whole_mask |= 1 << (place - 1);
                heaviest = heaviest.max(term.weight);
            }
        }
        let light_mask = if query.light >= 64 { u64::MAX } else { (1 << query.light) - 1 };
        Self { query, by_number, light_mask, whole_mask, heaviest, much: f64::from(faq.unknown_idf).max(1e-6) * 4.0 }
    }

    fn mask(&self, terms: &[u32]) -> u64 {
        terms.iter().fold(0, |mask, term| match self.by_number[*term as usize] {
            0 => mask,
            place => mask | 1 << (place - 1),
        })
    }

    fn weight(&self, mask: u64) -> f64 {
        self.terms(mask).map(f64::from).sum()
    }

    /// The weights of the terms in `mask`.
    fn terms(&self, mut mask: u64) -> impl Iterator<Item = f32> + '_ {
        std::iter::from_fn(move || {
            if mask == 0 {
                return None;
            }
            let place = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            Some(self.query.terms[place].weight)
        })
    }

    fn compare(&self, entry: &Entry, hit: &Hit, without: Without<'_>) -> Likeness {
        let whole = f64::from(self.query.mass).max(1e-9);
        let most = f64::from(DICTIONARY_SHARE.mul_add(self.query.dictionary_mass, self.query.mass)).max(1e-9);
        let mut nearest = Likeness::default();
        let mut second = 0.0_f64;
        let (mut same, mut asked) = (0.0, 0.0);
        for question in entry.questions.iter().filter(|question| without != Without::Question(&question.text)) {
            let likeness = self.likeness(question, whole);
            asked += 1.0;
            same += if self.query.class.is_some() && self.query.class == question.class { 1.0 } else { 0.0 };
            if likeness.dice > nearest.dice {
                second = nearest.dice;
                nearest = likeness;
            } else {
                second = second.max(likeness.dice);
            }
        }
        let missing = self.terms(self.whole_mask & !hit.covered).fold(self.query.heaviest_unknown, f32::max);
        let covered = self.weight(hit.covered & self.light_mask);
        nearest.second = second;
        nearest.query_in_article = covered / whole;
        nearest.evidence = (covered / self.much).min(1.0);
        nearest.agreement = same / f64::max(asked, 1.0);
        nearest.text = f64::from(hit.score) / most;
        nearest.missing = f64::from(missing / self.heaviest.max(1e-6));
        nearest
    }

    fn likeness(&self, question: &Question, whole: f64) -> Likeness {
        let mask = self.mask(&question.terms);
        let shared = self.weight(mask & self.light_mask);
        let asked = f64::from(question.mass).max(1e-9);
        let dictionary_mass = f64::from(self.query.dictionary_mass);
        let dictionary = if dictionary_mass > 0.0 {
            self.weight(mask & !self.light_mask) / dictionary_mass
        } else {
            // No dictionary words in the query: the light stream speaks for them.
            shared / whole
        };
        Likeness {
            dice: (2.0 * shared / (whole + asked)).min(1.0),
            query_in_question: shared / whole,
            question_in_query: (shared / asked).min(1.0),
            dictionary: dictionary.min(1.0),
            ..Likeness::default()
        }
    }
}
