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

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, Scene, ticket};
    use super::*;
    use crate::domain::Wish;

    /// What a reply with `wishes` on a ticket with the article `vpn` says.
    fn said(status: Status, agent_answered: bool, wishes: &[Wish]) -> Vec<(FeedbackSource, Outcome, bool)> {
        let mut known = ticket(status);
        known.article = Some("vpn".into());
        known.first_response_at = agent_answered.then_some(NOW);
        let changes = Scene::reply(known, "…").wishes(wishes).planned();
        assert!(changes.feedback.iter().all(|said| said.about == InboxId(7) && said.given.as_deref() == Some("vpn")));
        changes.feedback.iter().map(|said| (said.source, said.outcome, said.wanted.is_some())).collect()
    }

    #[test]
    fn replies_judge_the_machines_answer_and_not_the_agents() {
        use FeedbackSource::{Reopened, Requester};
        use Outcome::{Right, Wrong};
        for (status, agent_answered, wishes, wanted) in [
            (Status::Answered, false, &[Wish::Solved][..], &[(Requester, Right, true)][..]),
            (Status::Answered, false, &[Wish::NotSolved], &[(Requester, Wrong, false)]),
            (Status::Answered, false, &[Wish::Person], &[(Reopened, Wrong, false)]),
            (Status::Answered, false, &[], &[(Reopened, Wrong, false)]),
            (Status::Answered, false, &[Wish::Thanks], &[]),
            (Status::Answered, false, &[Wish::Status], &[]),
            // Suggested beside a person's work: something helped, but not which one.
            (Status::New, false, &[Wish::Solved], &[(Requester, Right, false)]),
            (Status::New, false, &[], &[]),
            (Status::Resolved, true, &[Wish::Solved], &[]),
            (Status::Resolved, true, &[Wish::NotSolved], &[]),
        ] {
            assert_eq!(said(status, agent_answered, wishes), wanted, "{status} {wishes:?}");
        }
    }

    #[test]
    fn a_ticket_without_an_article_is_no_answer_to_judge() {
        let changes = Scene::reply(ticket(Status::Answered), "…").wishes(&[Wish::Solved]).planned();
        assert_eq!(changes.feedback, []);
    }

    #[test]
    fn choices_and_scores_become_votes() {
        let mut known = ticket(Status::New);
        known.article = Some("vpn".into());
        for (article, outcome) in [("vpn", Outcome::Right), ("only-ja", Outcome::Wrong)] {
            let vote = on_choice(&known, "slack:U1", article, NOW);
            assert_eq!((vote.outcome, vote.wanted.as_deref()), (outcome, Some(article)));
        }
        for (score, outcome, given) in [(5, Outcome::Right, "5"), (4, Outcome::Right, "4"), (0, Outcome::Wrong, "1")] {
            let vote = on_satisfaction(&known, "slack:U1", score, NOW);
            assert_eq!((vote.outcome, vote.given.as_deref()), (outcome, Some(given)));
        }
    }
}
