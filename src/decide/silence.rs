//! When the machine keeps silent (RFC 3834 §2, RFC 5230 §4.6), and the limits that end a loop no header betrays.

use super::case::Context;
use super::recipient::recipient;
use crate::domain::{Message, Ticket};

/// In chat people write in short turns, and other bots' messages never come in: the limits are this many times those of mail.
const CHAT_FACTOR: u32 = 5;

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
    // No machine presses buttons: what is asked for so is answered.
    if message.act.is_some() {
        return None;
    }
    let limits = context.catalog.limits;
    let factor = if message.place.is_some() { CHAT_FACTOR } else { 1 };
    let (sent, most) = (context.known.automatic_to_sender, limits.automatic_per_sender_day.saturating_mul(factor));
    if sent >= most {
        return Some(format!("{sent} automatic messages went to this sender in 24 hours, the limit is {most}"));
    }
    let (sent, most) =
        (ticket.map_or(0, |ticket| ticket.automatic_sent), limits.automatic_per_ticket.saturating_mul(factor));
    (sent >= most).then(|| format!("{sent} automatic messages went out on this ticket, the limit is {most}"))
}
