//! The desk's registers: the list of problems, and leave to start work.

use std::collections::BTreeMap;

use super::courses::{Leave, LeaveState};
use super::levels::{rank, sorted};
use super::sheet::{Cell, Kind, Section};
use super::{Sheets, ids};
use crate::domain::TicketId;
use crate::domain::problem::{ProblemRecord, ProblemState};
use crate::text::redact::redact;

impl Sheets<'_> {
    /// Problems that were on the list at some time of the period, the one that came first first.
    fn listed(&self) -> Vec<&ProblemRecord> {
        let span = self.told.tally.span;
        let mut listed: Vec<&ProblemRecord> = self
            .told
            .beside
            .problems
            .iter()
            .filter(|problem| problem.state != ProblemState::Counted && problem.opened_at < span.to)
            .filter(|problem| problem.closed_at.is_none_or(|at| at >= span.from))
            .collect();
        listed.sort_by(|a, b| (a.opened_at, &a.key).cmp(&(b.opened_at, &b.key)));
        listed
    }

    /// Whether it was settled by the end of the period.
    fn is_settled(&self, problem: &ProblemRecord) -> bool {
        problem.closed_at.is_some_and(|at| at < self.told.tally.span.to)
    }

    /// Problems that were open when the period ended.
    pub(super) fn open_problems(&self) -> usize {
        self.listed().into_iter().filter(|problem| !self.is_settled(problem)).count()
    }

    pub(super) fn problems(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "problems",
            words.problems,
            words.problems_how,
            &[
                ("problem", words.problem, Kind::Text),
                ("title", words.event, Kind::Text),
                ("state", words.state, Kind::Text),
                ("owner", words.owner, Kind::Text),
                ("opened", words.opened, Kind::Text),
                ("closed", words.closed, Kind::Text),
                ("cause", words.cause, Kind::Text),
                ("workaround", words.workaround, Kind::Text),
                ("seen", words.seen, Kind::Count),
            ],
        );
        section.bars = Some(8);
        let span = self.told.tally.span;
        for problem in self.listed() {
            let settled = self.is_settled(problem);
            let closed = problem.closed_at.filter(|_| settled).map(|at| self.local(at));
            let seen: Vec<TicketId> =
                problem.tickets.iter().filter(|(_, at)| span.holds(*at)).map(|(ticket, _)| *ticket).collect();
            let text = |text: &Option<String>| Cell::from(text.as_deref().map(|text| redact(text).into_owned()));
            let cells = vec![
                Cell::from(problem.key.as_str()),
                redact(&problem.title).into_owned().into(),
                if settled { words.settled } else { words.unsettled }.into(),
                problem.owner.clone().into(),
                self.local(problem.opened_at).into(),
                closed.into(),
                text(&problem.cause),
                text(&problem.workaround),
                seen.len().into(),
            ];
            section.row(cells, vec![("seen", ids(seen))]);
        }
        section
    }

    pub(super) fn approvals(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "approvals",
            words.approvals,
            words.approvals_how,
            &[
                ("request_type", words.type_, Kind::Text),
                ("requested", words.requested, Kind::Count),
                ("approved", words.approved, Kind::Count),
                ("declined", words.declined, Kind::Count),
                ("waits", words.waits, Kind::Count),
                ("lapsed", words.lapsed, Kind::Count),
                ("decided_p50", words.decided_p50, Kind::Minutes),
                ("decided_p90", words.decided_p90, Kind::Minutes),
                ("waits_longest", words.waits_longest, Kind::Minutes),
            ],
        );
        let mut types: BTreeMap<_, Vec<&Leave>> = BTreeMap::new();
        for leave in &self.told.tally.courses.leaves {
            let intent = leave.intent.as_deref();
            types.entry((self.place(intent), intent)).or_default().push(leave);
        }
        for ((_, intent), leaves) in types {
            let (cells, lists) = approval_row(self.type_cell(intent), &leaves);
            section.row(cells, lists);
        }
        if !section.rows.is_empty() {
            let all: Vec<&Leave> = self.told.tally.courses.leaves.iter().collect();
            let (cells, lists) = approval_row(Cell::named(words.total, "total"), &all);
            section.total(cells, lists);
        }
        section
    }
}

/// A row's cells and what they were counted from.
type Counted = (Vec<Cell>, Vec<(&'static str, Vec<String>)>);

fn approval_row(name: Cell, leaves: &[&Leave]) -> Counted {
    let of = |state: LeaveState| -> Vec<TicketId> {
        leaves.iter().filter(|leave| leave.state == state).map(|leave| leave.ticket).collect()
    };
    let decided = |leave: &&&Leave| matches!(leave.state, LeaveState::Approved | LeaveState::Declined);
    let waited = sorted(leaves.iter().filter(decided).filter_map(|leave| leave.minutes));
    let waiting = leaves.iter().filter(|leave| leave.state == LeaveState::Waits).filter_map(|leave| leave.minutes);
    let longest = sorted(waiting).last().copied();
    let lists = [LeaveState::Approved, LeaveState::Declined, LeaveState::Waits, LeaveState::Lapsed].map(of);
    let mut cells = vec![name, leaves.len().into()];
    cells.extend(lists.iter().map(|list| Cell::from(list.len())));
    cells.extend([rank(&waited, 50).into(), rank(&waited, 90).into(), longest.into()]);
    let mut counted = vec![("requested", ids(leaves.iter().map(|leave| leave.ticket)))];
    let keys = ["approved", "declined", "waits", "lapsed"];
    counted.extend(keys.into_iter().zip(lists).map(|(key, list)| (key, ids(list))));
    (cells, counted)
}
