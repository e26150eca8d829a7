//! Messages about a ticket that is there: whose they are, and what they do to it.
//!
//! A signed token or a reference finds the ticket; only somebody who is on it may add to it. A stranger with a valid
//! reference gets a ticket of their own, linked, and the people are warned.

use super::case::Case;
use super::chat::{self, Aside, Deed};
use super::details::{Taken, take};
use super::person::takes_part;
use super::rating;
use super::silence::silence;
use super::subject::is_new_topic;
use super::trace::Trace;
use crate::domain::{Automatic, Decision, Status, Ticket, Wish};

const DAY_MS: i64 = 86_400_000;

/// Where the message belongs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Turn<'a> {
    /// No ticket is known for it.
    New,
    /// It opens a ticket of its own beside one that is there.
    Beside {
        ticket: &'a Ticket,
        because: String,
        /// The people should know: a stranger used a valid reference.
        stranger: bool,
    },
    /// It goes on the ticket.
    Joins { ticket: &'a Ticket, place: Place },
    /// It opens and joins nothing, and is dealt with at once.
    Aside(Aside<'a>),
}

/// What a message does on its ticket.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A machine's mail: kept, and nothing else happens.
    Note,
    /// A bounce of what was sent on it.
    Delivery,
    /// "Thank you", and nothing more.
    Thanks,
    /// "That solved it."
    Solved,
    /// Security words or a complaint: up to the second line.
    Escalates { reason: String, critical: bool },
    /// Asks for a person.
    Person,
    /// The answer did not help.
    Unsolved,
    /// Asks how it stands.
    Status,
    /// Answers a question about details; `ask_again` when some are missing and a further question is allowed.
    Details { taken: Taken, ask_again: bool },
    /// The people had let go of it; now it is theirs again.
    Returns,
    /// One more message on a ticket the people have.
    Adds,
    /// Somebody else talks in its thread.
    Bystander,
    /// Wants one of the suggested articles.
    Chosen { article: String },
    /// Says how satisfied they are, 1 to 5.
    Rated { score: u8 },
    /// An earlier message reads otherwise now; `taken` when it brought details the ticket waits for.
    Edited { taken: Option<Taken> },
    /// An earlier message was taken back; `closes` when there was nothing else.
    Deleted { closes: bool },
    /// It was done before: nothing changes.
    Repeat { because: String },
    /// An agent acts in their room.
    Agent(Deed),
}

impl Place {
    /// Whether the ticket comes back to the people from `status`.
    fn reopens(&self, status: Status) -> bool {
        let let_go = match status {
            Status::Waiting | Status::Answered | Status::Resolved | Status::Closed => true,
            Status::New | Status::Open => false,
        };
        match self {
            Self::Note
            | Self::Delivery
            | Self::Thanks
            | Self::Solved
            | Self::Status
            | Self::Adds
            | Self::Bystander
            | Self::Chosen { .. }
            | Self::Rated { .. }
            | Self::Deleted { .. }
            | Self::Repeat { .. }
            | Self::Agent(_) => false,
            Self::Details { ask_again, .. } => !ask_again,
            Self::Edited { taken } => taken.as_ref().is_some_and(|taken| taken.missing.is_empty()),
            Self::Escalates { .. } | Self::Person | Self::Unsolved | Self::Returns => let_go,
        }
    }

    const fn check(&self) -> &'static str {
        match self {
            Self::Note => "follow_up.note",
            Self::Delivery => "follow_up.delivery",
            Self::Thanks => "follow_up.thanks",
            Self::Solved => "follow_up.solved",
            Self::Escalates { .. } => "follow_up.escalate",
            Self::Person => "follow_up.person",
            Self::Unsolved => "follow_up.unsolved",
            Self::Status => "follow_up.status",
            Self::Details { .. } => "follow_up.details",
            Self::Returns => "follow_up.returns",
            Self::Adds => "follow_up.adds",
            Self::Bystander => "follow_up.bystander",
            Self::Chosen { .. } => "follow_up.chosen",
            Self::Rated { .. } => "follow_up.rated",
            Self::Edited { .. } => "follow_up.edited",
            Self::Deleted { .. } => "follow_up.deleted",
            Self::Repeat { .. } => "follow_up.repeat",
            Self::Agent(_) => "follow_up.agent",
        }
    }
}

pub(super) fn check(case: &Case<'_>, trace: &mut Trace) -> Option<Decision> {
    match turn(case) {
        Turn::New => {
            trace.note("follow_up", "it names no ticket");
            None
        }
        Turn::Beside { ticket, because, stranger } => {
            let check = if stranger { "follow_up.stranger" } else { "follow_up.beside" };
            trace.note(check, format!("{because}: a ticket of its own beside {}", ticket.id));
            None
        }
        Turn::Aside(aside) => {
            trace.settle(&format!("chat.{}", aside.reason()), aside.because());
            Some(Decision::Ignore { reason: aside.reason() })
        }
        Turn::Joins { ticket, place } => {
            let found = if case.context.known.by_token { "a signed token" } else { "a reference" };
            let mut because = format!("{} ({}) found by {found}", ticket.id, ticket.status);
            if let Place::Details { taken, ask_again } = &place {
                let asked = format!("{} of {}", ticket.questions_asked, case.catalog().limits.questions_per_ticket);
                because = format!(
                    "{because}; learnt: {}; missing: {}; questions asked: {asked}; ask again: {ask_again}",
                    taken.learnt.join(", "),
                    taken.missing.join(", "),
                );
            }
            if let Place::Repeat { because: why } = &place {
                because = format!("{because}; nothing changes: {why}");
            }
            trace.settle(place.check(), because);
            Some(Decision::FollowUp { ticket: ticket.id, reopen: place.reopens(ticket.status) })
        }
    }
}

/// Where the message belongs. Asked by the check and again when the changes are made; both get the same answer.
pub(super) fn turn<'a>(case: &Case<'a>) -> Turn<'a> {
    chat::turn(case).unwrap_or_else(|| below_a_ticket(case))
}

fn below_a_ticket<'a>(case: &Case<'a>) -> Turn<'a> {
    let known = case.context.known;
    let Some(ticket) = &known.ticket else { return Turn::New };
    let message = case.message;
    let takes_part = takes_part(ticket, message, known);
    if let Some(kind) = message.automatic {
        match machine(kind, known.bounced.is_some(), takes_part, known.by_token) {
            Machine::Joins(place) => return Turn::Joins { ticket, place },
            Machine::OnItsOwn => return Turn::New,
            Machine::LikeAPerson => {}
        }
    }
    if !takes_part {
        let because = format!("the sender is not on {}", ticket.id);
        return Turn::Beside { ticket, because, stranger: true };
    }
    if let Some(place) = ending(case) {
        return Turn::Joins { ticket, place };
    }
    if let Some(because) = is_apart(case, ticket) {
        return Turn::Beside { ticket, because, stranger: false };
    }
    Turn::Joins { ticket, place: place(case, ticket) }
}

enum Machine {
    Joins(Place),
    OnItsOwn,
    LikeAPerson,
}

/// Automatic mail is noted on its ticket and never moves it. A bounce counts only for a message that was really sent
/// (forged ones name others); a list's mark alone does not make a participant a machine.
fn machine(kind: Automatic, bounced: bool, takes_part: bool, by_token: bool) -> Machine {
    match kind {
        Automatic::Bounce if bounced => Machine::Joins(Place::Delivery),
        Automatic::List if takes_part => Machine::LikeAPerson,
        Automatic::AutoReply | Automatic::Receipt | Automatic::Notification | Automatic::Feedback
            if takes_part || by_token =>
        {
            Machine::Joins(Place::Note)
        }
        Automatic::AutoReply
        | Automatic::Bounce
        | Automatic::Feedback
        | Automatic::List
        | Automatic::Notification
        | Automatic::Receipt
        | Automatic::Own => Machine::OnItsOwn,
    }
}

/// "Thank you" and "that solved it" belong to the ticket however old it is, and never reopen it.
pub(super) fn ending(case: &Case<'_>) -> Option<Place> {
    let more = [Wish::Person, Wish::NotSolved, Wish::Complaint, Wish::Security, Wish::Status];
    if more.into_iter().any(|wish| case.has(wish)) {
        return None;
    }
    if case.has(Wish::Solved) {
        return Some(Place::Solved);
    }
    case.has(Wish::Thanks).then_some(Place::Thanks)
}

/// Why a participant's reply is a new matter all the same.
fn is_apart(case: &Case<'_>, ticket: &Ticket) -> Option<String> {
    let ended_at = match ticket.status {
        Status::Resolved | Status::Closed => ticket.resolved_at.unwrap_or(ticket.updated_at),
        Status::Answered => ticket.updated_at,
        Status::New | Status::Open | Status::Waiting => case.now,
    };
    let days = case.now.0.saturating_sub(ended_at.0) / DAY_MS;
    let most = i64::from(case.catalog().limits.reopen_within_days);
    if case.now.0.saturating_sub(ended_at.0) > most.saturating_mul(DAY_MS) {
        return Some(format!("{} ended {days} days ago, the limit is {most}", ticket.id));
    }
    is_new_topic(&case.message.subject, &ticket.subject, ticket.id)
        .then(|| format!("the subject has nothing in common with that of {}", ticket.id))
}

/// What a participant's message does on the ticket.
pub(super) fn place(case: &Case<'_>, ticket: &Ticket) -> Place {
    if case.has(Wish::Security) {
        return Place::Escalates { reason: "words of a security incident".to_owned(), critical: true };
    }
    if case.has(Wish::Complaint) {
        return Place::Escalates { reason: "a complaint".to_owned(), critical: false };
    }
    if case.has(Wish::Person) {
        return Place::Person;
    }
    if case.has(Wish::NotSolved) {
        return Place::Unsolved;
    }
    if let Some((score, _)) = rating::of(case.message, ticket) {
        return Place::Rated { score };
    }
    let waits_for_details = ticket.status == Status::Waiting && !ticket.missing.is_empty();
    let taken = take(case, ticket);
    if case.has(Wish::Status) && (!waits_for_details || taken.learnt.is_empty()) {
        return Place::Status;
    }
    if waits_for_details {
        let may_ask = ticket.questions_asked < case.catalog().limits.questions_per_ticket
            && silence(case.message, case.context, Some(ticket)).is_none();
        let ask_again = !taken.missing.is_empty() && may_ask;
        return Place::Details { taken, ask_again };
    }
    match ticket.status {
        Status::Waiting | Status::Answered | Status::Resolved | Status::Closed => Place::Returns,
        Status::New | Status::Open => Place::Adds,
    }
}
