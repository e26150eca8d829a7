//! The first look: a tantivy index in memory finds the articles that may be meant at all. Scores are made from them elsewhere.

use tantivy::collector::TopDocs;
use tantivy::directory::RamDirectory;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query as SearchQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::entry::Entry;
use super::question::Query;

/// Articles that go on to the ranking.
const FOUND: usize = 64;

/// Terms asked for: the heaviest ones. More cost time and find no better candidates: the light ones are in every article.
const SEARCHED_TERMS: usize = 16;

/// Heap the index writer may use; small indexes need a fraction of it.
const WRITER_BYTES: usize = 15_000_000;

/// The index. An empty knowledge base has none.
pub(super) struct Search {
    searcher: Option<Searcher>,
    field: Field,
}

impl Search {
    /// Indexes every article's questions and text by their term numbers.
    ///
    /// # Errors
    /// When the search library fails, which it does only without memory.
    pub(super) fn build(entries: &[Entry]) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let indexing =
            TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(IndexRecordOption::WithFreqs);
        let field = schema.add_text_field("terms", TextOptions::default().set_indexing_options(indexing));
        if entries.is_empty() {
            return Ok(Self { searcher: None, field });
        }
        // One segment written in order: a document's number is its entry's.
        let builder = Index::builder().schema(schema.build());
        let mut writer = builder.single_segment_index_writer(RamDirectory::create(), WRITER_BYTES)?;
        for entry in entries {
            let words: Vec<String> = entry.terms().map(name).collect();
            let mut document = TantivyDocument::default();
            document.add_text(field, words.join(" "));
            writer.add_document(document)?;
        }
        let reader = writer.finalize()?.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { searcher: Some(reader.searcher()), field })
    }

    /// The best articles for `query`, by their numbers, best first.
    pub(super) fn find(&self, query: &Query) -> Vec<u32> {
        let Some(searcher) = &self.searcher else { return Vec::new() };
        let mut terms: Vec<(u32, f32)> =
            query.terms.iter().enumerate().map(|(place, term)| (term.number, query.searched(place))).collect();
        terms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let clause = |(number, weight): (u32, f32)| {
            let term = Term::from_field_text(self.field, &name(number));
            let one: Box<dyn SearchQuery> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            let weighed: Box<dyn SearchQuery> = Box::new(BoostQuery::new(one, weight.max(0.0)));
            (Occur::Should, weighed)
        };
        let clauses: Vec<_> = terms.into_iter().take(SEARCHED_TERMS).map(clause).collect();
        // A failing search finds nothing: the message then goes to people, which is where it belongs.
        let found = searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(FOUND).order_by_score());
        found.unwrap_or_default().into_iter().map(|(_, place)| place.doc_id).collect()
    }
}

/// The word a term number is indexed under.
fn name(number: u32) -> String {
    number.to_string()
}
