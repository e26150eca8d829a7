//! The desk's month or year as tables: performance against SLO and SLA, volumes, work, incidents, complaints, satisfaction, trends,
//! nonconformities, knowledge, automation. Pure: tickets with their histories go in one after the other ([`Tally::add`]), a view
//! model comes out ([`make`]). It reads no clock and no store.

mod courses;
mod downtime;
mod facts;
mod knowledge;
mod levels;
mod outages;
mod page;
pub mod period;
mod quality;
mod registers;
mod sheet;
mod trends;
mod voices;
mod volumes;
mod words;
mod work;

use chrono::TimeZone;

pub use facts::{Basis, Tally};
pub use page::page;
pub use period::{NoPeriod, Period};
pub use sheet::{Cell, Column, Kind, Report, Row, Section, shown};
pub use words::{Words, words};

use crate::domain::{Beside, Bilingual, Language, TicketId, Timestamp};

/// One period's tickets, and what is needed beside them.
#[derive(Debug)]
pub struct Told<'a> {
    /// The tickets.
    pub tally: Tally<'a>,
    /// The rest.
    pub beside: Beside,
    /// What articles need, as things are when the report is made: in words, and which articles.
    pub care: Vec<(Bilingual, Vec<String>)>,
}

/// What tables are made from.
pub(crate) struct Sheets<'a> {
    told: &'a Told<'a>,
    words: &'static Words,
}

impl Sheets<'_> {
    /// A request type's name.
    fn title(&self, intent: Option<&str>) -> String {
        let Some(id) = intent else { return self.words.unknown.to_owned() };
        let known = self.told.tally.basis.catalog.intent(id);
        known.map_or_else(|| id.to_owned(), |intent| intent.title.get(self.words.language).to_owned())
    }

    /// A request type; `none` for what belongs to none.
    fn type_cell(&self, intent: Option<&str>) -> Cell {
        Cell::named(self.title(intent), intent.unwrap_or("none"))
    }

    /// A queue's name.
    fn team(&self, queue: &str) -> String {
        let known = self.told.tally.basis.catalog.queue(queue);
        known.map_or_else(|| queue.to_owned(), |known| known.title.get(self.words.language).to_owned())
    }

    /// Where a request type stands in the catalog; those it does not know come last.
    fn place(&self, intent: Option<&str>) -> usize {
        let intents = &self.told.tally.basis.catalog.intents;
        intents.iter().position(|known| Some(known.id.as_str()) == intent).unwrap_or(intents.len())
    }

    fn local(&self, at: Timestamp) -> String {
        let zone = self.told.tally.basis.catalog.desk.timezone;
        at.utc().map_or_else(String::new, |utc| {
            zone.from_utc_datetime(&utc.naive_utc()).format("%Y-%m-%d %H:%M").to_string()
        })
    }
}

/// Ticket numbers as they are shown.
fn ids(tickets: impl IntoIterator<Item = TicketId>) -> Vec<String> {
    tickets.into_iter().map(|id| id.to_string()).collect()
}

/// The report on `period`, compared with the one before it, in `language`.
#[must_use]
pub fn make(period: Period, language: Language, this: &Told<'_>, last: &Told<'_>) -> Report {
    let words = words(language);
    let basis = this.tally.basis;
    let [now, before] = [this, last].map(|told| Sheets { told, words });
    let zone = basis.catalog.desk.timezone;
    let instant =
        |at: Timestamp| at.utc().map_or_else(String::new, |utc| zone.from_utc_datetime(&utc.naive_utc()).to_rfc3339());
    let span = this.tally.span;
    Report {
        desk: basis.catalog.desk.name.clone(),
        period: period.to_string(),
        previous: period.previous().to_string(),
        from: instant(span.from),
        to: instant(span.to),
        made_at: instant(basis.now),
        timezone: zone.name().to_owned(),
        words,
        sections: vec![
            now.trends(&before),
            now.levels(),
            now.times(),
            now.volumes(),
            now.workload_of_teams(),
            now.workload_of_types(),
            now.incidents(),
            now.availability(),
            now.problems(),
            now.approvals(),
            now.complaints(),
            now.satisfaction(),
            now.satisfaction_questions(&period.to_string()),
            now.satisfaction_groups(),
            now.satisfaction_comments(),
            now.nonconformities(),
            now.precision(),
            now.knowledge(),
            now.automation(),
        ],
    }
}
