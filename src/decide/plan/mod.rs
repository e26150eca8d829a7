//! A decision as changes: the ticket, its history, the message as it is kept, and what is sent.

mod acted;
mod agents;
mod alerts;
mod aside;
mod joined;
mod opened;

use super::case::{Case, Context};
use super::clocks;
use super::follow_up::{Place, Turn, turn};
use super::keep::{self, Unsure};
use super::letter::{Letter, Post, Way, thread_of};
use super::recipient::{is_nobody, is_own, is_usable, recipient};
use super::same_case::same_case;
use super::silence::silence;
use super::wording::{ChatTemplate, Template, Values};
use super::{alert, card, notice, offers, person};
use crate::domain::rulebook::RuleReply;
use crate::domain::{
    Act, Address, Alert, Bilingual, Changes, Decided, Decision, Envelope, EventKind, Fate, IgnoreReason, Keyring,
    Known, Message, Outbound, OutboundKind, Seen, Settled, Step, StoredMessage, ThreadKey, Ticket, TicketEvent,
    TicketId, Timestamp, past,
};

/// Addresses on a ticket beside which no more are taken on.
const MOST_PARTICIPANTS: usize = 20;
pub(super) const RULE: &str = "rule";
const REQUESTER: &str = "requester";

/// Everything `decided` changes, to be written in one transaction. A new ticket takes the number of the inbox row; a
/// known one keeps the version it was read with. A reply that must not or cannot be written is left out, the ticket goes
/// to people, and the trace says why.
#[must_use]
pub fn plan(decided: &Decided, message: &Message, context: &Context<'_>, keyring: &Keyring, now: Timestamp) -> Changes {
    let post = Post { catalog: context.catalog, keyring, now };
    let (changes, sent) = (Changes::default(), 0);
    let mut sheet = Sheet { message, context: *context, post, words: None, decided: decided.clone(), changes, sent };
    if let Some(alert) = alert::of(message) {
        return monitored(sheet, alert);
    }
    let case = Case::new(message, *context, now);
    sheet.words = case.ruling.reply.and_then(|(_, reply)| match reply {
        RuleReply::Words(words) => Some(words),
        RuleReply::Article(_) => None,
    });
    let known: Vec<&Ticket> = context.known.ticket.iter().chain(&context.known.recent).collect();
    let (mut changes, same_as) = match (&decided.decision, turn(&case)) {
        (Decision::Ignore { reason }, Turn::Aside(aside)) if *reason == aside.reason() => {
            return aside::plan(sheet, &aside);
        }
        (Decision::Ignore { reason }, _) => return sheet.ignored(*reason),
        (Decision::FollowUp { .. }, Turn::Joins { ticket, place: Place::Agent(deed) }) => {
            return agents::plan(sheet, ticket, &deed);
        }
        (Decision::FollowUp { .. }, Turn::Joins { ticket, place }) => (joined::plan(sheet, ticket, &place), None),
        (_, Turn::Beside { ticket, stranger, .. }) => {
            let beside = opened::Beside { ticket: ticket.id, why: opened::Why::of(stranger) };
            (opened::plan(sheet, Some(&beside)), None)
        }
        (_, Turn::New | Turn::Joins { .. } | Turn::Aside(_)) => {
            let same = same_case(&case).map(|ticket| ticket.id);
            let beside = same.map(|ticket| opened::Beside { ticket, why: opened::Why::SameCase });
            (opened::plan(sheet, beside.as_ref()), same)
        }
    };
    changes.people.extend(person::learnt(message, context.known));
    promise(&mut changes, message, context, now);
    notice::follow(&post, &known, &mut changes, "");
    card::update(&post, &known, &mut changes, same_as);
    changes
}

/// What an alert changes. Nobody is met by it, and it says nothing that escalation rules look at.
fn monitored(sheet: Sheet<'_>, alert: &Alert) -> Changes {
    let Sheet { message, context, post, .. } = sheet;
    let mut changes = alerts::plan(sheet, alert);
    let known = context.known.alert.as_deref();
    let known: Vec<&Ticket> = known.into_iter().flat_map(|known| known.ticket.iter().chain(&known.umbrella)).collect();
    keep::keep(context.catalog, &known, &mut changes, (clocks::start(message, post.now), post.now));
    card::update(&post, &known, &mut changes, None);
    changes
}

/// What the message says of its ticket's promises, and what it does to the clocks.
fn promise(changes: &mut Changes, message: &Message, context: &Context<'_>, now: Timestamp) {
    if message.automatic.is_none() {
        let decided = changes.settled.as_ref().and_then(|settled| settled.decided.as_ref());
        let unsure = decided.is_some_and(|decided| decided.intent.is_none() && decided.decision == Decision::File);
        for ticket in &mut changes.tickets {
            let unsure = if unsure && ticket.version == 0 { Unsure::Yes } else { Unsure::No };
            keep::signals(ticket, message, context.classification, unsure);
        }
    }
    let known: Vec<&Ticket> = context.known.ticket.iter().chain(&context.known.recent).collect();
    keep::keep(context.catalog, &known, changes, (clocks::start(message, now), now));
}

/// `known` as far as making the decision again needs it. The clocks of a ticket say nothing unless the decision changes it, and are
/// the longest part of it.
fn remembered(known: &Known, changed: &[Ticket]) -> Known {
    let mut kept = known.clone();
    for ticket in kept.recent.iter_mut().filter(|ticket| !changed.iter().any(|other| other.id == ticket.id)) {
        ticket.promises.clocks.clear();
    }
    kept
}

/// The changes while they are being put together.
struct Sheet<'a> {
    message: &'a Message,
    context: Context<'a>,
    post: Post<'a>,
    /// What a desk rule has the acknowledgement say.
    words: Option<&'a Bilingual>,
    decided: Decided,
    changes: Changes,
    /// Messages written so far.
    sent: usize,
}

impl Sheet<'_> {
    fn event(&mut self, ticket: TicketId, kind: EventKind, actor: &str, detail: impl Into<String>) {
        self.changes.events.push(TicketEvent {
            ticket,
            at: self.post.now,
            kind,
            actor: actor.to_owned(),
            detail: detail.into(),
        });
    }

    fn received(&mut self, ticket: TicketId) {
        if let Some(Act::Pressed { button, .. }) = &self.message.act {
            let detail = acted::pressed_words(button);
            return self.event(ticket, EventKind::Note, REQUESTER, detail);
        }
        let mut detail = format!("by {}", self.message.channel);
        for warning in &self.message.warnings {
            detail = format!("{detail}; warning: {warning}");
        }
        self.event(ticket, EventKind::MessageIn, REQUESTER, detail);
    }

    /// Keeps the message, on `ticket` when it belongs to one.
    fn keep_message(&mut self, ticket: Option<TicketId>) {
        let message = self.message;
        let says_nothing = message.text.trim().is_empty() && message.attachments.is_empty();
        if says_nothing && message.act.is_some() {
            return;
        }
        // Decided in the place of an earlier message, it goes under that one's name.
        let message_id = match &message.act {
            Some(Act::Edited { original }) => Some(original.clone()),
            Some(
                Act::Deleted { .. }
                | Act::Pressed { .. }
                | Act::WantsTicket
                | Act::Filled { .. }
                | Act::Speaks { .. }
                | Act::Alert { .. }
                | Act::Links { .. },
            )
            | None => message.message_id.clone(),
        };
        self.changes.message = Some(StoredMessage {
            inbox_id: message.inbox_id,
            ticket,
            fingerprint: message.fingerprint.clone(),
            message_id,
            from: message.from.clone(),
            subject: message.subject.clone(),
            text: message.text.clone(),
            reply_text: message.reply_text.clone(),
            language: message.language,
            attachments: message.attachments.clone(),
            arrived_at: message.arrived_at,
        });
    }

    /// Later messages that refer to this one, or to what it refers to, find the ticket.
    fn lead_here(&mut self, ticket: TicketId) {
        for key in thread_of(self.message) {
            self.key(key, ticket);
        }
        if let Some(Act::Edited { original }) = &self.message.act {
            self.key(original.clone(), ticket);
        }
    }

    fn key(&mut self, key: String, ticket: TicketId) {
        self.changes.thread_keys.push(ThreadKey { key, ticket });
    }

    /// Sends `values` in the words of `template` to the writer of the message, and counts it on the ticket.
    ///
    /// # Errors
    /// Why nothing was sent: the machine has to keep silent, or there are no words. It is in the trace already.
    fn reply(&mut self, ticket: &mut Ticket, template: Template, values: Values) -> Result<(), String> {
        let offers = offers::under(template, ticket, Some(&self.decided.decision), self.context.catalog);
        let words = Words { template, chat: ChatTemplate::from(template), offers };
        self.reply_in(ticket, words, values)
    }

    /// [`Sheet::reply`] in words of their own.
    fn reply_in(&mut self, ticket: &mut Ticket, words: Words, values: Values) -> Result<(), String> {
        let written = match silence(self.message, self.context, Some(ticket)) {
            Some(why) => Err(("reply.silent", why)),
            None => self.write(ticket, words, values).map_err(|why| ("reply.refused", why)),
        };
        match written {
            Ok(outbound) => {
                self.key(outbound.message_id.clone(), ticket.id);
                self.event(
                    ticket.id,
                    EventKind::MessageOut,
                    RULE,
                    format!("{} ({})", outbound.kind, outbound.dedupe_key),
                );
                self.changes.outbound.push(outbound);
                self.sent += 1;
                ticket.automatic_sent = ticket.automatic_sent.saturating_add(1);
                Ok(())
            }
            Err((check, why)) => {
                self.decided.trace.push(Step { check: check.to_owned(), decided: false, because: why.clone() });
                Err(why)
            }
        }
    }

    fn write(&self, ticket: &Ticket, words: Words, values: Values) -> Result<Outbound, String> {
        let letter = Letter {
            kind: kind_of(words.template),
            way: Way::back(self.message, ticket),
            template: words.template,
            chat: words.chat,
            offers: words.offers,
            values,
            to: recipient(self.message, &self.context.catalog.desk).map_err(str::to_owned)?,
            cc: Vec::new(),
            key: format!("reply:{}:{}", self.message.inbox_id, self.sent),
            thread: thread_of(self.message),
        };
        self.post.write(ticket, letter).map_err(|fault| fault.in_full())
    }

    fn ignored(mut self, reason: IgnoreReason) -> Changes {
        if reason == IgnoreReason::Duplicate {
            let known = self.context.known;
            let same_post = || known.original.as_ref().and_then(|original| original.message.ticket);
            let original = known.duplicate.flatten().or_else(same_post);
            return self.settle(Fate::Duplicate, "", original, None);
        }
        self.keep_message(None);
        if reason == IgnoreReason::Bounce {
            self.mark_bounced();
        }
        self.settle(Fate::Ignored, reason.as_str(), None, None)
    }

    /// Marks what a bounce returns as not delivered, unless it only reports a delay or success (RFC 3464 §2.3.3).
    fn mark_bounced(&mut self) {
        let bounce = self.message.bounce.as_ref();
        let failed = match bounce.and_then(|bounce| bounce.action.as_deref()) {
            Some(action) => action.eq_ignore_ascii_case("failed"),
            None => bounce.and_then(|bounce| bounce.status.as_deref()).is_none_or(|status| status.starts_with('5')),
        };
        if failed {
            self.changes.bounced.extend(self.context.known.bounced);
        }
    }

    fn settle(mut self, fate: Fate, reason: &str, ticket: Option<TicketId>, article: Option<String>) -> Changes {
        let seen = Seen {
            at: self.post.now,
            known: remembered(self.context.known, &self.changes.tickets),
            copy: self.context.known.duplicate.is_some(),
            language: self.context.known.duplicate.map(|_| self.message.language),
            envelope: Envelope::of(self.message, |name| {
                self.context.catalog.rulebook.headers().any(|read| read == name)
            }),
            due: self.changes.tickets.first().map(|ticket| ticket.due).unwrap_or_default(),
            digest: past::digest(&self.decided, self.context.classification),
        };
        self.changes.settled = Some(Settled {
            inbox_id: self.message.inbox_id,
            fate,
            reason: reason.to_owned(),
            ticket,
            article,
            catalog_version: self.context.catalog.version.clone(),
            decided: Some(self.decided),
            classification: Some(self.context.classification.clone()),
            seen: Some(Box::new(seen)),
        });
        self.changes
    }

    /// Everybody on the message who is a person elsewhere, lower case, the writer first.
    fn people(&self) -> impl Iterator<Item = String> {
        let (message, desk) = (self.message, &self.context.catalog.desk);
        let others = message.to.iter().chain(&message.cc).filter(|_| message.automatic.is_none());
        let others = others.filter(|other| is_usable(message.channel, &other.address) && !is_nobody(&other.address));
        std::iter::once(&message.from)
            .chain(others)
            .map(|address: &Address| address.address.to_lowercase())
            .filter(|address| !address.is_empty() && !is_own(desk, address))
    }

    /// Takes everybody on the message on to the ticket.
    fn take_on(&self, participants: &mut Vec<String>) {
        for person in self.people() {
            if participants.len() < MOST_PARTICIPANTS && !participants.contains(&person) {
                participants.push(person);
            }
        }
    }
}

/// The words of a reply, by letter and in chat.
struct Words {
    template: Template,
    chat: ChatTemplate,
    offers: Vec<crate::domain::Offer>,
}

const fn kind_of(template: Template) -> OutboundKind {
    match template {
        Template::Acknowledgement | Template::SlotsReceived | Template::Reopened | Template::Escalated => {
            OutboundKind::Acknowledgement
        }
        Template::Answer => OutboundKind::Answer,
        Template::Suggestion => OutboundKind::Suggestion,
        Template::Question => OutboundKind::Question,
        Template::Status | Template::Resolved | Template::Approved | Template::Declined | Template::Closing => {
            OutboundKind::StatusReport
        }
        Template::AgentReply | Template::Report | Template::Recovered => OutboundKind::AgentReply,
    }
}
