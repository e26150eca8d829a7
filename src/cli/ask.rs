//! `ask`: the decision for one message. Stores nothing, sends nothing; of the database it reads what the desk has learnt, and
//! works without one.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Global, explain, out, settings};
use crate::app;
use crate::clock::Clock;
use crate::decide::{self, Context};
use crate::domain::rulebook::Condition;
use crate::domain::{
    Address, Changes, Channel, Classification, Decided, Decision, InboxId, Keyring, Known, Language, Message, Ticket,
};
use crate::workers::live::Rules;

#[derive(Args)]
pub(super) struct Ask {
    /// What the person writes
    text: String,
    /// Answer in this language [default: the language of the text]
    #[arg(long, value_name = "ja|en")]
    lang: Option<Language>,
    /// Subject of the mail
    #[arg(long, default_value = "")]
    subject: String,
    /// Who writes it, for rules about senders and customers
    #[arg(long, value_name = "ADDRESS", default_value = "requester@example.com")]
    from: String,
    /// Where it comes in, for rules about channels
    #[arg(long, value_name = "email|slack|discord|web", default_value = "email")]
    channel: Channel,
    /// Show which words, scores and thresholds led to the decision
    #[arg(long)]
    explain: bool,
}

/// A decision with everything that led to it.
pub(super) struct Answer {
    pub(super) classification: Classification,
    pub(super) decided: Decided,
    pub(super) changes: Changes,
    pub(super) language: Language,
    /// Desk rules that did not hold, each with the first condition that was not met and what was there instead.
    pub(super) passed_over: Vec<(String, Condition, String)>,
}

pub(super) fn run(command: &Ask, global: &Global) -> anyhow::Result<ExitCode> {
    let config = settings::start(global)?;
    let learned = settings::learned(&config)?;
    let rules = app::rules_with(&config, &learned).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    let answer = answer_from(&rules, command);
    if global.json {
        let language = command.lang.unwrap_or(rules.catalog.desk.language);
        let explanation = command.explain.then(|| explain::lines(&answer, &rules, language));
        out::json(&document(&answer, explanation.as_deref()))?;
    } else {
        show(&answer, &rules);
        if command.explain {
            let language = command.lang.unwrap_or(rules.catalog.desk.language);
            for line in explain::lines(&answer, &rules, language) {
                out::line(line);
            }
        }
        if let Some(reply) = answer.changes.outbound.first() {
            out::line(format!("\n--- {}\n{}", reply.subject, reply.text.trim_end()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn answer_from(rules: &Rules, command: &Ask) -> Answer {
    let (address, channel) = (command.from.clone(), command.channel);
    let from = Address { name: String::new(), address };
    answer(rules, |message| Message { channel, from, ..message }, (&command.subject, &command.text), command.lang)
}

/// Decides about a text as if a stranger had just written it by mail; `change` makes it somebody else's.
pub(super) fn answer(
    rules: &Rules,
    change: impl FnOnce(Message) -> Message,
    (subject, text): (&str, &str),
    language: Option<Language>,
) -> Answer {
    let now = Clock::system().now();
    let source = rules.catalog.desk.mailboxes.first().map_or("support", |mailbox| mailbox.name.as_str());
    let language = language.or_else(|| crate::text::language::detect(text)).unwrap_or(rules.catalog.desk.language);
    let message = change(Message {
        inbox_id: InboxId(1),
        channel: Channel::Email,
        source: source.to_owned(),
        message_id: Some("ask@localhost".into()),
        references: Vec::new(),
        tokens: Vec::new(),
        place: None,
        act: None,
        from: Address { name: String::new(), address: "requester@example.com".into() },
        verified_mail: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        reply_text: text.to_owned(),
        language,
        automatic: None,
        no_auto_answer: None,
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: Some(now),
        arrived_at: now,
        stale: false,
        fingerprint: "ask".into(),
        faults: Vec::new(),
        warnings: Vec::new(),
    });
    let classification = rules.engine.classify(&message, None);
    let known = Known::default();
    let context = Context { catalog: &rules.catalog, classification: &classification, known: &known };
    let decided = decide::decide(&message, &context, now);
    let changes = decide::plan(&decided, &message, &context, &Keyring::new(Vec::new()), now);
    let passed_over = decide::passed_over(&message, &context, now);
    Answer { classification, decided, changes, language, passed_over }
}

fn document(answer: &Answer, explanation: Option<&[String]>) -> Value {
    let candidates: Vec<Value> = answer
        .classification
        .articles
        .iter()
        .map(|candidate| json!({ "article": candidate.article, "probability": round(candidate.probability) }))
        .collect();
    let ticket = answer.changes.tickets.first();
    let at = |at: Option<crate::domain::Timestamp>| at.map(crate::domain::Timestamp::rfc3339);
    let due = ticket.map(|ticket| {
        json!({ "first_response": at(ticket.due.first_response), "resolution": at(ticket.due.resolution),
                "next_update": at(ticket.due.next_update) })
    });
    let (article, probability) = chosen(answer);
    json!({
        "decision": answer.decided.decision.name(),
        "article": article,
        "probability": probability.map(round),
        "candidates": candidates,
        "intent": answer.decided.intent,
        "intent_probability": round(answer.decided.intent_probability),
        "slots": answer.decided.slots,
        "missing": answer.decided.missing,
        "priority": answer.decided.priority.as_str(),
        "queue": answer.decided.queue,
        "due": due,
        "language": answer.language.as_str(),
        "reply": answer.changes.outbound.first().map(|outbound| &outbound.text),
        "tags": answer.decided.tags,
        "rules": answer.decided.ruled,
        "trace": answer.decided.trace,
        "explanation": explanation,
    })
}

/// The article that was chosen, with its probability.
fn chosen(answer: &Answer) -> (Option<&str>, Option<f64>) {
    match &answer.decided.decision {
        Decision::Answer { article, probability } => (Some(article), Some(*probability)),
        Decision::Suggest { articles } => {
            let best = answer.classification.articles.first().map(|candidate| candidate.probability);
            (articles.first().map(String::as_str), best)
        }
        Decision::Ignore { .. }
        | Decision::FollowUp { .. }
        | Decision::Ask { .. }
        | Decision::File
        | Decision::Escalate { .. } => (None, None),
    }
}

fn round(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

fn show(answer: &Answer, rules: &Rules) {
    let decided = &answer.decided;
    let zone = rules.catalog.desk.timezone;
    out::line(format!("decision  {}", out::paint(decided.decision.name(), out::Colour::Green)));
    if let (Some(article), Some(probability)) = chosen(answer) {
        let title = rules.catalog.article(article, answer.language).map_or("", |found| found.title.as_str());
        out::line(format!("article   {article}  {title}  ({:.0} %)", probability * 100.0));
    }
    if let Some(intent) = &decided.intent {
        let title = rules.catalog.intent(intent).map_or("", |found| found.title.get(answer.language));
        out::line(format!("intent    {intent}  {title}  ({:.0} %)", decided.intent_probability * 100.0));
    }
    out::line(format!("priority  {}", decided.priority));
    out::line(format!("queue     {}", decided.queue));
    if let Some(due) = answer.changes.tickets.first().and_then(due) {
        out::line(format!("due       {}", out::when(due, zone)));
    }
    for (name, value) in &decided.slots {
        out::line(format!("known     {name} = {value}"));
    }
    if !decided.tags.is_empty() {
        out::line(format!("tags      {}", decided.tags.join(", ")));
    }
    if !decided.missing.is_empty() {
        out::line(format!("missing   {}", decided.missing.join(", ")));
    }
}

fn due(ticket: &Ticket) -> Option<crate::domain::Timestamp> {
    ticket.due.first_response.or(ticket.due.resolution)
}
