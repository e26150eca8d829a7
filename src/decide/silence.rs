//! When the machine keeps silent (RFC 3834 §2, RFC 5230 §4.6), and the limits that end a loop no header betrays.

use super::case::Context;
use super::recipient::recipient;
use crate::domain::{Message, Ticket};

/// Why nothing automatic may be sent in answer to `message`, which belongs to `ticket` when it is there already;
/// `None` when it may.
pub(super) fn silence(message: &Message, context: Context<'_>, ticket: Option<&Ticket>) -> Option<String> {
    if let Some(kind) = message.automatic {
        return Some(format!("a machine wrote it ({kind})"));
    }
    if message.spam {
        return Some("a filter marked it as spam".to_owned());
    }
    if let Some(why) = &message.no_auto_answer {
        return Some(format!("it asks for no automatic answer: {why}"));
    }
    if message.stale {
        return Some("it is older than the mailbox's limit for automatic answers".to_owned());
    }
    if let Err(why) = recipient(message, &context.catalog.desk) {
        return Some(why.to_owned());
    }
    let limits = context.catalog.limits;
    let (sent, most) = (context.known.automatic_to_sender, limits.automatic_per_sender_day);
    if sent >= most {
        return Some(format!("{sent} automatic messages went to this sender in 24 hours, the limit is {most}"));
    }
    let (sent, most) = (ticket.map_or(0, |ticket| ticket.automatic_sent), limits.automatic_per_ticket);
    (sent >= most).then(|| format!("{sent} automatic messages went out on this ticket, the limit is {most}"))
}
