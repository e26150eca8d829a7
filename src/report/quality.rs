//! What went wrong and why, and how precise the answers were.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Cause;
use super::sheet::{Cell, Kind, Section};
use super::words::Words;
use super::{Sheets, ids};
use crate::classify::precision::{self, Judged};
use crate::domain::{ClockKind, ClockLevel, TicketId};

impl Sheets<'_> {
    fn judged(&self) -> Vec<Judged> {
        precision::judged(&self.told.beside.votes)
    }

    /// The share of judged answers that was right; `None` without one.
    pub(super) fn answer_precision(&self) -> Option<f64> {
        let judged = self.judged();
        let right = judged.iter().filter(|one| one.answered && one.right).count();
        let all = judged.iter().filter(|one| one.answered).count();
        precision::measured(short(right), short(all - right)).precision()
    }

    pub(super) fn precision(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "answer_precision",
            words.precision,
            words.precision_how,
            &[
                ("answers", words.what, Kind::Text),
                ("right", words.right, Kind::Count),
                ("wrong", words.wrong, Kind::Count),
                ("precision", words.precision, Kind::Share),
                ("low", words.low, Kind::Share),
                ("high", words.high, Kind::Share),
            ],
        );
        let judged = self.judged();
        for (name, answered) in [(words.answers, true), (words.suggestions, false)] {
            let of = |right: bool| -> Vec<TicketId> {
                let found = judged.iter().filter(|one| one.answered == answered && one.right == right);
                found.map(|one| TicketId::from(one.about)).collect()
            };
            let (right, wrong) = (of(true), of(false));
            let measured = precision::measured(short(right.len()), short(wrong.len()));
            let cells = vec![
                name.into(),
                right.len().into(),
                wrong.len().into(),
                measured.precision().into(),
                Cell::Figure(measured.low),
                Cell::Figure(measured.high),
            ];
            section.row(cells, vec![("wrong", ids(wrong)), ("right", ids(right))]);
        }
        section
    }

    pub(super) fn nonconformities(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "nonconformities",
            words.nonconformities,
            words.nonconformities_how,
            &[
                ("what", words.what, Kind::Text),
                ("cause", words.cause, Kind::Text),
                ("count", words.count, Kind::Count),
            ],
        );
        let mut missed: BTreeMap<(ClockLevel, ClockKind, Cause), (u32, Vec<TicketId>)> = BTreeMap::new();
        for fact in &self.told.tally.cohort {
            for promise in &fact.promises {
                let Some(cause) = promise.cause else { continue };
                let line = missed.entry((promise.level, promise.kind, cause)).or_default();
                line.0 += promise.missed;
                line.1.push(fact.id);
            }
        }
        for ((level, kind, cause), (count, tickets)) in missed.into_iter().rev() {
            let what = format!("{} {} {}", Words::level(level), words.clock(kind), words.missed);
            let cells = vec![what.into(), words.cause_of(cause).into(), Cell::Count(u64::from(count))];
            section.row(cells, vec![("count", ids(tickets))]);
        }
        self.other_faults(&mut section);
        section
    }

    fn other_faults(&self, section: &mut Section) {
        let words = self.words;
        let mut wrong: BTreeMap<String, Vec<TicketId>> = BTreeMap::new();
        for one in self.judged().into_iter().filter(|one| one.answered && !one.right) {
            wrong.entry(one.article).or_default().push(TicketId::from(one.about));
        }
        for (article, tickets) in wrong {
            let cells = vec![words.wrong_answer.into(), Cell::from(article), tickets.len().into()];
            section.row(cells, vec![("count", ids(tickets))]);
        }
        let reopened: Vec<_> = self.told.tally.cohort.iter().filter(|fact| fact.reopened > 0).collect();
        let mut types: BTreeMap<String, Vec<TicketId>> = BTreeMap::new();
        for fact in reopened {
            types.entry(self.title(fact.intent.as_deref())).or_default().push(fact.id);
        }
        for (name, tickets) in types {
            section.row(vec![words.reopened.into(), name.into(), tickets.len().into()], vec![("count", ids(tickets))]);
        }
        let beside = &self.told.beside;
        let failed: Vec<String> = beside
            .failed
            .iter()
            .map(|(row, ticket)| ticket.map_or_else(|| format!("outbox:{row}"), |id| id.to_string()))
            .collect();
        let buried: Vec<String> = beside.buried.iter().map(|row| format!("inbox:{row}")).collect();
        for (what, list) in [(words.undelivered, failed), (words.buried, buried)] {
            if !list.is_empty() {
                section.row(vec![what.into(), Cell::None, list.len().into()], vec![("count", list)]);
            }
        }
    }

    /// Articles that were judged wrong more often than right.
    pub(super) fn misleading(&self) -> BTreeSet<String> {
        let mut balance: BTreeMap<String, i64> = BTreeMap::new();
        for one in self.judged() {
            *balance.entry(one.article).or_default() += if one.right { 1 } else { -1 };
        }
        balance.into_iter().filter(|(_, balance)| *balance < 0).map(|(article, _)| article).collect()
    }
}

fn short(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
