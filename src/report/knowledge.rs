//! How the knowledge base stands: how many articles, which are due for review, unused or misleading.

use std::collections::BTreeSet;

use chrono::TimeZone;

use super::Sheets;
use super::sheet::{Cell, Kind, Section};
use crate::domain::catalog::Handling;
use crate::domain::{Article, Channel, Visibility};

impl Sheets<'_> {
    pub(super) fn knowledge(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "knowledge",
            words.knowledge,
            words.knowledge_how,
            &[("what", words.what, Kind::Text), ("count", words.count, Kind::Count)],
        );
        let (tally, beside) = (&self.told.tally, &self.told.beside);
        let zone = tally.basis.catalog.desk.timezone;
        let ends = tally.span.to.utc().map(|utc| zone.from_utc_datetime(&utc.naive_utc()).date_naive());
        let articles = &tally.basis.catalog.articles;
        let sent: BTreeSet<&str> = beside.sent.iter().map(|(article, _)| article.as_str()).collect();
        let misleading = self.misleading();
        let of = |wanted: &dyn Fn(&Article) -> bool| -> Vec<String> {
            let found: BTreeSet<&str> =
                articles.iter().filter(|article| wanted(article)).map(|article| article.id.as_str()).collect();
            found.into_iter().map(str::to_owned).collect()
        };
        let is_public = |article: &Article| article.visibility == Visibility::Public;
        let lists = [
            (words.articles, of(&|_| true)),
            (words.internal, of(&|article| !is_public(article))),
            (words.overdue, of(&|article| article.review_by.zip(ends).is_some_and(|(by, ends)| by < ends))),
            (words.used, of(&|article| sent.contains(article.id.as_str()))),
            (words.unused, of(&|article| is_public(article) && !sent.contains(article.id.as_str()))),
            (words.misleading, misleading.into_iter().collect()),
            (words.unanswered, self.unanswered()),
        ];
        for (name, list) in lists {
            section.row(vec![name.into(), Cell::from(list.len())], vec![("count", list)]);
        }
        for (what, list) in &self.told.care {
            let cells = vec![what.get(words.language).into(), Cell::from(list.len())];
            section.row(cells, vec![("count", list.clone())]);
        }
        section
    }

    /// Tickets of types the knowledge base should answer, for which it had nothing.
    fn unanswered(&self) -> Vec<String> {
        let tally = &self.told.tally;
        let asks_first = |intent: Option<&str>| {
            let known = intent.and_then(|id| tally.basis.catalog.intent(id));
            known.is_none_or(|intent| intent.handling == Handling::FaqFirst)
        };
        let open = tally
            .cohort
            .iter()
            .filter(|fact| !fact.has_article && fact.channel != Channel::Alert && asks_first(fact.intent.as_deref()));
        super::ids(open.map(|fact| fact.id))
    }
}
