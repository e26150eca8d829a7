//! From claimed rows to what is decided: rows that are one burst go together, the others go back to the queue.

use super::handle::Handler;
use crate::decide;
use crate::domain::{Act, InboxId, Language, Message, Probe, reply_token};
use crate::store::{InboxItem, StoreError, crash};

/// Messages that are decided as one: most often a single one.
pub(super) type Burst = Vec<Message>;

/// Whether one of the rows belongs to `burst`.
pub(super) fn has_any(burst: &Burst, ids: &[InboxId]) -> bool {
    burst.iter().any(|message| ids.contains(&message.inbox_id))
}

impl Handler {
    /// Reads `item` and its companions. Those that are no part of its burst are given back: it must be written before they can be
    /// decided.
    pub(super) async fn read_burst(&self, item: &InboxItem, default: Language) -> Result<Burst, StoreError> {
        let mut read = Vec::with_capacity(1 + item.companions.len());
        for row in std::iter::once(item).chain(&item.companions) {
            crash::on_text(&row.received.raw);
            read.push(self.reader.read(row, default).await);
        }
        let rest = read.split_off(decide::burst(&read).min(read.len()));
        if !rest.is_empty() {
            let ids: Vec<InboxId> = rest.iter().map(|message| message.inbox_id).collect();
            self.store.release(&self.owner, &ids).await?;
        }
        Ok(read)
    }
}

/// What the store must be asked about a message.
pub(super) fn probe(message: &Message) -> Probe {
    let mut probe = Probe {
        fingerprint: message.fingerprint.clone(),
        tokens: message.tokens.clone(),
        thread_keys: message.references.clone(),
        sender: message.from.address.to_lowercase(),
        bounced_message_id: message.bounce.as_ref().and_then(|bounce| bounce.original_message_id.clone()),
        verified_mail: message.verified_mail.clone(),
        wants_last: message.place.as_ref().is_some_and(|place| place.triage),
        ..Probe::default()
    };
    probe.thread_keys.extend(message.message_id.clone());
    if message.place.is_some() {
        // The same post may come a second time by another way.
        probe.original.clone_from(&message.message_id);
    }
    match &message.act {
        Some(Act::Edited { original } | Act::Deleted { original }) => {
            probe.thread_keys.push(original.clone());
            probe.original = Some(original.clone());
        }
        Some(Act::Pressed { ticket, button }) => {
            probe.tokens.splice(0..0, *ticket);
            probe.named = *ticket;
            probe.other = decide::other_ticket(button);
        }
        Some(Act::Filled { ticket, .. }) => {
            probe.tokens.splice(0..0, *ticket);
            probe.named = *ticket;
        }
        Some(Act::Links { code: Some(code) }) => probe.code = Some(reply_token::code_digest(code)),
        Some(Act::Links { code: None } | Act::WantsTicket | Act::Speaks { .. } | Act::Alert { .. }) | None => {}
    }
    probe
}
