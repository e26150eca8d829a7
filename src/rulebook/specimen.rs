//! The tests beside a rule: a message as far as it is described, against the rule alone.

use super::judge::{Facts, Unmet, judge};
use super::patterns::Patterns;
use crate::domain::catalog::Catalog;
use crate::domain::rulebook::{Condition, DeskRule, Held, NO_INTENT, Specimen};
use crate::domain::{Address, Attachment, Channel, InboxId, Language, Message, Scan, Timestamp};
use crate::text::normalise;

/// How a test came out: what held, or what did not.
pub type Proof = Result<Vec<Held>, Unmet>;

/// Holds `specimen` against `rule`. What it does not say is as the rule wants it.
///
/// # Errors
/// The first condition that does not hold.
pub fn prove(rule: &DeskRule, specimen: &Specimen, patterns: &Patterns, catalog: &Catalog) -> Proof {
    let message = message(specimen);
    let subject = normalise(&message.subject);
    let reply = normalise(&message.reply_text);
    let text = if subject.is_empty() { reply } else { format!("{subject}\n{reply}") };
    let matched = patterns.read(&message, &subject, &text);
    let mut unread = Vec::new();
    for (told, condition) in [
        (specimen.text.is_some() || specimen.subject.is_some(), Condition::Text),
        (specimen.subject.is_some(), Condition::Subject),
        (specimen.attachments.is_some(), Condition::Attachments),
        (specimen.headers.is_some(), Condition::Headers),
    ] {
        if !told {
            unread.push(condition);
        }
    }
    let from = specimen.from.as_ref().map(|from| from.to_lowercase());
    let intent = specimen.intent.as_deref();
    let facts = Facts {
        channel: specimen.channel,
        from: from.as_deref().map(|from| [from, ""]),
        language: specimen.language,
        matched: &matched,
        unread: &unread,
        at: specimen.at,
        intent: (intent.is_some() || specimen.probability.is_some()).then(|| {
            // Only the probability is told: any of the wanted types will do.
            let named = intent.or_else(|| rule.when.intents.first().map(String::as_str));
            (named.filter(|named| *named != NO_INTENT), specimen.probability)
        }),
        candidate: None,
        loads: specimen.loads.as_ref(),
    };
    judge(rule, &facts, &catalog.rulebook, catalog)
}

fn message(specimen: &Specimen) -> Message {
    let text = specimen.text.clone().unwrap_or_default();
    let file = |(name, media_type): &(String, String)| Attachment {
        name: name.clone(),
        media_type: media_type.clone(),
        size_bytes: 0,
        inline: false,
        sha256: String::new(),
        scan: Scan::Off,
        warnings: Vec::new(),
    };
    Message {
        channel: specimen.channel.unwrap_or(Channel::Email),
        from: Address { name: String::new(), address: specimen.from.clone().unwrap_or_default() },
        headers: specimen.headers.clone().unwrap_or_default(),
        subject: specimen.subject.clone().unwrap_or_default(),
        text: text.clone(),
        reply_text: text,
        attachments: specimen.attachments.iter().flatten().map(file).collect(),
        ..blank()
    }
}

/// A mail that says nothing.
#[must_use]
pub const fn blank() -> Message {
    Message {
        inbox_id: InboxId(0),
        channel: Channel::Email,
        source: String::new(),
        message_id: None,
        references: Vec::new(),
        tokens: Vec::new(),
        place: None,
        act: None,
        from: Address { name: String::new(), address: String::new() },
        verified_mail: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: String::new(),
        text: String::new(),
        reply_text: String::new(),
        language: Language::Ja,
        automatic: None,
        no_auto_answer: None,
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: None,
        arrived_at: Timestamp(0),
        stale: false,
        fingerprint: String::new(),
        faults: Vec::new(),
        warnings: Vec::new(),
    }
}
