//! Messages that open nothing: copies, our own mail, machines, spam, emptiness. Nothing vanishes: each is kept with its reason.
//!
//! A header that merely looks like a machine's (`no_auto_answer`) is no reason to drop a message; it only keeps the desk
//! from answering. A machine's mail about a ticket is noted on it (see `follow_up`).

use super::case::Case;
use super::follow_up::{Turn, turn};
use super::recipient::is_own;
use super::trace::Trace;
use crate::domain::{Automatic, Decision, IgnoreReason};

pub(super) fn check(case: &Case<'_>, trace: &mut Trace) -> Option<Decision> {
    let (reason, because) = copied(case)
        .or_else(|| ours(case))
        .or_else(|| circling(case))
        .or_else(|| {
            // What belongs to a ticket is never ignored, whoever or whatever wrote it.
            if matches!(turn(case), Turn::Joins { .. }) {
                None
            } else {
                machine(case).or_else(|| spam(case)).or_else(|| ruled_out(case))
            }
        })
        .or_else(|| empty(case))?;
    trace.settle(&format!("guard.{reason}"), because);
    Some(Decision::Ignore { reason })
}

type Refusal = Option<(IgnoreReason, String)>;

fn copied(case: &Case<'_>) -> Refusal {
    if case.message.act.is_none()
        && let Some(original) = &case.context.known.original
        && original.message.inbox_id != case.message.inbox_id
    {
        let because = format!("message {} is the same post", original.message.inbox_id);
        return Some((IgnoreReason::Duplicate, because));
    }
    let original = case.context.known.duplicate?;
    let place = original.map_or_else(|| "a message without a ticket".to_owned(), |ticket| ticket.to_string());
    Some((IgnoreReason::Duplicate, format!("the same fingerprint is stored with {place}")))
}

fn ours(case: &Case<'_>) -> Refusal {
    if case.message.automatic == Some(Automatic::Own) {
        return Some((IgnoreReason::Own, "written by this desk".to_owned()));
    }
    is_own(&case.catalog().desk, &case.message.from.address)
        .then(|| (IgnoreReason::Own, "the sender is one of the desk's own mailboxes".to_owned()))
}

/// The parser reports mail that went round (RFC 5321 §6.3) as a fault that begins with `loop`.
fn circling(case: &Case<'_>) -> Refusal {
    let fault = case.message.faults.iter().find(|fault| fault.starts_with("loop"))?;
    Some((IgnoreReason::Loop, fault.clone()))
}

fn machine(case: &Case<'_>) -> Refusal {
    let (reason, because) = match case.message.automatic? {
        Automatic::AutoReply => (IgnoreReason::AutoReply, "an automatic reply to no ticket here"),
        Automatic::Bounce => (IgnoreReason::Bounce, "a bounce of no message sent here"),
        Automatic::Feedback => (IgnoreReason::Feedback, "an abuse report"),
        Automatic::Receipt => (IgnoreReason::Receipt, "a read receipt"),
        Automatic::Own => (IgnoreReason::Own, "written by this desk"),
        Automatic::List if !case.certain => (IgnoreReason::List, "list or bulk mail, and no certain rule files it"),
        Automatic::Notification if !case.certain => {
            (IgnoreReason::Notification, "a machine's notice, and no certain rule files it")
        }
        Automatic::List | Automatic::Notification => return None,
    };
    Some((reason, because.to_owned()))
}

fn spam(case: &Case<'_>) -> Refusal {
    case.message.spam.then(|| (IgnoreReason::Spam, "a filter in front of the desk marked it".to_owned()))
}

fn ruled_out(case: &Case<'_>) -> Refusal {
    let rule = case.ruling.ignored?;
    Some((IgnoreReason::Rule, format!("desk rule `{rule}` says so")))
}

fn empty(case: &Case<'_>) -> Refusal {
    let message = case.message;
    // A press has no words, and a text that was taken back or changed to nothing is dealt with where it stands.
    if message.act.is_some() {
        return None;
    }
    let blank = |text: &str| text.trim().is_empty();
    let nothing = blank(&message.subject) && blank(&message.text) && blank(&message.reply_text);
    (nothing && message.attachments.is_empty())
        .then(|| (IgnoreReason::Empty, "no subject, no text, no file".to_owned()))
}
