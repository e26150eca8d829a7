//! What a report keeps of the desk's processes on a ticket: who was asked how content they are, leave that was waited for, and the
//! few words by which the registers name a ticket.

use std::collections::BTreeMap;

use super::facts::Tally;
use crate::domain::{Approval, Status, Ticket, TicketId, Timestamp, Verdict};
use crate::sla::book::Book;
use crate::sla::hours::working_ms;

const MS_PER_MINUTE: f64 = 60_000.0;

/// A ticket as the registers name it.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub intent: Option<String>,
    pub queue: String,
    pub status: Status,
}

/// Leave to start work that was asked for in the span.
#[derive(Clone, Debug)]
pub(super) struct Leave {
    pub ticket: TicketId,
    pub intent: Option<String>,
    pub state: LeaveState,
    /// Working minutes from the question to the answer, or until now.
    pub minutes: Option<f64>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaveState {
    Approved,
    Declined,
    Waits,
    /// The ticket ended before anybody said anything.
    Lapsed,
}

/// What the processes keep of the tickets of a span.
#[derive(Debug, Default)]
pub(super) struct Courses {
    /// Tickets that stand in a register.
    pub briefs: BTreeMap<TicketId, Brief>,
    /// Tickets whose requester was asked in the span how content they are, and whether they answered.
    pub asked: Vec<(TicketId, bool)>,
    /// Answers to the desk's own questions that were given in the span: question, ticket, score.
    pub answers: Vec<(String, TicketId, u8)>,
    pub leaves: Vec<Leave>,
}

impl Tally<'_> {
    pub(super) fn course(&mut self, ticket: &Ticket) {
        let course = &ticket.course;
        if course.asked_at.is_some() || course.rating.is_some() || course.complaint.is_some() {
            let (intent, queue) = (ticket.intent.clone(), ticket.queue.clone());
            self.courses.briefs.insert(ticket.id, Brief { intent, queue, status: ticket.status });
        }
        if course.rating.as_ref().is_some_and(|rating| self.span.holds(rating.at)) {
            let answers = course.answers.iter().map(|(name, score)| (name.clone(), ticket.id, *score));
            self.courses.answers.extend(answers);
        }
        if course.asked_at.is_some_and(|at| self.span.holds(at)) {
            self.courses.asked.push((ticket.id, course.rating.is_some()));
        }
        if let Some(approval) = course.approval.as_ref().filter(|approval| self.span.holds(approval.wanted_at)) {
            let leave = self.leave(ticket, approval);
            self.courses.leaves.push(leave);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a ticket's life are far below 2^52")]
    fn leave(&self, ticket: &Ticket, approval: &Approval) -> Leave {
        let has_ended = matches!(ticket.status, Status::Resolved | Status::Closed) || ticket.merged_into.is_some();
        let state = match approval.verdict {
            Verdict::Approved => LeaveState::Approved,
            Verdict::Declined => LeaveState::Declined,
            Verdict::Wanted if has_ended => LeaveState::Lapsed,
            Verdict::Wanted => LeaveState::Waits,
        };
        let until: Timestamp = approval.given.as_ref().map_or(self.basis.now, |given| given.at);
        let table = Book { catalog: self.basis.catalog }.hours_of(ticket).filter(|_| state != LeaveState::Lapsed);
        let minutes = table.map(|table| working_ms(&table, approval.wanted_at, until) as f64 / MS_PER_MINUTE);
        Leave { ticket: ticket.id, intent: ticket.intent.clone(), state, minutes }
    }
}
