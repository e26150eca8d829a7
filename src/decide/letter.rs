//! An outgoing message, complete: words, subject, Message-ID and threading headers.

use std::collections::BTreeMap;

use minijinja::Value;

use super::clocks;
use super::details::slot;
use super::subject;
use super::wording::{
    self, ChatTemplate, REFERENCE, Template, Values, WordingFault, date_and_time, deadline, one_line, plain_text,
};
use crate::domain::catalog::Catalog;
use crate::domain::{
    Address, Article, Channel, Choice, Intent, Keyring, Language, Message, Offer, Outbound, OutboundKind, Place,
    Status, Ticket, Timestamp,
};

/// References of a reply (RFC 5322 §3.6.4 sets no limit; long lists only grow).
const MOST_REFERENCES: usize = 20;
/// Longer ids cannot stand on a line of mail (RFC 5322 §2.1.1).
const MOST_ID_BYTES: usize = 900;
const MOST_NAME_CHARS: usize = 60;
const MOST_VALUE_CHARS: usize = 300;
const EXCERPT_CHARS: usize = 500;
const EXCERPT_LINES: usize = 12;

/// What every letter of one change has in common.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) keyring: &'a Keyring,
    pub(super) now: Timestamp,
}

/// Words that belong to no ticket.
pub(super) struct Told {
    pub(super) kind: OutboundKind,
    pub(super) chat: ChatTemplate,
    pub(super) language: Language,
    pub(super) values: Values,
}

/// How a message leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) channel: Channel,
    pub(super) source: String,
    /// Where in chat; none for mail and forms, whose letters have greeting and reference.
    pub(super) place: Option<Place>,
}

impl Way {
    /// To where the ticket was opened.
    pub(super) fn of(ticket: &Ticket) -> Self {
        Self { channel: ticket.channel, source: ticket.source.clone(), place: ticket.place.clone() }
    }

    /// Back to where a message on `ticket` came from. Mail leaves from the mailbox the ticket came through.
    pub(super) fn back(message: &Message, ticket: &Ticket) -> Self {
        let source = if message.channel == ticket.channel { &ticket.source } else { &message.source };
        Self { channel: message.channel, source: source.clone(), place: message.place.clone() }
    }
}

/// One message to be written on a ticket.
pub(super) struct Letter {
    pub(super) kind: OutboundKind,
    pub(super) way: Way,
    pub(super) template: Template,
    /// The wording in chat.
    pub(super) chat: ChatTemplate,
    /// Buttons under it in chat.
    pub(super) offers: Vec<Offer>,
    /// Beside the values every letter has.
    pub(super) values: Values,
    pub(super) to: Address,
    pub(super) cc: Vec<Address>,
    /// Names it among all messages: `reply:1042:0`.
    pub(super) key: String,
    /// Message-IDs of what it answers, oldest first; the last one is what it answers directly.
    pub(super) thread: Vec<String>,
}

impl Post<'_> {
    /// The letter as it is sent.
    pub(super) fn write(&self, ticket: &Ticket, letter: Letter) -> Result<Outbound, WordingFault> {
        let token = self.keyring.sign(ticket.id);
        let mut values = letter.values;
        if let Some(name) = greeting_name(&letter.to.name, ticket.language) {
            values.insert("name", Value::from(name));
        }
        values.insert("desk", Value::from(one_line(&self.catalog.desk.name, MOST_NAME_CHARS)));
        values.insert("ticket", Value::from(ticket.id.to_string()));
        values.insert("subject", Value::from(shown_subject(ticket)));
        values.insert("reference", Value::from(token.clone()));
        let text = if letter.way.place.is_some() {
            wording::render_chat(letter.chat, ticket.language, &values)?
        } else {
            let text = wording::render(letter.template, ticket.language, &values)?;
            if !text.ends_with(&format!("\n{REFERENCE}{token}")) {
                return Err(WordingFault::NoReference(letter.template));
            }
            text
        };
        let Way { channel, source, place } = letter.way;
        Ok(Outbound {
            message_id: format!("{token}.{}@{}", letter.key.replace(':', "-"), self.domain(&source)),
            dedupe_key: letter.key,
            ticket: Some(ticket.id),
            channel,
            source,
            kind: letter.kind,
            offers: if place.is_some() { letter.offers } else { Vec::new() },
            place,
            replaces: None,
            notice: None,
            to: vec![clean(&letter.to)],
            cc: letter.cc.iter().map(clean).collect(),
            subject: subject::reply(&ticket.subject, ticket.id, ticket.language),
            text,
            language: ticket.language,
            in_reply_to: letter.thread.last().cloned(),
            references: shortened(letter.thread),
            send_at: self.now,
        })
    }

    /// A direct answer to something that belongs to no ticket.
    pub(super) fn tell(&self, message: &Message, to: &Address, told: Told) -> Result<Outbound, WordingFault> {
        let Told { kind, chat, language, mut values } = told;
        values.insert("desk", Value::from(one_line(&self.catalog.desk.name, MOST_NAME_CHARS)));
        let text = wording::render_chat(chat, language, &values)?;
        let key = format!("reply:{}:0", message.inbox_id);
        Ok(Outbound {
            message_id: format!("{}@{}", key.replace(':', "-"), self.domain(&message.source)),
            dedupe_key: key,
            ticket: None,
            channel: message.channel,
            source: message.source.clone(),
            kind,
            place: message.place.clone(),
            offers: Vec::new(),
            replaces: None,
            notice: None,
            to: vec![clean(to)],
            cc: Vec::new(),
            subject: one_line(&self.catalog.desk.name, MOST_NAME_CHARS),
            text,
            language,
            in_reply_to: message.message_id.clone(),
            references: Vec::new(),
            send_at: self.now,
        })
    }

    /// "by when", as the requester reads it.
    pub(super) fn expected(&self, ticket: &Ticket) -> Option<Value> {
        let at = clocks::expected(ticket.priority, ticket.due, self.now)?;
        deadline(at, self.now, self.catalog.desk.timezone, ticket.language).map(Value::from)
    }

    /// Puts "by when" among the values when there is such a time.
    pub(super) fn promise(&self, ticket: &Ticket, values: &mut Values) {
        if let Some(expected) = self.expected(ticket) {
            values.insert("expected", expected);
        }
    }

    /// How the ticket stands, as values for the status report.
    pub(super) fn status(&self, ticket: &Ticket) -> Values {
        let mut values = Values::new();
        values.insert("status", Value::from(status_words(ticket.status, ticket.language)));
        let created = date_and_time(ticket.created_at, self.catalog.desk.timezone, ticket.language);
        values.insert("created", Value::from(created.unwrap_or_else(|| "-".to_owned())));
        if !clocks::is_standing(ticket.status) {
            self.promise(ticket, &mut values);
        }
        if ticket.status == Status::Waiting {
            put_questions(&mut values, self.intent(ticket), &ticket.missing, ticket.language);
        }
        values
    }

    pub(super) fn intent(&self, ticket: &Ticket) -> Option<&Intent> {
        ticket.intent.as_deref().and_then(|id| self.catalog.intent(id))
    }

    /// The host part of Message-IDs: that of the mailbox the ticket came through.
    pub(super) fn domain(&self, source: &str) -> String {
        let mailboxes = &self.catalog.desk.mailboxes;
        let mailbox = mailboxes.iter().find(|mailbox| mailbox.name == source).or_else(|| mailboxes.first());
        let domain =
            mailbox.and_then(|mailbox| mailbox.address.rsplit_once('@')).map(|(_, domain)| domain.to_lowercase());
        domain.filter(|domain| is_id(domain)).unwrap_or_else(|| "desk.invalid".to_owned())
    }
}

/// Lists the details to ask for; nothing when there is none.
pub(super) fn put_questions(values: &mut Values, intent: Option<&Intent>, missing: &[String], language: Language) {
    let general = match language {
        Language::Ja => "お知らせください。",
        Language::En => "please let us know.",
    };
    let lines = missing.iter().map(|name| {
        let slot = intent.and_then(|intent| slot(intent, name));
        let ask = slot.map_or("", |slot| slot.ask.get(language));
        let ask = if ask.trim().is_empty() { general } else { ask };
        BTreeMap::from([("title", title(intent, name, language)), ("ask", one_line(ask, MOST_VALUE_CHARS))])
    });
    let lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        values.insert("questions", Value::from(lines));
    }
}

/// Lists what was understood; nothing when there is none.
pub(super) fn put_details(
    values: &mut Values,
    intent: Option<&Intent>,
    slots: &BTreeMap<String, String>,
    language: Language,
) {
    let lines = slots.iter().filter(|(_, value)| *value != Choice::NOT_NEEDED).map(|(name, value)| {
        let shown = shown_value(intent, name, value, language);
        BTreeMap::from([("title", title(intent, name, language)), ("value", one_line(shown, MOST_VALUE_CHARS))])
    });
    let lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        values.insert("details", Value::from(lines));
    }
}

/// A choice by its name for people, anything else as the person wrote it.
fn shown_value<'a>(intent: Option<&'a Intent>, name: &str, value: &'a str, language: Language) -> &'a str {
    let choices = intent.and_then(|intent| slot(intent, name)).map_or(&[][..], |slot| &slot.choices);
    choices.iter().find(|choice| choice.value == value).map_or(value, |choice| choice.title.get(language))
}

/// The articles a suggestion offers, each with its beginning; those without a text are left out.
pub(super) fn suggested(articles: &[&Article], language: Language) -> Option<Value> {
    let entries: Vec<_> = articles
        .iter()
        .map(|article| {
            (
                one_line(&article.title, MOST_VALUE_CHARS),
                excerpt(&plain_text(&article.body, article.language), language),
            )
        })
        .filter(|(_, text)| !text.is_empty())
        .map(|(title, text)| BTreeMap::from([("title", title), ("text", text)]))
        .collect();
    (!entries.is_empty()).then(|| Value::from(entries))
}

/// Message-IDs a reply to `message` refers to, oldest first, ending with the message itself.
pub(super) fn thread_of(message: &Message) -> Vec<String> {
    // The list is kept newest first; a direct parent that is also the newest reference stands in it twice.
    let mut thread: Vec<String> = Vec::new();
    for id in message.references.iter().rev().chain(&message.message_id) {
        if is_id(id) && !thread.contains(id) {
            thread.push(id.clone());
        }
    }
    thread
}

/// Whether `id` can stand in a header as it is.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= MOST_ID_BYTES
        && !id.chars().any(|c| c.is_control() || c.is_whitespace() || "<>".contains(c))
}

/// The first id names the thread and stays; then the newest ones.
fn shortened(mut thread: Vec<String>) -> Vec<String> {
    let too_many = thread.len().saturating_sub(MOST_REFERENCES);
    if too_many > 0 {
        thread.drain(1..=too_many);
    }
    thread
}

fn clean(address: &Address) -> Address {
    Address { name: one_line(&address.name, MOST_NAME_CHARS), address: address.address.clone() }
}

/// A display name fit for a greeting: not an address, not an advertisement, without an honorific of its own.
fn greeting_name(name: &str, language: Language) -> Option<String> {
    let name = one_line(name, MOST_NAME_CHARS);
    let lower = name.to_lowercase();
    if ["@", "://", "www."].iter().any(|part| lower.contains(part)) {
        return None;
    }
    let name = match language {
        Language::Ja => name.trim_end_matches('様').trim_end_matches("さん").trim_end().to_owned(),
        Language::En => name,
    };
    (!name.is_empty()).then_some(name)
}

pub(super) fn shown_subject(ticket: &Ticket) -> String {
    let bare = one_line(&subject::bare(&ticket.subject), MOST_VALUE_CHARS);
    match (bare.is_empty(), ticket.language) {
        (false, _) => bare,
        (true, Language::Ja) => "(件名なし)".to_owned(),
        (true, Language::En) => "(no subject)".to_owned(),
    }
}

fn title(intent: Option<&Intent>, name: &str, language: Language) -> String {
    let title = intent.and_then(|intent| slot(intent, name)).map_or("", |slot| slot.title.get(language));
    one_line(if title.trim().is_empty() { name } else { title }, MOST_VALUE_CHARS)
}

fn excerpt(text: &str, language: Language) -> String {
    let lines: Vec<&str> = text.lines().take(EXCERPT_LINES).collect();
    let head = lines.join("\n");
    let short: String = head.chars().take(EXCERPT_CHARS).collect();
    if short.len() == text.len() {
        return short;
    }
    let more = match language {
        Language::Ja => "…(続きがあります)",
        Language::En => "… (shortened)",
    };
    format!("{}\n{more}", short.trim_end())
}

/// How `ticket` stands and when its requester may expect the next word, both in `language`. No time for a ticket that is ended.
#[must_use]
pub fn standing(catalog: &Catalog, ticket: &Ticket, language: Language, now: Timestamp) -> (String, Option<String>) {
    let words = status_words(ticket.status, language).to_owned();
    if clocks::is_standing(ticket.status) {
        return (words, None);
    }
    let due = clocks::expected(ticket.priority, ticket.due, now);
    (words, due.and_then(|at| deadline(at, now, catalog.desk.timezone, language)))
}

pub(super) const fn status_words(status: Status, language: Language) -> &'static str {
    match (status, language) {
        (Status::New, Language::Ja) => "受付済み(担当者が順次確認いたします)",
        (Status::Open, Language::Ja) => "対応中",
        (Status::Waiting, Language::Ja) => "ご返信待ち",
        (Status::Answered, Language::Ja) => "回答済み",
        (Status::Resolved, Language::Ja) => "解決済み",
        (Status::Closed, Language::Ja) => "完了",
        (Status::New, Language::En) => "received, waiting for a person",
        (Status::Open, Language::En) => "being worked on",
        (Status::Waiting, Language::En) => "waiting for your reply",
        (Status::Answered, Language::En) => "answered",
        (Status::Resolved, Language::En) => "solved",
        (Status::Closed, Language::En) => "closed",
    }
}
