//! The articles as an index in memory. Finds candidates; ranking and probabilities are made in `rank` and `calibrate`.

use std::collections::HashSet;

use tantivy::collector::TopDocs;
use tantivy::directory::RamDirectory;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query as SearchQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, ReloadPolicy, Searcher, TantivyDocument, Term};

use crate::domain::{Article, Language, Visibility};
use crate::text::synonyms::Synonyms;
use crate::text::tokenise::Kind;
use crate::text::{cut, normalise};

use super::question::Query;
use super::terms::{Piece, Vocabulary, pieces};

/// Candidates the search hands to the ranking.
pub(super) const CANDIDATES: usize = 24;

/// Terms the search is asked for: the heaviest ones; the ranking looks at all of them.
const SEARCHED_TERMS: usize = 24;

/// Characters of an article's text that are indexed.
const BODY_CHARS: usize = 3_000;

/// How often the terms of title and questions count beside those of the text.
const QUESTION_BOOST: usize = 2;

/// Heap the index writer may use; small indexes need a fraction of it.
const WRITER_BYTES: usize = 15_000_000;

/// The index.
pub(super) struct Faq {
    pub(super) entries: Vec<Entry>,
    pub(super) vocabulary: Vocabulary,
    /// Inverse document frequency by term number.
    pub(super) idf: Vec<f32>,
    /// The idf of a term no article has.
    pub(super) unknown_idf: f32,
    pub(super) synonyms: Synonyms,
    searcher: Option<Searcher>,
    field: Field,
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
    /// Terms of the text, each once.
    pub(super) body: Vec<u32>,
}

/// One way to ask.
pub(super) struct Question {
    /// As written, normalised.
    pub(super) text: String,
    /// Terms, each once.
    pub(super) terms: Vec<u32>,
    /// The sum of their weights (letters inside words excepted): what a query must cover to be this question.
    pub(super) mass: f32,
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
        let mut frequency: Vec<u32> = Vec::new();
        let mut entries = Vec::with_capacity(articles.len());
        let mut weights: Vec<Vec<Vec<f32>>> = Vec::with_capacity(articles.len());
        for article in articles {
            let mut entry = Entry {
                id: article.id.clone(),
                language: article.language,
                public: article.visibility == Visibility::Public,
                translated: Language::ALL
                    .iter()
                    .any(|other| *other != article.language && ids.contains(&(&article.id, *other))),
                questions: Vec::new(),
                body: Vec::new(),
            };
            let mut question_weights = Vec::new();
            let mut asked: HashSet<String> = HashSet::new();
            for text in std::iter::once(&article.title).chain(&article.questions) {
                let text = normalise(text);
                if asked.insert(text.clone()) {
                    let (terms, shares) = numbered(&pieces(&text, &synonyms), &mut vocabulary);
                    entry.questions.push(Question { text, terms, mass: 0.0 });
                    question_weights.push(shares);
                }
            }
            let body = format!("{}\n{}", normalise(cut(&article.body, BODY_CHARS)), normalise(&article.tags.join(" ")));
            entry.body = numbered(&pieces(&body, &synonyms), &mut vocabulary).0;
            frequency.resize(vocabulary.len(), 0);
            let all: HashSet<u32> = entry.questions.iter().flat_map(|q| &q.terms).chain(&entry.body).copied().collect();
            for term in all {
                frequency[term as usize] += 1;
            }
            entries.push(entry);
            weights.push(question_weights);
        }
        let idf: Vec<f32> = frequency.iter().map(|df| idf(entries.len(), *df)).collect();
        for (entry, shares) in entries.iter_mut().zip(&weights) {
            for (question, shares) in entry.questions.iter_mut().zip(shares) {
                question.mass =
                    question.terms.iter().zip(shares).map(|(term, share)| share * idf[*term as usize]).sum();
            }
        }
        let unknown_idf = idf_unknown(entries.len());
        let (searcher, field) = index(&entries)?;
        Ok(Self { entries, vocabulary, idf, unknown_idf, synonyms, searcher, field })
    }

    /// Articles that share terms with the query, best first by BM25, with their scores.
    pub(super) fn candidates(&self, query: &Query, limit: usize) -> Vec<(usize, f32)> {
        let Some(searcher) = &self.searcher else { return Vec::new() };
        let mut terms: Vec<(u32, f32)> = query.terms.iter().map(|term| (term.number, term.weight)).collect();
        terms.sort_by(|a, b| b.1.total_cmp(&a.1));
        let clauses: Vec<(Occur, Box<dyn SearchQuery>)> = terms
            .into_iter()
            .take(SEARCHED_TERMS)
            .map(|(number, weight)| {
                let term = Term::from_field_text(self.field, &name(number));
                let one: Box<dyn SearchQuery> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
                let boosted: Box<dyn SearchQuery> = Box::new(BoostQuery::new(one, weight));
                (Occur::Should, boosted)
            })
            .collect();
        if clauses.is_empty() {
            return Vec::new();
        }
        // A failing search finds nothing: the message then goes to people, which is where it belongs.
        let found = searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(limit).order_by_score());
        found.unwrap_or_default().into_iter().map(|(score, place)| (place.doc_id as usize, score)).collect()
    }
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
fn idf(articles: usize, having: u32) -> f32 {
    (1.0 + (articles as f32 - having as f32 + 0.5) / (having as f32 + 0.5)).ln()
}

fn idf_unknown(articles: usize) -> f32 {
    // As if one more article had it: an unknown word is rare, not infinitely rare.
    idf(articles.max(1), 1)
}

/// The word a term number is indexed under.
fn name(number: u32) -> String {
    number.to_string()
}

fn index(entries: &[Entry]) -> tantivy::Result<(Option<Searcher>, Field)> {
    let mut schema = Schema::builder();
    let indexing =
        TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(IndexRecordOption::WithFreqs);
    let field = schema.add_text_field("terms", TextOptions::default().set_indexing_options(indexing));
    let builder = Index::builder().schema(schema.build());
    // One segment written in order: a document's number is its entry's.
    let mut writer = builder.single_segment_index_writer(RamDirectory::create(), WRITER_BYTES)?;
    for entry in entries {
        let mut words = String::new();
        for term in entry.questions.iter().flat_map(|question| &question.terms) {
            for _ in 0..QUESTION_BOOST {
                words.push_str(&name(*term));
                words.push(' ');
            }
        }
        for term in &entry.body {
            words.push_str(&name(*term));
            words.push(' ');
        }
        let mut document = TantivyDocument::default();
        document.add_text(field, words);
        writer.add_document(document)?;
    }
    if entries.is_empty() {
        return Ok((None, field));
    }
    let reader = writer.finalize()?.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok((Some(reader.searcher()), field))
}
