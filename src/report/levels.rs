//! Performance against SLO and SLA, and the working time behind it.

use std::collections::BTreeMap;

use super::facts::{Fact, Promise};
use super::sheet::{Cell, Kind, Section};
use super::words::Words;
use super::{Sheets, ids};
use crate::domain::{ClockLevel, TicketId};

/// Promises of one request type, level, kind and target.
#[derive(Default)]
struct Line {
    met: u32,
    missed: u32,
    open: u32,
    all_ids: Vec<TicketId>,
    met_ids: Vec<TicketId>,
    missed_ids: Vec<TicketId>,
    open_ids: Vec<TicketId>,
}

impl Line {
    fn add(&mut self, id: TicketId, promise: &Promise) {
        for (count, total, list) in [
            (promise.met, &mut self.met, &mut self.met_ids),
            (promise.missed, &mut self.missed, &mut self.missed_ids),
            (promise.open, &mut self.open, &mut self.open_ids),
        ] {
            *total += count;
            if count > 0 {
                list.push(id);
            }
        }
        self.all_ids.push(id);
    }
}

/// The share that was met; `None` when nothing is decided yet.
pub(super) fn share(met: u32, missed: u32) -> Option<f64> {
    let decided = met + missed;
    (decided > 0).then(|| f64::from(met) / f64::from(decided))
}

impl Sheets<'_> {
    pub(super) fn levels(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "service_levels",
            words.levels,
            words.levels_how,
            &[
                ("request_type", words.type_, Kind::Text),
                ("level", words.level, Kind::Text),
                ("promise", words.promise, Kind::Text),
                ("target", words.target, Kind::Text),
                ("count", words.count, Kind::Count),
                ("met", words.met, Kind::Count),
                ("missed", words.missed, Kind::Count),
                ("open", words.open, Kind::Count),
                ("share", words.share, Kind::Share),
                ("verdict", words.verdict, Kind::Text),
            ],
        );
        let mut lines: BTreeMap<_, Line> = BTreeMap::new();
        for fact in &self.told.tally.cohort {
            for promise in fact.promises.iter().filter(|one| one.met + one.missed + one.open > 0) {
                let intent = fact.intent.as_deref();
                let target = promise.target.to_string();
                let key = (self.place(intent), intent, promise.level, promise.kind, target);
                lines.entry(key).or_default().add(fact.id, promise);
            }
        }
        for ((_, intent, level, kind, target), line) in lines {
            let share = share(line.met, line.missed);
            let cells = vec![
                self.type_cell(intent),
                Words::level(level).into(),
                Cell::named(words.clock(kind), kind.as_str()),
                target.into(),
                Cell::Count(u64::from(line.met + line.missed + line.open)),
                Cell::Count(u64::from(line.met)),
                Cell::Count(u64::from(line.missed)),
                Cell::Count(u64::from(line.open)),
                share.into(),
                self.verdict(level, share).into(),
            ];
            let lists = vec![
                ("missed", ids(line.missed_ids)),
                ("met", ids(line.met_ids)),
                ("open", ids(line.open_ids)),
                ("count", ids(line.all_ids)),
            ];
            section.row(cells, lists);
        }
        section
    }

    fn verdict(&self, level: ClockLevel, share: Option<f64>) -> Option<Cell> {
        let terms = self.told.tally.basis.terms;
        let wanted = match level {
            ClockLevel::Slo => terms.slo_share,
            ClockLevel::Sla => terms.sla_share,
        };
        let words = self.words;
        share.map(
            |share| {
                if share >= wanted { Cell::named(words.kept, "met") } else { Cell::named(words.broken, "missed") }
            },
        )
    }

    pub(super) fn times(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "times",
            words.times,
            words.times_how,
            &[
                ("request_type", words.type_, Kind::Text),
                ("first_count", words.first_count, Kind::Count),
                ("first_p50", words.first_p50, Kind::Minutes),
                ("first_p90", words.first_p90, Kind::Minutes),
                ("solved_count", words.solved_count, Kind::Count),
                ("solved_p50", words.solved_p50, Kind::Minutes),
                ("solved_p90", words.solved_p90, Kind::Minutes),
            ],
        );
        let mut types: BTreeMap<_, Vec<&Fact>> = BTreeMap::new();
        for fact in &self.told.tally.cohort {
            let intent = fact.intent.as_deref();
            types.entry((self.place(intent), intent)).or_default().push(fact);
        }
        for ((_, intent), facts) in types {
            time_row(&mut section, self.type_cell(intent), &facts);
        }
        if !section.rows.is_empty() {
            let all: Vec<&Fact> = self.told.tally.cohort.iter().collect();
            time_row(&mut section, Cell::named(words.total, "total"), &all);
        }
        section
    }
}

fn time_row(section: &mut Section, name: Cell, facts: &[&Fact]) {
    let first = sorted(facts.iter().filter_map(|fact| fact.first_minutes));
    let solved = sorted(facts.iter().filter_map(|fact| fact.solved_minutes));
    if first.is_empty() && solved.is_empty() {
        return;
    }
    let of = |has: fn(&Fact) -> bool| ids(facts.iter().filter(|fact| has(fact)).map(|fact| fact.id));
    let cells = vec![
        name,
        first.len().into(),
        rank(&first, 50).into(),
        rank(&first, 90).into(),
        solved.len().into(),
        rank(&solved, 50).into(),
        rank(&solved, 90).into(),
    ];
    let lists = vec![
        ("first_count", of(|fact| fact.first_minutes.is_some())),
        ("solved_count", of(|fact| fact.solved_minutes.is_some())),
    ];
    section.row(cells, lists);
}

pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value that `percent` of all are not above: the nearest rank.
pub(super) fn rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent).div_ceil(100);
    sorted.get(at.saturating_sub(1)).copied()
}
