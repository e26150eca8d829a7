//! A message that opens a ticket.

use minijinja::Value;

use super::super::clocks;
use super::super::letter::{put_details, put_questions, suggested};
use super::super::person;
use super::super::wording::{Template, Values, one_line, plain_text};
use super::super::{priority, route};
use super::{RULE, Sheet};
use crate::domain::{Article, Changes, Course, Decision, EventKind, Fate, Priority, Status, Ticket, TicketId};

/// The ticket a new one is opened beside.
pub(super) struct Beside {
    pub(super) ticket: TicketId,
    pub(super) why: Why,
}

/// Why a ticket is opened beside another.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// Somebody who is not on it used a valid reference.
    Stranger,
    /// A matter of its own.
    OtherMatter,
    /// It may be the same case: the people decide.
    SameCase,
}

impl Why {
    pub(super) const fn of(stranger: bool) -> Self {
        if stranger { Self::Stranger } else { Self::OtherMatter }
    }
}

const SUBJECT_CHARS: usize = 80;

pub(super) fn plan(mut sheet: Sheet<'_>, beside: Option<&Beside>) -> Changes {
    let mut ticket = new_ticket(&sheet);
    ticket.linked_to = beside.map(|beside| beside.ticket);
    sheet.keep_message(Some(ticket.id));
    sheet.lead_here(ticket.id);
    let opened_at = sheet.changes.events.len();
    sheet.received(ticket.id);
    link(&mut sheet, &ticket, beside);
    let refused = enter(&mut sheet, &mut ticket).err();
    let mut detail = format!("queue {}, priority {}, {}", ticket.queue, ticket.priority, sheet.decided.decision.name());
    if ticket.course.unrouted {
        detail = format!("{detail}; nothing routed it");
    }
    if let Some(why) = refused {
        detail = format!("{detail}; no reply: {why}");
    }
    let opened = crate::domain::TicketEvent {
        ticket: ticket.id,
        at: sheet.post.now,
        kind: EventKind::Opened,
        actor: RULE.to_owned(),
        detail,
    };
    let weighed = sheet.decided.trace.iter().filter(|step| matches!(step.check.as_str(), "priority" | "priority.rule"));
    let because: Vec<&str> = weighed.map(|step| step.because.as_str()).collect();
    let reasons = (!because.is_empty()).then(|| crate::domain::TicketEvent {
        kind: EventKind::Priority,
        detail: format!("{}: {}", sheet.decided.priority, because.join("; ")),
        ..opened.clone()
    });
    sheet.changes.events.splice(opened_at..opened_at, std::iter::once(opened).chain(reasons));
    let article = match &sheet.decided.decision {
        Decision::Answer { article, .. } => Some(article.clone()),
        Decision::Ignore { .. }
        | Decision::FollowUp { .. }
        | Decision::Suggest { .. }
        | Decision::Ask { .. }
        | Decision::File
        | Decision::Escalate { .. } => None,
    };
    let id = ticket.id;
    sheet.changes.tickets.push(ticket);
    sheet.settle(Fate::Filed, "", Some(id), article)
}

pub(super) fn new_ticket(sheet: &Sheet<'_>) -> Ticket {
    let (message, decided, now) = (sheet.message, &sheet.decided, sheet.post.now);
    let requester = match &message.reply_to {
        Some(reply_to) if message.from.address.is_empty() => reply_to.clone(),
        Some(_) | None => message.from.clone(),
    };
    let mut participants = Vec::new();
    if !requester.address.is_empty() {
        participants.push(requester.address.to_lowercase());
    }
    sheet.take_on(&mut participants);
    Ticket {
        id: TicketId::from(message.inbox_id),
        version: 0,
        status: Status::New,
        subject: subject_of(sheet),
        requester,
        participants,
        channel: message.channel,
        source: message.source.clone(),
        queue: decided.queue.clone(),
        priority: decided.priority,
        intent: decided.intent.clone(),
        language: person::language(message, sheet.context.known),
        assignee: None,
        slots: decided.slots.clone(),
        missing: decided.missing.clone(),
        questions_asked: 0,
        automatic_sent: 0,
        article: None,
        created_at: message.arrived_at.min(now),
        updated_at: now,
        first_response_at: None,
        resolved_at: None,
        due: crate::domain::Due::default(),
        breached: Vec::new(),
        merged_into: None,
        linked_to: None,
        promises: crate::domain::Promises {
            wish: priority::wish(message, sheet.context.classification),
            ..Default::default()
        },
        place: message.place.clone(),
        pressed: Vec::new(),
        card: None,
        tags: decided.tags.clone(),
        course: course(sheet),
    }
}

/// What routing left to be done, worked out again as the decision did.
fn course(sheet: &Sheet<'_>) -> Course {
    let intent = sheet.decided.intent.as_deref().and_then(|id| sheet.context.catalog.intent(id));
    let way = route::of_message(sheet.context, intent, sheet.message, sheet.decided.priority);
    Course { unrouted: way.unrouted, skills: way.skills, ..Course::default() }
}

/// The subject, or the beginning of the text when there is none (chat, hurried mail).
fn subject_of(sheet: &Sheet<'_>) -> String {
    let subject = one_line(&sheet.message.subject, usize::MAX);
    if !subject.is_empty() {
        return subject;
    }
    let texts = [&sheet.message.reply_text, &sheet.message.text];
    let line = texts
        .into_iter()
        .flat_map(|text| text.lines())
        .map(|line| one_line(line, SUBJECT_CHARS))
        .find(|line| !line.is_empty());
    line.unwrap_or_default()
}

fn link(sheet: &mut Sheet<'_>, ticket: &Ticket, beside: Option<&Beside>) {
    let Some(Beside { ticket: other, why }) = beside else { return };
    let (here, there) = match why {
        Why::Stranger => (
            format!("beside {other}; warning: the sender is not on that ticket and sees nothing of it"),
            format!("{} was opened beside it; warning: by somebody who is not on it", ticket.id),
        ),
        Why::OtherMatter => {
            (format!("beside {other}"), format!("{} was opened beside it as a matter of its own", ticket.id))
        }
        Why::SameCase => (
            format!("beside {other}: it may be the same case, merge them if it is"),
            format!("{} of the same person may be the same case, merge it if it is", ticket.id),
        ),
    };
    sheet.event(ticket.id, EventKind::Linked, RULE, here);
    sheet.event(*other, EventKind::Linked, RULE, there);
}

/// Puts the ticket in the state the decision asks for and writes the reply. Without a reply an answer, a suggestion or a
/// question would leave the requester waiting for nothing, so the ticket is filed instead.
fn enter(sheet: &mut Sheet<'_>, ticket: &mut Ticket) -> Result<(), String> {
    let decision = sheet.decided.decision.clone();
    let entered = match &decision {
        Decision::Answer { article, .. } => answer(sheet, ticket, article),
        Decision::Suggest { articles } => suggest(sheet, ticket, articles),
        Decision::Ask { .. } => ask(sheet, ticket),
        Decision::Escalate { reason } => escalate(sheet, ticket, reason),
        Decision::File | Decision::Ignore { .. } | Decision::FollowUp { .. } => file(sheet, ticket),
    };
    if entered.is_err() && matches!(decision, Decision::Answer { .. } | Decision::Suggest { .. } | Decision::Ask { .. })
    {
        sheet.decided.decision = Decision::File;
        ticket.status = Status::New;
        ticket.article = None;
        ticket.questions_asked = 0;
        start_clocks(sheet, ticket);
    }
    entered
}

fn start_clocks(sheet: &Sheet<'_>, ticket: &mut Ticket) {
    let start = clocks::start(sheet.message, sheet.post.now);
    clocks::begin(sheet.context.catalog, ticket, start);
}

fn answer(sheet: &mut Sheet<'_>, ticket: &mut Ticket, article: &str) -> Result<(), String> {
    let missing = || format!("article `{article}` is not in the catalog");
    let found = sheet.context.catalog.article(article, ticket.language).ok_or_else(missing);
    let values = found.and_then(answer_values);
    let values = match values {
        Ok(values) => values,
        Err(why) => return Err(refuse(sheet, why)),
    };
    ticket.status = Status::Answered;
    ticket.article = Some(article.to_owned());
    sheet.reply(ticket, Template::Answer, values)?;
    sheet.event(ticket.id, EventKind::Status, RULE, format!("new → answered with `{article}`"));
    Ok(())
}

pub(super) fn answer_values(article: &Article) -> Result<Values, String> {
    let text = plain_text(&article.body, article.language);
    if text.trim().is_empty() {
        return Err(format!("article `{}` has no text", article.id));
    }
    let title = Value::from(one_line(&article.title, SUBJECT_CHARS * 2));
    Ok(Values::from([("article_title", title), ("article_text", Value::from(text))]))
}

fn suggest(sheet: &mut Sheet<'_>, ticket: &mut Ticket, articles: &[String]) -> Result<(), String> {
    let catalog = sheet.context.catalog;
    let found: Vec<&Article> = articles.iter().filter_map(|id| catalog.article(id, ticket.language)).collect();
    let Some(list) = suggested(&found, ticket.language) else {
        return Err(refuse(sheet, "none of the articles has a text".to_owned()));
    };
    start_clocks(sheet, ticket);
    ticket.article = articles.first().cloned();
    let mut values = Values::from([("articles", list)]);
    sheet.post.promise(ticket, &mut values);
    sheet.reply(ticket, Template::Suggestion, values)
}

fn ask(sheet: &mut Sheet<'_>, ticket: &mut Ticket) -> Result<(), String> {
    let intent = sheet.post.intent(ticket);
    let mut values = Values::new();
    if let Some(intent) = intent {
        values.insert("intent", Value::from(one_line(intent.title.get(ticket.language), SUBJECT_CHARS)));
    }
    put_details(&mut values, intent, &ticket.slots, ticket.language);
    put_questions(&mut values, intent, &ticket.missing, ticket.language);
    ticket.status = Status::Waiting;
    ticket.questions_asked = 1;
    sheet.reply(ticket, Template::Question, values)?;
    sheet.event(ticket.id, EventKind::Status, RULE, format!("new → waiting for {}", ticket.missing.join(", ")));
    Ok(())
}

fn escalate(sheet: &mut Sheet<'_>, ticket: &mut Ticket, reason: &str) -> Result<(), String> {
    ticket.status = Status::Open;
    start_clocks(sheet, ticket);
    sheet.event(ticket.id, EventKind::Escalated, RULE, format!("to {}: {reason}", ticket.queue));
    let mut values = Values::new();
    sheet.post.promise(ticket, &mut values);
    sheet.reply(ticket, Template::Escalated, values)
}

fn file(sheet: &mut Sheet<'_>, ticket: &mut Ticket) -> Result<(), String> {
    start_clocks(sheet, ticket);
    let intent = sheet.post.intent(ticket);
    let mut values = Values::new();
    sheet.post.promise(ticket, &mut values);
    let reply = sheet.words.or_else(|| intent.map(|intent| &intent.reply));
    let sentence = reply.map(|reply| one_line(reply.get(ticket.language), usize::MAX)).unwrap_or_default();
    if !sentence.is_empty() {
        values.insert("intent_reply", Value::from(sentence));
    }
    // A critical matter is not held up by questions, but its missing details are named at once.
    if ticket.priority == Priority::Critical {
        put_questions(&mut values, intent, &ticket.missing, ticket.language);
    }
    sheet.reply(ticket, Template::Acknowledgement, values)
}

/// Records why there are no words, and hands the reason back.
fn refuse(sheet: &mut Sheet<'_>, why: String) -> String {
    sheet.decided.trace.push(crate::domain::Step {
        check: "reply.refused".to_owned(),
        decided: false,
        because: why.clone(),
    });
    why
}
