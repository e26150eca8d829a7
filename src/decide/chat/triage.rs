//! The agents' room: what is pressed on a card, and what is said below one. Nothing of it reaches the requester unless it is marked
//! as a reply.

use super::super::case::Case;
use super::super::follow_up::{Place, Turn};
use super::aside::Aside;
use crate::domain::{Act, Button, Known, Message, Status, Ticket, Verdict};

/// A message below a card that begins with one of these is sent to the requester.
const REPLY_MARKS: [&str; 5] = ["reply:", "reply\u{ff1a}", "返信:", "返信\u{ff1a}", ">>"];

/// One that begins with these is an interim report to everybody on the ticket.
const REPORT_MARKS: [&str; 4] = ["report:", "report\u{ff1a}", "報告:", "報告\u{ff1a}"];
/// One that begins with these is the recovery notice.
const RECOVERY_MARKS: [&str; 4] = ["recovered:", "recovered\u{ff1a}", "復旧:", "復旧\u{ff1a}"];

/// What an agent does with a ticket.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::decide) enum Deed {
    /// They have it now.
    Take,
    /// Somebody else has it now.
    Assign { to: String },
    /// It is solved.
    Resolve,
    /// Work may start, or is not to be done.
    Rule { verdict: Verdict },
    /// It is the same case as the other ticket the act names.
    Join,
    /// It is a case of its own after all.
    Split,
    /// A word among agents.
    Note { text: String },
    /// A word to the requester.
    Reply { text: String },
    /// How far an incident has come.
    Report { text: String },
    /// The service is back.
    Recover { text: String },
}

/// Who acts, as it stands in the history.
pub(in crate::decide) fn agent_name(message: &Message) -> &str {
    let name = message.from.name.trim();
    if name.is_empty() { &message.from.address } else { name }
}

pub(super) fn turn<'a>(case: &Case<'a>) -> Turn<'a> {
    let (message, known) = (case.message, case.context.known);
    let said = match &message.act {
        Some(Act::Pressed { button, .. }) => return press(message, known, button),
        Some(Act::Speaks { language }) => return Turn::Aside(Aside::Language(*language)),
        Some(Act::Edited { .. }) => Said::Changed,
        Some(Act::Deleted { .. } | Act::WantsTicket | Act::Filled { .. } | Act::Links { .. } | Act::Alert { .. }) => {
            return Turn::Aside(Aside::Triage { because: "it means nothing in the agents' room" });
        }
        None => Said::New,
    };
    let Some(ticket) = &known.ticket else {
        return Turn::Aside(Aside::Triage { because: "said in the agents' room, below no card" });
    };
    let text = message.reply_text.trim();
    if text.is_empty() && message.attachments.is_empty() {
        return Turn::Aside(Aside::Triage { because: "there is nothing in it" });
    }
    let marked = marked(text, &REPLY_MARKS).map(|text| Deed::Reply { text: text.to_owned() });
    let marked =
        marked.or_else(|| self::marked(text, &REPORT_MARKS).map(|text| Deed::Report { text: text.to_owned() }));
    let marked =
        marked.or_else(|| self::marked(text, &RECOVERY_MARKS).map(|text| Deed::Recover { text: text.to_owned() }));
    let deed = match (marked, said) {
        (Some(deed), Said::New) => deed,
        // What went out stays as it went out.
        (Some(_), Said::Changed) => Deed::Note { text: format!("changed afterwards, not sent again: {text}") },
        (None, Said::New) => Deed::Note { text: text.to_owned() },
        (None, Said::Changed) => Deed::Note { text: format!("changed: {text}") },
    };
    Turn::Joins { ticket, place: Place::Agent(deed) }
}

enum Said {
    New,
    Changed,
}

/// The text behind one of `marks`.
fn marked<'t>(text: &'t str, marks: &[&str]) -> Option<&'t str> {
    let lower = text.to_lowercase();
    marks.iter().find_map(|mark| {
        let marked = lower.starts_with(mark) && text.is_char_boundary(mark.len());
        marked.then(|| text.get(mark.len()..).unwrap_or_default().trim())
    })
}

fn press<'a>(message: &Message, known: &'a Known, button: &Button) -> Turn<'a> {
    let Some(ticket) = known.named.as_ref().or(known.ticket.as_ref()) else {
        return Turn::Aside(Aside::Triage { because: "there is no such ticket" });
    };
    let place = match deed(message, known, ticket, button) {
        Some(Ok(deed)) => Place::Agent(deed),
        Some(Err(because)) => Place::Repeat { because },
        None => return Turn::Aside(Aside::Triage { because: "that button is not for agents" }),
    };
    Turn::Joins { ticket, place }
}

/// What the button means, or why it changes nothing any more; `None` for the buttons of requesters.
fn deed(message: &Message, known: &Known, ticket: &Ticket, button: &Button) -> Option<Result<Deed, String>> {
    let has_it = |name: &str| ticket.assignee.as_deref() == Some(name);
    let ended = matches!(ticket.status, Status::Resolved | Status::Closed);
    Some(match button {
        Button::Take if has_it(agent_name(message)) => Err(format!("{} has it already", agent_name(message))),
        Button::Take => Ok(Deed::Take),
        Button::Assign => {
            let to = message.text.trim();
            if has_it(to) { Err(format!("{to} has it already")) } else { Ok(Deed::Assign { to: to.to_owned() }) }
        }
        Button::Resolve if ended => Err(format!("it is {} already", ticket.status)),
        Button::Resolve => Ok(Deed::Resolve),
        Button::Approve | Button::Decline if ended || !ticket.course.waits_for_approval() => {
            Err("nothing waits for approval".to_owned())
        }
        Button::Approve => Ok(Deed::Rule { verdict: Verdict::Approved }),
        Button::Decline => Ok(Deed::Rule { verdict: Verdict::Declined }),
        Button::Join { into } if ticket.merged_into == Some(*into) => Err(format!("it is one with {into} already")),
        Button::Join { into } if known.other.is_none() => Err(format!("there is no {into}")),
        Button::Join { .. } => Ok(Deed::Join),
        Button::Split { .. } if ticket.merged_into.is_none() => Err("it is a case of its own already".to_owned()),
        Button::Split { from } if known.other.is_none() => Err(format!("there is no {from}")),
        Button::Split { .. } => Ok(Deed::Split),
        Button::Solved
        | Button::NotSolved
        | Button::Person
        | Button::Article { .. }
        | Button::Details { .. }
        | Button::Rate { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{REPLY_MARKS, marked};

    #[test]
    fn only_a_mark_at_the_beginning_makes_a_reply() {
        for (text, wanted) in [
            ("reply: Done.", Some("Done.")),
            ("Reply:Done.", Some("Done.")),
            ("返信: 直しました。\n再度お試しください。", Some("直しました。\n再度お試しください。")),
            ("返信\u{ff1a}直しました。", Some("直しました。")),
            (">> 直しました", Some("直しました")),
            ("返信してもいいですか", None),
            ("> quoted", None),
            ("I will reply: soon", None),
            ("replying", None),
            ("", None),
        ] {
            assert_eq!(marked(text, &REPLY_MARKS), wanted, "{text}");
        }
    }
}
