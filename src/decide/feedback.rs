//! What a person's words or actions say of an earlier decision, as feedback to be written with their other changes.
//!
//! A ticket is judged by the message that opened it. Once an agent has answered, what the requester says is said of the
//! agent's work, and the machine's article neither earns nor loses by it.

use crate::domain::feedback::{NONE, agent, voter};
use crate::domain::{Aspect, Feedback, FeedbackSource, InboxId, Outcome, Status, Ticket, Timestamp};

/// The requester's word on the article that answered `ticket` or was suggested on it; `None` when there was none, or an
/// agent has answered since. `person` is the writer's address.
#[must_use]
pub fn on_answer(
    ticket: &Ticket,
    person: &str,
    source: FeedbackSource,
    outcome: Outcome,
    at: Timestamp,
) -> Option<Feedback> {
    let article = ticket.article.as_ref().filter(|_| ticket.first_response_at.is_none())?;
    // Of several suggestions it is not said which one helped.
    let answered = matches!(ticket.status, Status::Answered | Status::Resolved | Status::Closed);
    Some(Feedback {
        about: InboxId(ticket.id.0),
        aspect: Aspect::Article,
        actor: voter(person),
        source,
        outcome,
        given: Some(article.clone()),
        wanted: (outcome == Outcome::Right && answered).then(|| article.clone()),
        at,
    })
}

/// The requester picked `article` among the suggested ones.
#[must_use]
pub fn on_choice(ticket: &Ticket, person: &str, article: &str, at: Timestamp) -> Feedback {
    let given = ticket.article.clone();
    Feedback {
        about: InboxId(ticket.id.0),
        aspect: Aspect::Article,
        actor: voter(person),
        source: FeedbackSource::Button,
        outcome: if given.as_deref() == Some(article) { Outcome::Right } else { Outcome::Wrong },
        given,
        wanted: Some(article.to_owned()),
        at,
    }
}

/// How content the requester is, 1 (worst) to 5.
#[must_use]
pub fn on_satisfaction(ticket: &Ticket, person: &str, score: u8, at: Timestamp) -> Feedback {
    Feedback {
        about: InboxId(ticket.id.0),
        aspect: Aspect::Satisfaction,
        actor: voter(person),
        source: FeedbackSource::Button,
        outcome: if score >= 4 { Outcome::Right } else { Outcome::Wrong },
        given: Some(score.clamp(1, 5).to_string()),
        wanted: None,
        at,
    }
}

/// An agent says what `aspect` of the decision should have been; `wanted` `None` means none of them.
pub(super) fn by_agent(
    ticket: &Ticket,
    name: &str,
    aspect: Aspect,
    [given, wanted]: [Option<&str>; 2],
    at: Timestamp,
) -> Feedback {
    Feedback {
        about: InboxId(ticket.id.0),
        aspect,
        actor: agent(name),
        source: FeedbackSource::Agent,
        outcome: if given == wanted { Outcome::Right } else { Outcome::Wrong },
        given: given.map(str::to_owned),
        wanted: Some(wanted.unwrap_or(NONE).to_owned()),
        at,
    }
}
