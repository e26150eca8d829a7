//! How much came in: by channel, service, request type, queue, hour, weekday, and who dealt with it.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeZone, Timelike};

use super::facts::{Fact, Handled};
use super::sheet::{Cell, Kind, Section};
use super::{Sheets, ids};
use crate::domain::TicketId;

impl Sheets<'_> {
    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    pub(super) fn volumes(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "volumes",
            words.volumes,
            words.volumes_how,
            &[
                ("by", words.by, Kind::Text),
                ("value", words.what, Kind::Text),
                ("count", words.count, Kind::Count),
                ("share", words.part, Kind::Share),
            ],
        );
        section.bars = Some(2);
        let all = &self.told.tally.cohort;
        let cells = |by: &str, name: String, count: usize| {
            let share = count as f64 / all.len().max(1) as f64;
            vec![by.into(), name.into(), count.into(), Cell::Figure(share)]
        };
        let everything = ids(all.iter().map(|fact| fact.id));
        section.total(cells(words.total, String::new(), all.len()), vec![("count", everything)]);
        let by_type = |fact: &Fact| (self.place(fact.intent.as_deref()), self.title(fact.intent.as_deref()));
        let by_service = |fact: &Fact| (0, fact.service.clone().unwrap_or_else(|| words.unknown.to_owned()));
        let by_outcome = |fact: &Fact| {
            let name = match fact.handled {
                Handled::Answered => words.alone,
                Handled::Recovered => words.recovered_alone,
                Handled::People => words.people,
            };
            (fact.handled as usize, name.to_owned())
        };
        for (by, lines) in [
            (words.by_channel, grouped(all, |fact| (0, fact.channel.to_string()))),
            (words.by_type, grouped(all, by_type)),
            (words.by_queue, grouped(all, |fact| (0, self.team(&fact.queue)))),
            (words.by_service, grouped(all, by_service)),
            (words.by_outcome, grouped(all, by_outcome)),
            (words.by_hour, grouped(all, |fact| (0, self.hour(fact)))),
            (words.by_weekday, grouped(all, |fact| self.weekday(fact))),
        ] {
            for ((_, name), tickets) in lines {
                section.row(cells(by, name, tickets.len()), vec![("count", ids(tickets))]);
            }
        }
        section
    }

    fn hour(&self, fact: &Fact) -> String {
        let zone = self.told.tally.basis.catalog.desk.timezone;
        fact.created_at
            .utc()
            .map_or_else(String::new, |utc| format!("{:02}:00", zone.from_utc_datetime(&utc.naive_utc()).hour()))
    }

    fn weekday(&self, fact: &Fact) -> (usize, String) {
        let zone = self.told.tally.basis.catalog.desk.timezone;
        fact.created_at.utc().map_or_else(Default::default, |utc| {
            let day = zone.from_utc_datetime(&utc.naive_utc()).weekday().num_days_from_monday() as usize;
            (day, self.words.weekday(day).to_owned())
        })
    }
}

/// Tickets by what `key` says of them, in order of its number and name.
fn grouped(all: &[Fact], key: impl Fn(&Fact) -> (usize, String)) -> BTreeMap<(usize, String), Vec<TicketId>> {
    let mut lines: BTreeMap<(usize, String), Vec<TicketId>> = BTreeMap::new();
    for fact in all {
        lines.entry(key(fact)).or_default().push(fact.id);
    }
    lines
}
