//! Candidates → features → an order. The features compare the query with an article's questions and with its text.

use crate::domain::Language;

use super::entry::{Entry, Without};
use super::faq::Faq;
use super::letters::Spread;
use super::order::{FEATURES, Order};
use super::question::{Query, Weighed, is_whole};
use super::sheet::{Places, Row, Sheet};

/// Candidates looked at when the index is asked one of its own questions.
const OWN: usize = 32;

/// Candidates of a query whose questions are compared, the best ones of the search; the others are far behind.
pub(super) const COMPARED: usize = 24;

/// An article's nearest questions by words that are compared letter by letter.
const BY_LETTER: usize = 3;

/// The nearest questions of all candidates vote for their articles; the first counts most.
const VOTES: usize = 10;

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
    /// The search score of the article's text alone, beside the best candidate's.
    pub(super) told: f64,
    /// Likeness to the nearest question letter by letter.
    pub(super) letters: f64,
    /// The same beside the best candidate's.
    pub(super) most_letters: f64,
    /// Likeness to all the article's questions together, letter by letter.
    pub(super) together: f64,
    /// The nearest question, by words and letters, beside the best candidate's.
    pub(super) nearest: f64,
    /// Votes of the nearest questions of all candidates.
    pub(super) votes: f64,
    /// How often people asked what this article answers; 1 for about twenty times.
    pub(super) asked: f64,
}

/// A candidate with its likeness and its score (higher is better; comparable within one query only).
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) entry: usize,
    pub(super) likeness: Likeness,
    pub(super) score: f64,
}

impl Likeness {
    /// What the order of candidates is made from; see [`super::order::NAMES`].
    pub(super) fn features(&self) -> [f64; FEATURES] {
        [
            self.search,
            self.text,
            self.dice,
            self.second,
            self.query_in_question,
            self.question_in_query,
            self.query_in_article,
            self.told,
            self.letters,
            self.most_letters,
            self.nearest,
            self.votes,
            self.asked,
            self.dictionary,
            self.agreement,
            self.missing,
            self.together,
        ]
    }
}

/// Whether an article takes part: one that has a translation only in `language`, one that has none in either language.
pub(super) fn takes_part(entry: &Entry, language: Language, without: Without<'_>) -> bool {
    (!entry.translated || entry.language == language) && without != Without::Article(&entry.id)
}

/// Candidates for a query that is one of the index's own questions, best first, one for each article.
pub(super) fn ranked(
    faq: &Faq,
    order: &Order,
    (query, terms): (&Query, &[Weighed]),
    language: Language,
    without: Without<'_>,
) -> Vec<Ranked> {
    let candidates = faq.candidates(query, OWN, |entry| takes_part(entry, language, without));
    let sheet = Sheet::new(faq, terms, &candidates, without);
    let mut spread = Spread::new();
    spread.load(&query.letters);
    compared(&sheet, order, (query, COMPARED), &spread)
}

/// The best candidates of `sheet` for one of its message's queries, whose letters are in `spread`, at most `most`, best first; those
/// that share nothing with it are left out.
pub(super) fn compared(
    sheet: &Sheet<'_>,
    order: &Order,
    (query, most): (&Query, usize),
    spread: &Spread,
) -> Vec<Ranked> {
    let comparison = Comparison::new(sheet, query);
    let mut rows: Vec<(&Row, Score)> =
        sheet.rows.iter().map(|row| (row, comparison.score(row))).filter(|(_, score)| score.all > 0.0).collect();
    rows.sort_by(|a, b| b.1.all.total_cmp(&a.1.all).then(a.0.entry.cmp(&b.0.entry)));
    rows.truncate(most);
    let best = rows.first().map_or(1e-9, |(_, score)| f64::from(score.all).max(1e-9));
    let most_told = rows.iter().fold(1e-9, |most, (_, score)| f64::from(score.told).max(most));
    let mut near: Vec<(f64, usize)> = Vec::new();
    let mut all: Vec<Ranked> = rows
        .iter()
        .enumerate()
        .map(|(number, (row, score))| {
            let mut likeness = comparison.likeness(row, score, spread, |nearness| near.push((nearness, number)));
            likeness.search = f64::from(score.all) / best;
            likeness.told = f64::from(score.told) / most_told;
            Ranked { entry: row.entry as usize, likeness, score: 0.0 }
        })
        .collect();
    vote(&mut all, near);
    for ranked in &mut all {
        ranked.score = order.score(&ranked.likeness);
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
    all
}

/// Fills in what depends on the other candidates. `near` holds how near each question is, with its candidate.
#[expect(clippy::cast_precision_loss, reason = "a handful of votes")]
fn vote(all: &mut [Ranked], mut near: Vec<(f64, usize)>) {
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let nearest = near.first().map_or(1e-9, |(nearness, _)| nearness.max(1e-9));
    for (number, (nearness, candidate)) in near.iter().enumerate() {
        let likeness = &mut all[*candidate].likeness;
        likeness.nearest = likeness.nearest.max(nearness / nearest);
        if number < VOTES {
            likeness.votes += nearness / (number + 1) as f64;
        }
    }
    let most = all.iter().fold(1e-9, |most: f64, one| most.max(one.likeness.letters));
    for ranked in all {
        ranked.likeness.most_letters = ranked.likeness.letters / most;
    }
}

/// Search scores of a candidate.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    all: f32,
    told: f32,
    /// The query's terms the article has, by their places in the query.
    covered: u64,
}

struct Comparison<'q> {
    sheet: &'q Sheet<'q>,
    query: &'q Query,
    places: Places,
    whole: f64,
    /// What BM25F could reach at most.
    most: f64,
    /// Weight of the heaviest whole word, known or not.
    heaviest: f32,
    /// The weight of four rare words.
    much: f64,
}

impl<'q> Comparison<'q> {
    fn new(sheet: &'q Sheet<'q>, query: &'q Query) -> Self {
        let whole_words = query.terms.iter().filter(|term| is_whole(term.kind)).map(|term| term.weight);
        Self {
            sheet,
            query,
            places: sheet.places(query),
            whole: f64::from(query.mass).max(1e-9),
            most: f64::from(query.most()).max(1e-9),
            heaviest: whole_words.fold(query.heaviest_unknown, f32::max).max(1e-6),
            much: f64::from(sheet.faq.unknown_idf).max(1e-6) * 4.0,
        }
    }

    fn score(&self, row: &Row) -> Score {
        let mut score = Score::default();
        for (word, impact) in &row.cells {
            if let Some(place) = self.places.get(*word) {
                let weight = self.query.searched(place);
                score.all += weight * impact.all;
                score.told += weight * impact.text;
                score.covered |= 1 << place;
            }
        }
        score
    }

    fn likeness(&self, row: &Row, score: &Score, spread: &Spread, mut near: impl FnMut(f64)) -> Likeness {
        let entry = &self.sheet.faq.entries[row.entry as usize];
        let mut best = Likeness::default();
        let mut nearest: [(f64, usize); BY_LETTER] = [(0.0, usize::MAX); BY_LETTER];
        for asked in &row.questions {
            let likeness = self.question(f64::from(entry.questions[asked.place].mass), &asked.words);
            let mut place = (likeness.dice, asked.place);
            for kept in &mut nearest {
                if place.0 > kept.0 {
                    std::mem::swap(kept, &mut place);
                }
            }
            if likeness.dice > best.dice {
                best = Likeness { second: best.dice, ..likeness };
            } else {
                best.second = best.second.max(likeness.dice);
            }
        }
        for (dice, place) in nearest.into_iter().filter(|(_, place)| *place != usize::MAX) {
            let letters = f64::from(spread.cosine(&entry.questions[place].letters));
            best.letters = best.letters.max(letters);
            near(f64::midpoint(dice, letters));
        }
        best.together = f64::from(entry.likeness(spread, self.sheet.without));
        let (covered, missing) = self.coverage(score.covered);
        best.query_in_article = covered / self.whole;
        best.evidence = (covered / self.much).min(1.0);
        best.agreement = self.agreement(entry);
        best.text = f64::from(score.all) / self.most;
        best.missing = f64::from(missing / self.heaviest);
        best.asked = often(row.past);
        best
    }

    /// Weight of the light terms in `covered`, and the heaviest whole word outside it.
    fn coverage(&self, covered: u64) -> (f64, f32) {
        let mut shared = 0.0;
        let mut missing = self.query.heaviest_unknown;
        for (place, term) in self.query.terms.iter().enumerate() {
            if covered & (1 << place) == 0 {
                missing = if is_whole(term.kind) { missing.max(term.weight) } else { missing };
            } else if place < self.query.light {
                shared += f64::from(term.weight);
            }
        }
        (shared, missing)
    }

    fn agreement(&self, entry: &Entry) -> f64 {
        let Some(class) = self.query.class else { return 0.0 };
        let (mut same, mut asked) = (0.0, 0.0);
        for question in entry.questions.iter().filter(|question| !self.sheet.without.leaves_out(question)) {
            asked += 1.0;
            same += if question.class == Some(class) { 1.0 } else { 0.0 };
        }
        same / f64::max(asked, 1.0)
    }

    /// The query beside one question of weight `mass` that has `words` of it.
    fn question(&self, mass: f64, words: &[u8]) -> Likeness {
        let (mut shared, mut dictionary) = (0.0, 0.0);
        for place in words.iter().filter_map(|word| self.places.get(*word)) {
            let weight = f64::from(self.query.terms[place].weight);
            if place < self.query.light {
                shared += weight;
            } else {
                dictionary += weight;
            }
        }
        let dictionary_mass = f64::from(self.query.dictionary_mass);
        // No dictionary words in the query: the light stream speaks for them.
        let dictionary = if dictionary_mass > 0.0 { dictionary / dictionary_mass } else { shared / self.whole };
        Likeness {
            dice: (2.0 * shared / (self.whole + mass.max(1e-9))).min(1.0),
            query_in_question: shared / self.whole,
            question_in_query: (shared / mass.max(1e-9)).min(1.0),
            dictionary: dictionary.min(1.0),
            ..Likeness::default()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions are small")]
fn often(past: usize) -> f64 {
    (past as f64).ln_1p() / 3.0
}
