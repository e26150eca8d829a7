//! The articles as an index in memory. Finds candidates; ranking and probabilities are made in `rank` and `calibrate`.
//!
//! Title, questions and text are one field with weights (BM25F): the parts of an article are evidence for one thing.
//! Questions people asked, confirmed to be answered by an article, are ways to ask it like those its author wrote.
//! The score is our own because tantivy fixes `k1` and scores each field by itself; in a large knowledge base tantivy finds
//! the candidates ([`Search`]).

use std::collections::{HashMap, HashSet};

use crate::domain::{Article, Confirmed, Language};
use crate::text::kana::LoanWords;
use crate::text::normalise;
use crate::text::script::{Script, script};

use super::entry::{Entry, HANDS, Lengths, Question, Without};
use super::letters::Rarity;
use super::question::Query;
use super::search::Search;
use super::terms::{Vocabulary, Words, hash};

/// Candidates of a message handed to the ranking.
pub(super) const CANDIDATES: usize = 48;

/// Past questions kept for one article: the latest. More teach nothing and make one article louder than the others.
const PAST: usize = 64;

/// Up to this many articles all of them are scored, which is exact and takes less time than the search library's own
/// bookkeeping; above it the search finds the candidates.
const SMALL: usize = 4_000;

/// How much a dictionary word counts beside the same word in the light stream: it is a second look at it.
pub(super) const DICTIONARY_SHARE: f32 = 0.5;

/// The index.
pub(super) struct Faq {
    pub(super) entries: Vec<Entry>,
    pub(super) vocabulary: Vocabulary,
    /// Inverse document frequency by term number.
    pub(super) idf: Vec<f32>,
    /// By term number: the hand of past questions that alone has it; [`HANDS`] for a term an author wrote or several have.
    only: Vec<u8>,
    /// The idf of a term no article has.
    pub(super) unknown_idf: f32,
    pub(super) words: Words,
    pub(super) loan_words: LoanWords,
    pub(super) rarity: Rarity,
    pub(super) lengths: Lengths,
    /// What people asked, each text once with all its articles' entries.
    pub(super) past: Vec<Past>,
    finder: Finder,
}

/// How candidates are found.
enum Finder {
    /// By term number: the articles that have it, each with the share of the term's weight it earns (0 to 1).
    All(Vec<Vec<(u32, f32)>>),
    Search(Search),
}

/// A question somebody asked.
pub(super) struct Past {
    /// As written, normalised.
    pub(super) text: String,
    pub(super) hand: u8,
    /// The entries that answer it, ascending.
    pub(super) entries: Vec<u32>,
}

impl Past {
    pub(super) fn answered_by(&self, entry: usize) -> bool {
        u32::try_from(entry).is_ok_and(|entry| self.entries.binary_search(&entry).is_ok())
    }
}

impl Faq {
    /// The index of all articles and of what people asked; `history` is oldest first.
    ///
    /// # Errors
    /// When the search library fails, which it does only without memory.
    pub(super) fn build(articles: &[Article], history: &[Confirmed], words: Words) -> tantivy::Result<Self> {
        let ids: HashSet<(&str, Language)> =
            articles.iter().map(|article| (article.id.as_str(), article.language)).collect();
        let mut vocabulary = Vocabulary::default();
        let mut entries: Vec<Entry> = articles
            .iter()
            .map(|article| {
                let mut entry = Entry::read(article, &words, &mut vocabulary);
                let other = |language: &Language| *language != article.language;
                entry.translated = Language::ALL.iter().any(|l| other(l) && ids.contains(&(&article.id, *l)));
                entry
            })
            .collect();
        let past = past(&entries, history);
        for asked in &past {
            for entry in &asked.entries {
                entries[*entry as usize].add(asked.text.clone(), Some(asked.hand), &words, &mut vocabulary);
            }
        }
        let lengths = Lengths::of(&entries);
        let having = counts(&entries, vocabulary.len());
        let idf: Vec<f32> = having.into_iter().map(|having| idf(entries.len(), having)).collect();
        let only = if past.is_empty() { Vec::new() } else { only(&entries, vocabulary.len()) };
        let questions = || entries.iter().flat_map(|entry| &entry.questions);
        let rarity = Rarity::of(questions().map(|question| question.text.as_str()));
        let loan_words = loan_words(articles);
        for question in entries.iter_mut().flat_map(|entry| &mut entry.questions) {
            question.letters = rarity.letters(&question.text);
            question.mass =
                question.terms.iter().zip(&question.shares).map(|(t, share)| share * idf[*t as usize]).sum();
        }
        for entry in &mut entries {
            entry.join_letters();
        }
        // An unknown word is rare, not infinitely rare: as if one article had it.
        let unknown_idf = self::idf(entries.len().max(1), 1);
        let finder = if entries.len() <= SMALL {
            Finder::All(postings(&entries, lengths, vocabulary.len()))
        } else {
            Finder::Search(Search::build(&entries)?)
        };
        Ok(Self { entries, vocabulary, idf, only, unknown_idf, words, loan_words, rarity, lengths, past, finder })
    }

    /// The number of a term, unless `without` leaves out every text that has it.
    pub(super) fn number(&self, key: u64, without: Without<'_>) -> Option<u32> {
        let number = self.vocabulary.find(key)?;
        match without {
            Without::Hand(hand) if self.only[number as usize] == hand => None,
            Without::Hand(_) | Without::Nothing | Without::Question(_) | Without::Article(_) => Some(number),
        }
    }

    /// All questions, article by article.
    pub(super) fn questions_mut(&mut self) -> impl Iterator<Item = &mut Question> {
        self.entries.iter_mut().flat_map(|entry| &mut entry.questions)
    }

    /// Takes a past question out of the articles of the name it was confirmed for. The search still finds them by it, the ranking no
    /// longer sees it.
    pub(super) fn forget(&mut self, text: &str, article: &str) {
        for entry in self.entries.iter_mut().filter(|entry| entry.id == article) {
            entry.questions.retain(|question| question.hand.is_none() || question.text != text);
            entry.join_letters();
        }
    }

    /// Articles `wanted` that share terms with the query, at most `most`, the most promising ones first.
    pub(super) fn candidates(&self, query: &Query, most: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<u32> {
        let postings = match &self.finder {
            Finder::All(postings) => postings,
            Finder::Search(search) => {
                let mut found = search.find(query);
                found.retain(|entry| wanted(&self.entries[*entry as usize]));
                found.truncate(most);
                return found;
            }
        };
        let mut scores = vec![0.0_f32; self.entries.len()];
        for (place, term) in query.terms.iter().enumerate() {
            let weight = query.searched(place);
            for (entry, impact) in &postings[term.number as usize] {
                scores[*entry as usize] += weight * impact;
            }
        }
        let mut hits: Vec<(u32, f32)> =
            (0..).zip(scores).filter(|(entry, score)| *score > 0.0 && wanted(&self.entries[*entry as usize])).collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if hits.len() > most {
            hits.select_nth_unstable_by(most, order);
            hits.truncate(most);
        }
        hits.sort_unstable_by(order);
        hits.into_iter().map(|(entry, _)| entry).collect()
    }
}

/// The past questions, each text once. One that is confirmed for an article nobody has any more is left out.
fn past(entries: &[Entry], history: &[Confirmed]) -> Vec<Past> {
    let mut by_id: HashMap<&str, Vec<u32>> = HashMap::new();
    for (number, entry) in (0_u32..).zip(entries) {
        by_id.entry(&entry.id).or_default().push(number);
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut counts = vec![0_usize; entries.len()];
    let mut past: Vec<Past> = Vec::new();
    // From the latest on: what is too much is the oldest.
    for confirmed in history.iter().rev() {
        let Some(editions) = by_id.get(confirmed.article.as_str()) else { continue };
        let same = |entry: &&u32| entries[**entry as usize].language == confirmed.language;
        let Some(entry) = editions.iter().find(same).or(editions.first()).copied() else { continue };
        let text = normalise(&confirmed.text);
        let text = text.trim();
        if text.is_empty() || counts[entry as usize] == PAST {
            continue;
        }
        let place = *places.entry(text.to_owned()).or_insert(past.len());
        if place == past.len() {
            past.push(Past { text: text.to_owned(), hand: hand(text), entries: Vec::new() });
        }
        let answered = &mut past[place].entries;
        if let Err(free) = answered.binary_search(&entry) {
            answered.insert(free, entry);
            counts[entry as usize] += 1;
        }
    }
    past
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder is below HANDS")]
fn hand(text: &str) -> u8 {
    (hash(5, text.as_bytes()) % u64::from(HANDS)) as u8
}

/// How many articles have each term.
fn counts(entries: &[Entry], terms: usize) -> Vec<usize> {
    let mut having = vec![0_usize; terms];
    let mut last = vec![usize::MAX; terms];
    for (number, entry) in entries.iter().enumerate() {
        for term in entry.terms() {
            if std::mem::replace(&mut last[term as usize], number) != number {
                having[term as usize] += 1;
            }
        }
    }
    having
}

/// See [`Faq::only`].
fn only(entries: &[Entry], terms: usize) -> Vec<u8> {
    const NOBODY: u8 = u8::MAX;
    let mut only = vec![NOBODY; terms];
    let mut seen = |term: u32, by: u8| {
        let known = &mut only[term as usize];
        *known = if *known == NOBODY || *known == by { by } else { HANDS };
    };
    for entry in entries {
        entry.body_terms().for_each(|term| seen(term, HANDS));
        for question in &entry.questions {
            question.terms.iter().for_each(|term| seen(*term, question.hand.unwrap_or(HANDS)));
        }
    }
    only
}

fn postings(entries: &[Entry], lengths: Lengths, terms: usize) -> Vec<Vec<(u32, f32)>> {
    let mut postings: Vec<Vec<(u32, f32)>> = vec![Vec::new(); terms];
    for (number, entry) in (0_u32..).zip(entries) {
        for (term, impact) in entry.impacts(Without::Nothing, lengths, |_| true) {
            postings[term as usize].push((number, impact.all));
        }
    }
    postings
}

/// The katakana words of titles and texts.
fn loan_words(articles: &[Article]) -> LoanWords {
    let mut words = LoanWords::default();
    for text in articles.iter().flat_map(|article| [&article.title, &article.body]) {
        for word in text.split(|c| script(c) != Script::Katakana).filter(|word| !word.is_empty()) {
            words.add(word);
        }
    }
    words
}

#[expect(clippy::cast_precision_loss, reason = "counts of articles are far below 2^24")]
fn idf(articles: usize, having: usize) -> f32 {
    (1.0 + (articles as f32 - having as f32 + 0.5) / (having as f32 + 0.5)).ln()
}
