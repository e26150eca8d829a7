//! Service levels over the real store: the ticker alone, two at once, ended in the middle, killed, and a month of a desk's life.

#[cfg(feature = "crash-points")]
mod crash;
mod kills;
mod month;
mod scale;
mod staffing;
mod ticker;

use std::collections::BTreeMap;
use std::sync::Arc;

use madoguchi::classify::Engine;
use madoguchi::clock::Clock as Time;
use madoguchi::decide::{Context, decide, plan};
use madoguchi::domain::catalog::{Catalog, Desk as About, Mailbox, SendLimits, Thresholds};
use madoguchi::domain::schedule::{Calendar, Objective, Span, Timetable};
use madoguchi::domain::service::{Escalation, NotifyTarget, NotifyWay, Remedy, Scope, Trigger, Which};
use madoguchi::domain::*;
use madoguchi::sla::shipped;
use madoguchi::store::Store;
use madoguchi::workers::live::{Live, Rules};
use madoguchi::workers::tick::Ticker;

pub const MINUTE: i64 = 60_000;

/// Monday 2 November 2026, 00:00 in Tokyo.
pub const BEGIN: Timestamp = Timestamp(1_793_545_200_000);

pub fn calendar(name: &str, days: usize, hours: &[(u16, u16)]) -> Calendar {
    let spans: Vec<Span> = hours.iter().map(|(start, end)| Span { start_minute: *start, end_minute: *end }).collect();
    Calendar {
        name: name.into(),
        timezone: chrono_tz::Asia::Tokyo,
        week: std::array::from_fn(|day| if day < days { spans.clone() } else { Vec::new() }),
        japanese_holidays: days < 7,
        closed_yearly: Vec::new(),
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    }
}

fn queue(name: &str, calendar: &str, second_line: Option<&str>) -> Queue {
    let title = Bilingual { ja: name.into(), en: name.into() };
    Queue { name: name.into(), title, calendar: calendar.into(), second_line: second_line.map(str::to_owned) }
}

fn intent(id: &str, queue: &str, level: Level, objective: Objective) -> Intent {
    Intent {
        id: id.into(),
        title: Bilingual { ja: id.into(), en: id.into() },
        examples: Vec::new(),
        rules: Vec::new(),
        slots: Vec::new(),
        queue: queue.into(),
        impact: level,
        urgency: level,
        objective,
        handling: Handling::File,
        approval: false,
        reply: Bilingual::default(),
    }
}

/// Three calendars, two lines, the policies that ship, and a rule for every miss.
pub fn catalog() -> Catalog {
    let calendars = vec![
        calendar("always", 7, &[(0, 1440)]),
        calendar("business", 5, &[(600, 1140)]),
        calendar("phone", 5, &[(600, 720), (780, 1020)]),
    ];
    let missed = Escalation {
        name: "missed".into(),
        scope: Scope::default(),
        trigger: Trigger::Breach { which: Which::default() },
        remedies: vec![Remedy::Notify { target: "leads".into() }],
    };
    let leads = NotifyWay::Mail { address: "leads@client.example".into(), mailbox: "support".into() };
    Catalog {
        content: String::new(),
        policy: madoguchi::domain::Policy::default(),
        version: "v1".into(),
        desk: About {
            name: "窓口".into(),
            language: Language::Ja,
            timezone: chrono_tz::Asia::Tokyo,
            mailboxes: vec![Mailbox { name: "support".into(), address: "support@desk.example".into(), queue: None }],
            chats: Vec::new(),
            triage: Vec::new(),
        },
        intents: vec![
            intent("incident", "monitoring", Level::High, Objective::Minutes(15)),
            intent("restart", "support", Level::Medium, Objective::BusinessDays(1)),
            intent("patching", "phone", Level::Medium, Objective::BusinessDays(5)),
        ],
        articles: Vec::new(),
        synonyms: Vec::new(),
        queues: vec![
            queue("monitoring", "always", Some("support")),
            queue("support", "business", None),
            queue("phone", "phone", Some("support")),
        ],
        service: ServiceRules {
            version: "1".into(),
            policies: shipped::policies(),
            escalations: vec![missed],
            targets: vec![NotifyTarget { name: "leads".into(), way: leads }],
            words: shipped::words(),
            timetables: calendars.iter().cloned().map(Timetable::new).collect(),
            ..ServiceRules::default()
        },
        calendars,
        rulebook: madoguchi::domain::Rulebook::default(),
        thresholds: Thresholds { answer: 0.9, suggest: 0.6, intent: 0.5 },
        limits: SendLimits {
            automatic_per_sender_day: 1_000,
            automatic_per_ticket: 4,
            questions_per_ticket: 2,
            reopen_within_days: 30,
        },
    }
}

pub fn ticker(store: &Arc<Store>, catalog: &Catalog, time: &Time) -> Ticker {
    let engine = Engine::build(catalog).unwrap();
    let live = Live::new(Rules { catalog: catalog.clone(), engine, model: 0 });
    Ticker { store: store.clone(), live, keyring: ring(), clock: time.clone(), renewal: tokio::sync::Mutex::default() }
}

/// Ticks until nothing is due.
pub async fn tick(ticker: &Ticker) -> usize {
    let mut done = 0;
    loop {
        match ticker.once().await.unwrap() {
            0 => return done,
            some => done += some,
        }
    }
}

pub fn ring() -> Keyring {
    Keyring::new(vec![(1, b"test key".to_vec())])
}

fn received(n: usize, at: Timestamp) -> Received {
    Received {
        channel: Channel::Email,
        source: "support".into(),
        external_id: format!("m{n}"),
        conversation: format!("c{n}"),
        raw: format!("Subject: {n}\r\n\r\n{n}").into_bytes(),
        full_size_bytes: None,
        arrived_at: at,
        hold_ms: 0,
        stale: false,
    }
}

/// What the rules make of a message of this request type.
fn filed(catalog: &Catalog, id: InboxId, n: usize, intent: &str, at: Timestamp) -> Changes {
    let message = Message {
        inbox_id: id,
        channel: Channel::Email,
        source: "support".into(),
        message_id: Some(format!("m{n}@client.example")),
        references: Vec::new(),
        tokens: Vec::new(),
        place: None,
        act: None,
        from: Address { name: String::new(), address: format!("u{n}@client.example") },
        verified_mail: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: format!("依頼 {n}"),
        text: "本文".into(),
        reply_text: "本文".into(),
        language: Language::Ja,
        automatic: None,
        no_auto_answer: None,
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: None,
        arrived_at: at,
        stale: false,
        fingerprint: format!("f{n}"),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let classification = Classification {
        intents: vec![IntentCandidate { intent: intent.into(), probability: 0.99 }],
        ..Classification::nothing(Language::Ja)
    };
    let known = Known::default();
    let context = Context { catalog, classification: &classification, known: &known };
    plan(&decide(&message, &context, at), &message, &context, &ring(), at)
}

/// Stores `messages` (number, request type, time of arrival) and files each as a ticket of its own.
pub async fn file(
    store: &Store,
    catalog: &Catalog,
    messages: &[(usize, &str, Timestamp)],
) -> BTreeMap<usize, TicketId> {
    let mut tickets = BTreeMap::new();
    for (n, intent, at) in messages {
        store.accept(&[received(*n, *at)], *at).await.unwrap();
        let claim = store.claim_inbox("filer", *at, at.plus_ms(MINUTE), 1).await.unwrap();
        let id = claim.items[0].id;
        store.settle("filer", &[filed(catalog, id, *n, intent, *at)], *at).await.unwrap();
        tickets.insert(*n, TicketId::from(id));
    }
    tickets
}
