//! An agent puts a decision right, or confirms it: the ticket follows, and the desk learns.

use super::super::feedback::by_agent;
use super::{Hand, Refusal, Work, move_queue, set_priority};
use crate::domain::feedback::NONE;
use crate::domain::{Aspect, Changes, EventKind, Priority, Ticket};

/// What should have been decided. What is left out is not judged; at least one part is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction<'a> {
    /// The request type; `none` for none of them.
    pub intent: Option<&'a str>,
    /// The queue.
    pub queue: Option<&'a str>,
    /// The priority.
    pub priority: Option<Priority>,
    /// The article that answers it; `none` for none of them.
    pub article: Option<&'a str>,
}

/// Puts the named parts of the decision on `ticket` right. Naming what is there already confirms it. A changed request
/// type leaves queue and priority as they are unless they are named too.
///
/// # Errors
/// Merged ticket, nothing named, or an unknown request type, queue or article.
pub fn correct(hand: &Hand<'_>, ticket: &Ticket, correction: &Correction<'_>) -> Result<Changes, Refusal> {
    if *correction == Correction::default() {
        return Err(Refusal::NothingNamed { ticket: ticket.id });
    }
    let mut work = Work::begin(hand, ticket)?;
    if let Some(wanted) = correction.intent {
        let wanted = known(wanted, "request type", |id| hand.catalog.intent(id).is_some())?;
        work.judge(Aspect::Intent, [ticket.intent.as_deref(), wanted]);
        if ticket.intent.as_deref() != wanted {
            work.event(
                EventKind::Note,
                format!("request type {} → {}", shown(ticket.intent.as_deref()), shown(wanted)),
            );
            work.ticket.intent = wanted.map(str::to_owned);
        }
    }
    if let Some(wanted) = correction.article {
        let exists = |id: &str| hand.catalog.articles.iter().any(|article| article.id == id);
        let wanted = known(wanted, "article", exists)?;
        work.judge(Aspect::Article, [ticket.article.as_deref(), wanted]);
        if ticket.article.as_deref() != wanted {
            work.event(EventKind::Note, format!("article {} → {}", shown(ticket.article.as_deref()), shown(wanted)));
            work.ticket.article = wanted.map(str::to_owned);
        }
    }
    let mut changes = work.done();
    if let Some(queue) = correction.queue {
        changes = follow(hand, ticket, changes, (Aspect::Queue, queue), |ticket| move_queue(hand, ticket, queue))?;
    }
    if let Some(priority) = correction.priority {
        let named = (Aspect::Priority, priority.as_str());
        changes = follow(hand, ticket, changes, named, |ticket| set_priority(hand, ticket, priority))?;
    }
    Ok(changes)
}

/// Adds another action to `changes`; what is so already is confirmed.
fn follow(
    hand: &Hand<'_>,
    was: &Ticket,
    mut changes: Changes,
    (aspect, named): (Aspect, &str),
    action: impl FnOnce(&Ticket) -> Result<Changes, Refusal>,
) -> Result<Changes, Refusal> {
    let Some(ticket) = changes.tickets.first() else { return Ok(changes) };
    match action(ticket) {
        Ok(more) => {
            changes.tickets = more.tickets;
            changes.events.extend(more.events);
            changes.feedback.extend(more.feedback);
        }
        Err(Refusal::Already { .. }) => {
            changes.feedback.push(by_agent(was, hand.agent, aspect, [Some(named), Some(named)], hand.now));
        }
        Err(other) => return Err(other),
    }
    Ok(changes)
}

fn known<'a>(named: &'a str, what: &'static str, exists: impl Fn(&str) -> bool) -> Result<Option<&'a str>, Refusal> {
    match named {
        NONE => Ok(None),
        id if exists(id) => Ok(Some(id)),
        id => Err(Refusal::Unknown { what, id: id.to_owned() }),
    }
}

fn shown(id: Option<&str>) -> &str {
    id.unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{NOW, catalog, ring, ticket};
    use super::*;
    use crate::domain::{Outcome, Status};

    fn corrected(correction: &Correction<'_>) -> Result<Changes, Refusal> {
        let (catalog, ring) = (catalog(), ring());
        let hand = Hand { catalog: &catalog, keyring: &ring, agent: "sato", now: NOW };
        let mut known = ticket(Status::Open);
        known.article = Some("vpn".into());
        known.intent = Some("mail_trouble".into());
        correct(&hand, &known, correction)
    }

    #[test]
    fn a_correction_changes_the_ticket_and_is_remembered() {
        let all = Correction {
            intent: Some("incident"),
            queue: Some("operations"),
            priority: Some(Priority::High),
            article: Some(NONE),
        };
        let changes = corrected(&all).unwrap();
        let after = &changes.tickets[0];
        assert_eq!(changes.tickets.len(), 1);
        assert_eq!(after.intent.as_deref(), Some("incident"));
        assert_eq!(
            (after.queue.as_str(), after.priority, after.article.as_deref()),
            ("operations", Priority::High, None)
        );
        let said: Vec<_> = changes
            .feedback
            .iter()
            .map(|said| (said.aspect, said.outcome, said.given.as_deref(), said.wanted.as_deref()))
            .collect();
        assert_eq!(
            said,
            [
                (Aspect::Intent, Outcome::Wrong, Some("mail_trouble"), Some("incident")),
                (Aspect::Article, Outcome::Wrong, Some("vpn"), Some("none")),
                (Aspect::Queue, Outcome::Wrong, Some("desk"), Some("operations")),
                (Aspect::Priority, Outcome::Wrong, Some("medium"), Some("high")),
            ]
        );
        assert!(changes.feedback.iter().all(|said| said.actor == "agent:sato" && said.about.0 == 7));
    }

    #[test]
    fn naming_what_is_there_confirms_it() {
        let same =
            Correction { intent: Some("mail_trouble"), queue: Some("desk"), article: Some("vpn"), priority: None };
        let changes = corrected(&same).unwrap();
        assert_eq!(changes.feedback.len(), 3);
        assert!(changes.feedback.iter().all(|said| said.outcome == Outcome::Right), "{:?}", changes.feedback);
        assert!(changes.events.is_empty());
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for (wrong, word) in [
            (Correction { intent: Some("vpnn"), ..Correction::default() }, "vpnn"),
            (Correction { article: Some("vpnn"), ..Correction::default() }, "vpnn"),
            (Correction { queue: Some("desc"), ..Correction::default() }, "desc"),
            (Correction::default(), "--intent"),
        ] {
            let refused = corrected(&wrong).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
        }
    }
}
