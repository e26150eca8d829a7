//! A small catalog and message for the tests of this module.

use std::collections::BTreeMap;

use super::{Context, decide, plan};
use crate::domain::StoredMessage;
use crate::domain::article::{ArticleStatus, Visibility};
use crate::domain::catalog::{Catalog, ChatSource, Desk, Mailbox, SendLimits, Thresholds};
use crate::domain::schedule::{Calendar, Objective, Span};
use crate::domain::{
    Address, Article, ArticleCandidate, Bilingual, Changes, Channel, Classification, Decided, Due, Handling, InboxId,
    Intent, IntentCandidate, Keyring, Known, Language, Level, Message, Priority, Promises, Queue, RuleHit, Slot,
    Status, Ticket, TicketId, Timestamp, Wish,
};

/// Sunday 22 November 2026, 15:00 in Tokyo.
pub(super) const NOW: Timestamp = Timestamp(1_795_327_200_000);
pub(super) const DAY_MS: i64 = 86_400_000;

pub(super) fn both(ja: &str, en: &str) -> Bilingual {
    Bilingual { ja: ja.into(), en: en.into() }
}

pub(super) fn ring() -> Keyring {
    Keyring::new(vec![(1, b"test key".to_vec())])
}

pub(super) fn address(text: &str) -> Address {
    Address { name: String::new(), address: text.into() }
}

fn calendar(name: &str, open_days: usize, hours: Span) -> Calendar {
    Calendar {
        name: name.into(),
        timezone: chrono_tz::Asia::Tokyo,
        week: std::array::from_fn(|day| if day < open_days { vec![hours] } else { Vec::new() }),
        japanese_holidays: open_days < 7,
        closed_yearly: Vec::new(),
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    }
}

fn queue(name: &str, second_line: Option<&str>) -> Queue {
    Queue {
        name: name.into(),
        title: both(name, name),
        calendar: "business".into(),
        second_line: second_line.map(Into::into),
    }
}

fn slot(name: &str, ja: &str, en: &str) -> Slot {
    Slot {
        name: name.into(),
        title: both(ja, en),
        required: true,
        find: vec![r"[a-z]+-\d+".into()],
        choices: Vec::new(),
        ask: both(&format!("{ja}を教えてください。"), &format!("which {en}?")),
    }
}

fn intent(id: &str, handling: Handling, level: Level, queue: &str) -> Intent {
    Intent {
        id: id.into(),
        title: both(id, id),
        examples: Vec::new(),
        rules: Vec::new(),
        slots: Vec::new(),
        queue: queue.into(),
        impact: level,
        urgency: level,
        objective: Objective::BusinessDays(1),
        handling,
        approval: false,
        reply: Bilingual::default(),
    }
}

fn article(id: &str, language: Language, title: &str, body: &str) -> Article {
    Article {
        id: id.into(),
        language,
        title: title.into(),
        questions: Vec::new(),
        body: body.into(),
        tags: Vec::new(),
        visibility: Visibility::Public,
        answer_alone: true,
        review_by: None,
        status: ArticleStatus::Active,
    }
}

fn intents() -> Vec<Intent> {
    let mut restart = intent("restart_server", Handling::File, Level::Medium, "operations");
    restart.title = both("サーバの再起動", "server restart");
    restart.slots = vec![slot("operation", "操作", "operation"), slot("host", "ホスト名", "host")];
    let mut improve = intent("improvement", Handling::File, Level::Medium, "desk");
    improve.slots = vec![Slot { find: Vec::new(), ..slot("details", "内容", "details") }];
    let mut incident = intent("incident", Handling::File, Level::High, "operations");
    incident.objective = Objective::Minutes(240);
    incident.slots = vec![slot("host", "ホスト名", "host")];
    vec![
        restart,
        improve,
        incident,
        intent("mail_trouble", Handling::FaqFirst, Level::Medium, "desk"),
        intent("defacement", Handling::Escalate, Level::High, "desk"),
        intent("complaint", Handling::Escalate, Level::Medium, "complaints"),
    ]
}

fn articles() -> Vec<Article> {
    let mut internal = article("internal-note", Language::Ja, "内部メモ", "秘密");
    internal.visibility = Visibility::Internal;
    let mut suggest_only = article("price", Language::Ja, "料金", "料金表をご覧ください。");
    suggest_only.answer_alone = false;
    vec![
        article(
            "vpn",
            Language::Ja,
            "VPN につながらないとき",
            "1. アプリを再起動します。\n2. [手順書](https://kb.example/vpn)をご覧ください。",
        ),
        article(
            "vpn",
            Language::En,
            "When the VPN does not connect",
            "Restart the app. See [the guide](https://kb.example/vpn).",
        ),
        article("only-ja", Language::Ja, "日本語だけ", "本文"),
        article("blank", Language::Ja, "空", "<!-- later -->"),
        internal,
        suggest_only,
    ]
}

pub(super) fn catalog() -> Catalog {
    Catalog {
        content: String::new(),
        version: "v1".into(),
        desk: Desk {
            name: "サンプル窓口".into(),
            language: Language::Ja,
            timezone: chrono_tz::Asia::Tokyo,
            mailboxes: vec![
                Mailbox { name: "support".into(), address: "support@desk.example".into(), queue: None },
                Mailbox { name: "sales".into(), address: "sales@desk.example".into(), queue: Some("contracts".into()) },
            ],
            chats: vec![ChatSource { source: "acme".into(), queue: Some("operations".into()) }],
            triage: Vec::new(),
        },
        intents: intents(),
        articles: articles(),
        synonyms: Vec::new(),
        queues: vec![
            queue("desk", Some("experts")),
            queue("operations", Some("experts")),
            queue("contracts", None),
            queue("complaints", None),
            queue("experts", None),
        ],
        rulebook: crate::domain::Rulebook::default(),
        calendars: vec![
            calendar("always", 7, Span { start_minute: 0, end_minute: 1440 }),
            calendar("business", 5, Span { start_minute: 600, end_minute: 1140 }),
        ],
        thresholds: Thresholds { answer: 0.9, suggest: 0.6, intent: 0.5 },
        limits: SendLimits {
            automatic_per_sender_day: 10,
            automatic_per_ticket: 4,
            questions_per_ticket: 2,
            reopen_within_days: 14,
        },
        policy: crate::domain::Policy::default(),
        service: crate::domain::ServiceRules {
            policies: crate::sla::shipped::policies(),
            words: crate::sla::shipped::words(),
            ..Default::default()
        },
    }
}

pub(super) fn classified(wishes: &[Wish]) -> Classification {
    Classification {
        language: Language::Ja,
        rules: Vec::new(),
        intents: Vec::new(),
        articles: Vec::new(),
        slots: BTreeMap::new(),
        wishes: wishes.to_vec(),
        ..Classification::nothing(Language::Ja)
    }
}

pub(super) fn message(subject: &str, text: &str) -> Message {
    Message {
        inbox_id: InboxId(1042),
        channel: Channel::Email,
        source: "support".into(),
        message_id: Some("m1@client.example".into()),
        references: Vec::new(),
        tokens: Vec::new(),
        place: None,
        act: None,
        from: Address { name: "山田 花子".into(), address: "hanako@client.example".into() },
        verified_mail: None,
        reply_to: None,
        to: vec![address("support@desk.example")],
        cc: Vec::new(),
        headers: Vec::new(),
        subject: subject.into(),
        text: text.into(),
        reply_text: text.into(),
        language: Language::Ja,
        automatic: None,
        no_auto_answer: None,
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: None,
        arrived_at: NOW,
        stale: false,
        fingerprint: "f1".into(),
        faults: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(super) fn ticket(status: Status) -> Ticket {
    Ticket {
        id: TicketId(7),
        version: 3,
        status,
        subject: "VPN につながらない".into(),
        requester: Address { name: "山田 花子".into(), address: "hanako@client.example".into() },
        participants: vec!["hanako@client.example".into(), "boss@client.example".into()],
        channel: Channel::Email,
        source: "support".into(),
        queue: "desk".into(),
        priority: Priority::Medium,
        intent: None,
        language: Language::Ja,
        assignee: None,
        slots: BTreeMap::new(),
        missing: Vec::new(),
        questions_asked: 0,
        automatic_sent: 1,
        article: None,
        created_at: NOW.plus_ms(-2 * DAY_MS),
        updated_at: NOW.plus_ms(-DAY_MS),
        first_response_at: None,
        resolved_at: None,
        due: Due::default(),
        breached: Vec::new(),
        merged_into: None,
        linked_to: None,
        promises: Promises::default(),
        place: None,
        pressed: Vec::new(),
        card: None,
        tags: Vec::new(),
        course: crate::domain::Course::default(),
    }
}

/// One situation: everything a decision depends on.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) catalog: Catalog,
    pub(super) message: Message,
    pub(super) classification: Classification,
    pub(super) known: Known,
}

impl Scene {
    pub(super) fn new(subject: &str, text: &str) -> Self {
        Self {
            catalog: catalog(),
            message: message(subject, text),
            classification: classified(&[]),
            known: Known::default(),
        }
    }

    /// A reply of the requester on `ticket`.
    pub(super) fn reply(ticket: Ticket, text: &str) -> Self {
        let mut scene = Self::new(&format!("Re: {} [{}]", ticket.subject, ticket.id), text);
        scene.message.references = vec!["ours@desk.example".into()];
        scene.known = Known { ticket: Some(ticket), by_token: true, ..Known::default() };
        scene
    }

    pub(super) fn wishes(mut self, wishes: &[Wish]) -> Self {
        self.classification.wishes = wishes.to_vec();
        self
    }

    pub(super) fn intent(mut self, id: &str, probability: f64) -> Self {
        self.classification.intents.push(IntentCandidate { intent: id.into(), probability });
        self
    }

    pub(super) fn rule(mut self, intent: &str) -> Self {
        let (rule, matched) = (format!("{intent}-rule"), String::new());
        self.classification.rules.push(RuleHit { rule, intent: intent.into(), certain: true, matched });
        self
    }

    pub(super) fn article(mut self, id: &str, probability: f64) -> Self {
        let (score, features, language) = (probability, Vec::new(), Language::Ja);
        self.classification.articles.push(ArticleCandidate {
            article: id.into(),
            language,
            probability,
            score,
            features,
        });
        self
    }

    pub(super) fn slot(mut self, name: &str, value: &str) -> Self {
        self.classification.slots.insert(name.into(), value.into());
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn decided(&self) -> Decided {
        decide(&self.message, &self.context(), NOW)
    }

    pub(super) fn planned(&self) -> Changes {
        plan(&self.decided(), &self.message, &self.context(), &ring(), NOW)
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context { catalog: &self.catalog, classification: &self.classification, known: &self.known }
    }
}

/// A message on ticket `on`.
pub(super) fn stored(inbox_id: i64, on: i64) -> StoredMessage {
    let message = message("別の話", "プリンタ");
    StoredMessage {
        inbox_id: InboxId(inbox_id),
        ticket: Some(TicketId(on)),
        fingerprint: message.fingerprint,
        message_id: message.message_id,
        from: message.from,
        subject: message.subject,
        text: message.text,
        reply_text: message.reply_text,
        language: Language::Ja,
        attachments: Vec::new(),
        arrived_at: NOW,
    }
}
