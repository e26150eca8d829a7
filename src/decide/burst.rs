//! Several short messages of one person, written one after the other, read and decided as one.

use std::borrow::Cow;

use crate::domain::{Changes, EventKind, Fate, Message, Settled, StoredMessage, ThreadKey, TicketEvent, Timestamp};

/// The reason of a message that was read together with the one before it.
const REASON: &str = "burst";

/// How many of `messages`, from the first, are one burst: plain text of one person in one thread. At least one, when there is any.
#[must_use]
pub fn burst(messages: &[Message]) -> usize {
    let Some((first, rest)) = messages.split_first() else { return 0 };
    1 + rest.iter().take_while(|next| continues(first, next)).count()
}

fn continues(first: &Message, next: &Message) -> bool {
    first.act.is_none()
        && next.act.is_none()
        && first.from.address == next.from.address
        && first.place.as_ref().map(|place| &place.room) == next.place.as_ref().map(|place| &place.room)
        && first.automatic == next.automatic
        // Both in no thread or in the same one, or the second below the first.
        && (thread(first) == thread(next) || (thread(first).is_empty() && thread(next) == first.message_id.as_slice()))
}

/// What a message is below of, itself left out.
fn thread(message: &Message) -> &[String] {
    match message.references.as_slice() {
        [own] if Some(own) == message.message_id.as_ref() => &[],
        references => references,
    }
}

/// The messages of a burst as the rules read them: the first one with everything that was written and sent along. `None` without
/// any.
#[must_use]
pub fn as_one<'m>(messages: &[&'m Message]) -> Option<Cow<'m, Message>> {
    let (first, rest) = messages.split_first()?;
    if rest.is_empty() {
        return Some(Cow::Borrowed(first));
    }
    let mut one = Message::clone(first);
    for next in rest {
        add_line(&mut one.text, &next.text);
        add_line(&mut one.reply_text, &next.reply_text);
        one.attachments.extend(next.attachments.iter().cloned());
        one.verified_mail = one.verified_mail.or_else(|| next.verified_mail.clone());
    }
    // A greeting may be in no language at all; the longest line tells.
    if let Some(longest) = messages.iter().max_by_key(|message| message.reply_text.chars().count()) {
        one.language = longest.language;
    }
    Some(Cow::Owned(one))
}

fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// `changes`, made from the whole burst, as the changes of each of its messages: the first one's as decided, the others joined to
/// the same ticket. Each message is kept as it was written.
#[must_use]
pub fn spread(changes: Changes, messages: &[&Message], now: Timestamp) -> Vec<Changes> {
    let Some((first, rest)) = messages.split_first().filter(|(_, rest)| !rest.is_empty()) else { return vec![changes] };
    let mut all = vec![changes];
    for message in rest {
        let follows = following(&all[0], message, now);
        all.push(follows);
    }
    if let Some(kept) = &mut all[0].message {
        kept.text.clone_from(&first.text);
        kept.reply_text.clone_from(&first.reply_text);
        kept.attachments.clone_from(&first.attachments);
    }
    if let Some(settled) = &mut all[0].settled {
        // The kept text is not what was decided about: the decision is shown, never made again.
        settled.seen = None;
    }
    all
}

fn following(first: &Changes, message: &Message, now: Timestamp) -> Changes {
    let mut changes = Changes::default();
    let Some(settled) = &first.settled else { return changes };
    let ticket = settled.ticket;
    let joined = ticket.is_some();
    changes.settled = Some(Settled {
        inbox_id: message.inbox_id,
        fate: if joined { Fate::Joined } else { Fate::Ignored },
        reason: REASON.to_owned(),
        ticket,
        article: None,
        catalog_version: settled.catalog_version.clone(),
        decided: None,
        classification: None,
        seen: None,
    });
    changes.message = first.message.as_ref().map(|kept| StoredMessage {
        inbox_id: message.inbox_id,
        fingerprint: message.fingerprint.clone(),
        message_id: message.message_id.clone(),
        text: message.text.clone(),
        reply_text: message.reply_text.clone(),
        attachments: message.attachments.clone(),
        arrived_at: message.arrived_at,
        ..kept.clone()
    });
    if let Some(ticket) = ticket {
        let detail = format!("by {}, read together with message {}", message.channel, settled.inbox_id);
        let actor = "requester".to_owned();
        changes.events.push(TicketEvent { ticket, at: now, kind: EventKind::MessageIn, actor, detail });
        changes.thread_keys.extend(message.message_id.clone().map(|key| ThreadKey { key, ticket }));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, message};
    use super::*;
    use crate::domain::{Act, InboxId, Place, TicketId};

    fn said(id: &str, text: &str) -> Message {
        let place = Place { room: "C1".into(), thread: Some(id.into()), direct: false, triage: false };
        Message {
            message_id: Some(id.into()),
            inbox_id: InboxId(if id == "a" { 1 } else { 2 }),
            place: Some(place),
            ..message("", text)
        }
    }

    #[test]
    fn a_burst_is_plain_text_of_one_person_in_one_thread() {
        let (first, next) = (said("a", "こんにちは"), said("bb", "VPN がつながりません"));
        let other = Message { from: crate::domain::Address::default(), ..next.clone() };
        let act = Message { act: Some(Act::WantsTicket), ..next.clone() };
        let below = Message { references: vec!["a".into()], ..next.clone() };
        let elsewhere = Message { references: vec!["z".into()], ..next.clone() };
        let root = Message { references: vec!["bb".into()], ..next.clone() };
        for (name, second, wanted) in [
            ("next", &next, 2),
            ("of another", &other, 1),
            ("an act", &act, 1),
            ("below the first", &below, 2),
            ("in another thread", &elsewhere, 1),
            ("a root that names itself", &root, 2),
        ] {
            assert_eq!(burst(&[first.clone(), second.clone()]), wanted, "{name}");
        }
        assert_eq!(burst(&[act, next]), 1);
        assert_eq!(burst(&[]), 0);
    }

    #[test]
    fn the_first_carries_the_decision_and_the_others_join() {
        let (first, next) = (said("a", "こんにちは"), said("bb", "VPN がつながりません"));
        let messages = [&first, &next];
        assert_eq!(as_one(&messages).unwrap().reply_text, "こんにちは\nVPN がつながりません");
        let decided = Changes {
            settled: Some(Settled {
                inbox_id: InboxId(1),
                fate: Fate::Filed,
                reason: String::new(),
                ticket: Some(TicketId(1)),
                article: None,
                catalog_version: "v".into(),
                decided: None,
                classification: None,
                seen: None,
            }),
            ..Changes::default()
        };
        let all = spread(decided.clone(), &messages, NOW);
        assert_eq!(all.len(), 2);
        let second = all[1].settled.as_ref().unwrap();
        assert_eq!((second.inbox_id, second.fate, second.reason.as_str()), (InboxId(2), Fate::Joined, "burst"));
        assert_eq!(all[1].thread_keys, [ThreadKey { key: "bb".into(), ticket: TicketId(1) }]);
        assert_eq!(spread(decided.clone(), &messages[..1], NOW), [decided]);
    }
}
