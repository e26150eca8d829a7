//! The articles as an index in memory. Finds candidates; ranking and probabilities are made in `rank` and `calibrate`.
//!
//! Title, questions and text are one field with weights (BM25F): the parts of an article are evidence for one thing.
//! tantivy finds the candidates ([`Search`]); the score is our own because the library fixes `k1` and scores each field by itself.

use std::collections::HashSet;

use crate::domain::{Article, Language, Visibility};
use crate::text::synonyms::Synonyms;
use crate::text::tokenise::Kind;
use crate::text::{cut, normalise};

use super::question::Query;
use super::search::Search;
use super::terms::{Piece, Vocabulary, pieces};

/// Candidates the search hands to the ranking.
pub(super) const CANDIDATES: usize = 24;

/// Characters of an article's text that are indexed.
const BODY_CHARS: usize = 3_000;

/// How often the terms of title and questions count beside those of the text.
const QUESTION_BOOST: f32 = 2.0;

/// How much a dictionary word counts beside the same word in the light stream: it is a second look at it.
pub(super) const DICTIONARY_SHARE: f32 = 0.5;

/// Saturation and length normalisation of BM25F; high `k1` because an article says its topic many times.
const K1: f32 = 4.0;
const B: f32 = 0.75;

/// The index.
pub(super) struct Faq {
    pub(super) entries: Vec<Entry>,
    pub(super) vocabulary: Vocabulary,
    /// Inverse document frequency by term number.
    pub(super) idf: Vec<f32>,
    /// The idf of a term no article has.
    pub(super) unknown_idf: f32,
    pub(super) synonyms: Synonyms,
    /// By term number: the articles that have it, each with the share of the term's weight it earns (0 to 1).
    postings: Vec<Vec<(u32, f32)>>,
    lengths: Lengths,
    pub(super) search: Search,
}

/// Mean numbers of terms of an article's questions and text.
#[derive(Clone, Copy, Debug, Default)]
struct Lengths {
    questions: f32,
    body: f32,
}

/// One article in one language.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) language: Language,
    pub(super) public: bool,
    /// The same article exists in the other language.
    pub(super) translated: bool,
    /// The title and the other ways to ask.
    pub(super) questions: Vec<Question>,
    /// Terms of the text, ascending, each once with how often it stands there.
    body: Vec<(u32, f32)>,
    /// Terms of the text, counted with repeats.
    body_length: f32,
}

/// One way to ask.
pub(super) struct Question {
    /// As written, normalised.
    pub(super) text: String,
    /// Terms, ascending, each once.
    pub(super) terms: Vec<u32>,
    /// The weight of each term's kind (0 for letters inside words).
    shares: Vec<f32>,
    /// The sum of their weights (letters inside words excepted): what a query must cover to be this question.
    pub(super) mass: f32,
    /// The request type it is most likely of.
    pub(super) class: Option<usize>,
}

/// What the search says of an article.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hit {
    pub(super) entry: usize,
    /// BM25F.
    pub(super) score: f32,
    /// The query's terms the article has, by their places in the query.
    pub(super) covered: u64,
}

impl Faq {
    /// The index of all articles.
    ///
    /// # Errors
    /// When the search library fails, which it does only without memory.
    pub(super) fn build(articles: &[Article], synonyms: Synonyms) -> tantivy::Result<Self> {
        let ids: HashSet<(&str, Language)> =
            articles.iter().map(|article| (article.id.as_str(), article.language)).collect();
        let mut vocabulary = Vocabulary::default();
        let mut entries: Vec<Entry> = articles
            .iter()
            .map(|article| {
                let mut entry = entry(article, &synonyms, &mut vocabulary);
                let other = |language: &Language| *language != article.language;
                entry.translated = Language::ALL.iter().any(|l| other(l) && ids.contains(&(&article.id, *l)));
                entry
            })
            .collect();
        let lengths = Lengths::of(&entries);
        let mut postings: Vec<Vec<(u32, f32)>> = vec![Vec::new(); vocabulary.len()];
        for (number, entry) in (0_u32..).zip(&entries) {
            for (term, impact) in entry.impacts(None, lengths) {
                postings[term as usize].push((number, impact));
            }
        }
        let idf: Vec<f32> = postings.iter().map(|having| idf(entries.len(), having.len())).collect();
        for question in entries.iter_mut().flat_map(|entry| &mut entry.questions) {
            question.mass =
                question.terms.iter().zip(&question.shares).map(|(t, share)| share * idf[*t as usize]).sum();
        }
        // An unknown word is rare, not infinitely rare: as if one article had it.
        let unknown_idf = self::idf(entries.len().max(1), 1);
        let search = Search::build(&entries)?;
        Ok(Self { entries, vocabulary, idf, unknown_idf, synonyms, postings, lengths, search })
    }

    /// Notes the request type of each question, as `likeliest` has it.
    pub(super) fn type_questions(&mut self, likeliest: impl Fn(&str) -> Option<usize>) {
        for question in self.entries.iter_mut().flat_map(|entry| &mut entry.questions) {
            question.class = likeliest(&question.text);
        }
    }

    /// Articles that share terms with the query, best first; with `among` only those it names by their place.
    pub(super) fn candidates(
        &self,
        query: &Query,
        among: Option<&[bool]>,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Vec<Hit> {
        let mut scores = vec![(0.0_f32, 0_u64); self.entries.len()];
        for (place, term) in query.terms.iter().take(64).enumerate() {
            let weight = searched(query, place);
            for (entry, impact) in &self.postings[term.number as usize] {
                let (score, covered) = &mut scores[*entry as usize];
                *score += weight * impact;
                *covered |= 1 << place;
            }
        }
        let mut hits: Vec<Hit> = scores
            .into_iter()
            .enumerate()
            .filter(|(entry, (score, _))| {
                let named = among.is_none_or(|among| among.get(*entry).copied().unwrap_or_default());
                *score > 0.0 && named && wanted(&self.entries[*entry])
            })
            .map(|(entry, (score, covered))| Hit { entry, score, covered })
            .collect();
        let order = |a: &Hit, b: &Hit| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry));
        if hits.len() > CANDIDATES {
            hits.select_nth_unstable_by(CANDIDATES, order);
            hits.truncate(CANDIDATES);
        }
        hits.sort_by(order);
        hits
    }

    /// `hit` as it would be if its article did not have the question `left_out` (normalised).
    pub(super) fn without(&self, query: &Query, hit: &Hit, left_out: &str) -> Hit {
        let entry = &self.entries[hit.entry];
        if entry.questions.iter().all(|question| question.text != left_out) {
            return *hit;
        }
        let impacts = entry.impacts(Some(left_out), self.lengths);
        let mut changed = Hit { entry: hit.entry, ..Hit::default() };
        for (place, term) in query.terms.iter().take(64).enumerate() {
            if let Ok(found) = impacts.binary_search_by_key(&term.number, |(number, _)| *number) {
                changed.covered |= 1 << place;
                changed.score += searched(query, place) * impacts[found].1;
            }
        }
        changed
    }
}

impl Entry {
    /// Every term with its repeats: those of the questions, then those of the text.
    pub(super) fn terms(&self) -> impl Iterator<Item = u32> {
        let asked = self.questions.iter().flat_map(|question| question.terms.iter().copied());
        asked.chain(self.body.iter().map(|(term, _)| *term))
    }

    /// Each term the article has, ascending, with the share of its weight it earns.
    fn impacts(&self, left_out: Option<&str>, mean: Lengths) -> Vec<(u32, f32)> {
        let questions = || self.questions.iter().filter(|question| left_out != Some(question.text.as_str()));
        let asked = QUESTION_BOOST / relative(questions().map(Question::length).sum(), mean.questions);
        let told = 1.0 / relative(self.body_length, mean.body);
        let mut terms: Vec<(u32, f32)> = self.body.iter().map(|(term, count)| (*term, count * told)).collect();
        terms.extend(questions().flat_map(|question| question.terms.iter().map(|term| (*term, asked))));
        terms.sort_unstable_by_key(|(term, _)| *term);
        terms.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        for (_, count) in &mut terms {
            *count /= *count + K1;
        }
        terms
    }
}

impl Question {
    #[expect(clippy::cast_precision_loss, reason = "a question has few terms")]
    fn length(&self) -> f32 {
        self.terms.len() as f32
    }
}

/// BM25's length normalisation: 1 for an article of mean length.
fn relative(length: f32, mean: f32) -> f32 {
    1.0 - B + B * length / mean.max(1.0)
}

impl Lengths {
    #[expect(clippy::cast_precision_loss, reason = "counts of articles are far below 2^24")]
    fn of(entries: &[Entry]) -> Self {
        let count = entries.len().max(1) as f32;
        let questions = entries.iter().flat_map(|entry| &entry.questions).map(Question::length).sum::<f32>() / count;
        Self { questions, body: entries.iter().map(|entry| entry.body_length).sum::<f32>() / count }
    }
}

fn entry(article: &Article, synonyms: &Synonyms, vocabulary: &mut Vocabulary) -> Entry {
    let mut questions: Vec<Question> = Vec::with_capacity(article.questions.len() + 1);
    for text in std::iter::once(&article.title).chain(&article.questions) {
        let text = normalise(text);
        if questions.iter().all(|question| question.text != text) {
            let (terms, shares) = numbered(&pieces(&text, synonyms), vocabulary);
            questions.push(Question { text, terms, shares, mass: 0.0, class: None });
        }
    }
    let text = format!("{}\n{}", normalise(cut(&article.body, BODY_CHARS)), normalise(&article.tags.join(" ")));
    let mut body: Vec<(u32, f32)> =
        pieces(&text, synonyms).iter().map(|piece| (vocabulary.add(piece.key), 1.0)).collect();
    let body_length = body.iter().map(|(_, one)| one).sum();
    body.sort_unstable_by_key(|(term, _)| *term);
    body.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0.0 };
        same
    });
    let public = article.visibility == Visibility::Public;
    Entry {
        id: article.id.clone(),
        language: article.language,
        public,
        translated: false,
        questions,
        body,
        body_length,
    }
}

/// What the term at `place` counts in the search.
fn searched(query: &Query, place: usize) -> f32 {
    let share = if place < query.light { 1.0 } else { DICTIONARY_SHARE };
    query.terms[place].weight * share
}

/// Term numbers, each once, and for each the weight of its kind.
fn numbered(pieces: &[Piece], vocabulary: &mut Vocabulary) -> (Vec<u32>, Vec<f32>) {
    let mut all: Vec<(u32, f32)> = pieces
        .iter()
        .map(|piece| {
            let weight = match piece.kind {
                // Letters inside words only help to find misspelt words; dictionary words are a view of their own.
                Kind::Gram | Kind::Dictionary => 0.0,
                Kind::Kanji
                | Kind::KanjiPair
                | Kind::Katakana
                | Kind::KatakanaTriple
                | Kind::Word
                | Kind::Kana
                | Kind::Code => piece.weight,
            };
            (vocabulary.add(piece.key), weight)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    all.dedup_by_key(|(number, _)| *number);
    all.into_iter().unzip()
}

#[expect(clippy::cast_precision_loss, reason = "counts of articles are far below 2^24")]
fn idf(articles: usize, having: usize) -> f32 {
    (1.0 + (articles as f32 - having as f32 + 0.5) / (having as f32 + 0.5)).ln()
}
