//! The person behind a message: over all their addresses one requester, with one wish for a language.

use super::recipient::same;
use crate::domain::{Known, Language, Message, PersonChange, Ticket};

/// The language they are answered in: the one they chose, else that of the message.
pub(super) fn language(message: &Message, known: &Known) -> Language {
    known.person.as_ref().and_then(|person| person.language).unwrap_or(message.language)
}

/// Whether the sender may write on the ticket, by any of their addresses.
pub(super) fn takes_part(ticket: &Ticket, message: &Message, known: &Known) -> bool {
    let is_on = |address: &str| {
        same(&ticket.requester.address, address) || ticket.participants.iter().any(|other| same(other, address))
    };
    is_on(&message.from.address)
        || known.person.iter().flat_map(|person| &person.addresses).any(|address| is_on(address))
}

/// What a message of a person teaches about who they are. A mail address counts only when the chat service vouches for it.
pub(super) fn learnt(message: &Message, known: &Known) -> Vec<PersonChange> {
    let address = message.from.address.to_lowercase();
    if address.is_empty() || message.automatic.is_some() {
        return Vec::new();
    }
    let inbox_id = message.inbox_id;
    match &message.verified_mail {
        Some(mail) if known.is_newly_vouched && !same(mail, &address) => {
            let addresses = vec![address, mail.to_lowercase()];
            vec![PersonChange::Same { inbox_id, addresses, proof: "verified_mail".to_owned() }]
        }
        Some(_) | None if known.person.is_none() => vec![PersonChange::Met { inbox_id, address }],
        Some(_) | None => Vec::new(),
    }
}

/// The language a text is plainly in, for tickets that go on in another one: kana are Japanese, several Latin words without any
/// are English. "OK" tells nothing.
pub(super) fn plain_language(text: &str) -> Option<Language> {
    if text.chars().any(|c| matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ')) {
        return Some(Language::Ja);
    }
    let is_latin = |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() > 1;
    (text.split_whitespace().filter(is_latin).count() >= LATIN_WORDS).then_some(Language::En)
}

/// Fewer may be a product's name or an error code.
const LATIN_WORDS: usize = 4;
