//! Major incidents, and the availability that follows from them.

use std::collections::BTreeMap;

use super::downtime;
use super::facts::Outage;
use super::sheet::{Cell, Kind, Section};
use super::{Sheets, ids};
use crate::domain::Span;
use crate::domain::problem::ProblemState;
use crate::text::redact::redact;

/// Shorter outages do not count against availability.
const LEAST_MINUTES: f64 = 5.0;

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a period are far below 2^52")]
fn minutes(span: &Span) -> f64 {
    (span.to.0 - span.from.0) as f64 / 60_000.0
}

fn length(outage: &Outage) -> f64 {
    outage.stretches.iter().map(minutes).sum()
}

/// An outage that began in the last period may have only a minute in this one.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of an outage are far below 2^52")]
fn counts(outage: &Outage) -> bool {
    outage.whole_ms as f64 / 60_000.0 >= LEAST_MINUTES
}

/// Stretches of several outages, each instant once.
fn union(outages: &[&Outage]) -> f64 {
    let mut all: Vec<Span> = outages.iter().flat_map(|outage| outage.stretches.iter().copied()).collect();
    all.sort_by_key(|span| span.from);
    let (mut down, mut until) = (0.0, None);
    for span in all {
        let from = until.map_or(span.from, |until| span.from.max(until));
        if from < span.to {
            down += minutes(&Span { from, to: span.to });
            until = Some(span.to);
        }
    }
    down
}

impl Sheets<'_> {
    pub(super) fn incidents(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "incidents",
            words.incidents,
            words.incidents_how,
            &[
                ("date", words.date, Kind::Text),
                ("service", words.service, Kind::Text),
                ("event", words.event, Kind::Text),
                ("cause", words.cause, Kind::Text),
                ("problem", words.problem, Kind::Text),
                ("workaround", words.workaround, Kind::Text),
                ("downtime", words.downtime, Kind::Minutes),
                ("reports", words.reports, Kind::Count),
                ("in_time", words.in_time, Kind::Count),
                ("late", words.late, Kind::Count),
                ("state", words.state, Kind::Text),
            ],
        );
        let clean = |text: &str| redact(text).into_owned();
        for outage in &self.told.tally.outages {
            let problem = self.told.beside.problems.iter().find(|one| Some(&one.key) == outage.matter.as_ref());
            let known = problem.filter(|one| one.state != ProblemState::Counted);
            let cause = outage.cause.as_deref().or_else(|| problem?.cause.as_deref());
            let workaround = problem.and_then(|one| one.workaround.as_deref());
            let cells = vec![
                Cell::from(self.local(outage.began_at)),
                outage.service.clone().into(),
                clean(&outage.event).into(),
                cause.map(clean).into(),
                known.map(|one| one.key.clone()).into(),
                workaround.map(clean).into(),
                Cell::Figure(length(outage)),
                Cell::Count(u64::from(outage.reports)),
                Cell::Count(u64::from(outage.in_time)),
                Cell::Count(u64::from(outage.late)),
                if outage.lasts { words.lasts } else { words.recovered }.into(),
            ];
            section.row(cells, vec![("downtime", ids([outage.ticket]))]);
        }
        section
    }

    pub(super) fn availability(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "availability",
            words.availability,
            words.availability_how,
            &[
                ("service", words.service, Kind::Text),
                ("outages", words.outages, Kind::Count),
                ("downtime", words.downtime, Kind::Minutes),
                ("planned", words.planned, Kind::Minutes),
                ("availability", words.availability, Kind::Share),
                ("longest", words.longest, Kind::Minutes),
                ("mttr", words.mttr, Kind::Minutes),
                ("verdict", words.verdict, Kind::Text),
            ],
        );
        let tally = &self.told.tally;
        let terms = tally.basis.terms;
        let bounds = [
            ("{mttr}", terms.mttr_minutes.to_string()),
            ("{longest}", terms.longest_minutes.to_string()),
            ("{outages}", terms.outages.to_string()),
        ];
        section.formula = bounds.iter().fold(section.formula, |text, (name, bound)| text.replace(name, bound));
        let counted: Vec<&Outage> = tally.outages.iter().filter(|outage| counts(outage)).collect();
        let mut services: BTreeMap<String, Vec<&Outage>> = BTreeMap::new();
        for outage in &counted {
            let name = outage.service.clone().unwrap_or_else(|| words.unknown.to_owned());
            services.entry(name).or_default().push(outage);
        }
        let to = tally.span.to.min(tally.basis.now).max(tally.span.from);
        let whole = Span { from: tally.span.from, to };
        // Maintenance of some services alone takes nothing from the whole.
        let planned = |service: Option<&str>| -> f64 {
            let maintenance = downtime::planned(&tally.basis.catalog.service.maintenance, service);
            downtime::outside(vec![whole], &maintenance).iter().map(minutes).sum()
        };
        for (name, outages) in services {
            let service = planned(outages.first().and_then(|outage| outage.service.as_deref()));
            self.available(&mut section, (name, &outages), service);
        }
        self.available(&mut section, (words.total.to_owned(), &counted), planned(None));
        section
    }

    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    fn available(&self, section: &mut Section, (name, outages): (String, &[&Outage]), planned: f64) {
        let down = union(outages);
        let longest = outages.iter().map(|outage| length(outage)).fold(0.0, f64::max);
        let count = outages.len();
        let mttr = (count > 0).then(|| outages.iter().map(|outage| length(outage)).sum::<f64>() / count as f64);
        let terms = self.told.tally.basis.terms;
        let holds = mttr.unwrap_or(0.0) <= terms.mttr_minutes
            && longest <= terms.longest_minutes
            && count <= usize::try_from(terms.outages).unwrap_or(usize::MAX);
        let cells = vec![
            Cell::from(name),
            count.into(),
            Cell::Figure(down),
            Cell::Figure(planned),
            (planned > 0.0).then(|| (planned - down) / planned).into(),
            Cell::Figure(longest),
            mttr.into(),
            if holds { self.words.kept } else { self.words.broken }.into(),
        ];
        section.row(cells, vec![("outages", ids(outages.iter().map(|outage| outage.ticket)))]);
    }
}
