//! The store, each test on SQLite and on PostgreSQL.

mod accept;
mod bursts;
mod chat_workers;
mod claim;
mod context;
#[cfg(feature = "crash-points")]
mod crash;
mod feedback;
mod files;
mod model;
mod outbox;
mod people;
mod reading;
mod schema;
mod settle;
mod state;
mod unfinished;

use std::collections::BTreeMap;

use madoguchi::domain::*;
use madoguchi::store::{InboxItem, Store};

use crate::support::postgres;

/// Makes two tests of each function: one on each database.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::store::Desk::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::store::Desk::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;

pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const MINUTE: i64 = 60_000;

/// A store on a database of its own.
pub struct Desk {
    pub store: std::sync::Arc<Store>,
    pub url: String,
    pub dir: tempfile::TempDir,
}

impl Desk {
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/desk.db", dir.path().display());
        Self::open(url, dir).await
    }

    pub async fn postgres() -> Self {
        Self::open(postgres::database().await, tempfile::tempdir().unwrap()).await
    }

    async fn open(url: String, dir: tempfile::TempDir) -> Self {
        let store = Store::open(&url, dir.path()).await.unwrap().into();
        Self { store, url, dir }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    /// An empty desk on the same kind of database.
    pub async fn sister(&self) -> Self {
        if self.is_sqlite() { Self::sqlite().await } else { Self::postgres().await }
    }

    /// An empty desk on the other kind of database.
    pub async fn cousin(&self) -> Self {
        if self.is_sqlite() { Self::postgres().await } else { Self::sqlite().await }
    }

    /// Stores `count` messages, each in a conversation of its own.
    pub async fn fill(&self, count: usize) -> Vec<InboxId> {
        let batch: Vec<Received> = (0..count).map(|n| received(&format!("m{n}"), &format!("c{n}"))).collect();
        self.store.accept(&batch, NOW).await.unwrap().rows.into_iter().flatten().collect()
    }

    /// Claims for `owner` at `at`, for a minute.
    pub async fn claim(&self, owner: &str, at: Timestamp, limit: u32) -> Vec<InboxItem> {
        let claim = self.store.claim_inbox(owner, at, at.plus_ms(MINUTE), limit).await.unwrap();
        assert_eq!(claim.to_bury, []);
        claim.items
    }

    /// Stores a message, and settles it as one that opened a ticket.
    pub async fn filed(&self, name: &str) -> Ticket {
        self.store.accept(&[received(name, name)], NOW).await.unwrap();
        let item = self.claim("filer", NOW, 1).await.remove(0);
        self.store.settle("filer", &[opening(&item)], NOW).await.unwrap();
        self.store.ticket(item.id.into()).await.unwrap().unwrap()
    }
}

pub fn ids(items: &[InboxItem]) -> Vec<InboxId> {
    items.iter().map(|item| item.id).collect()
}

pub fn received(name: &str, conversation: &str) -> Received {
    Received {
        channel: Channel::Email,
        source: "support".into(),
        external_id: name.into(),
        conversation: conversation.into(),
        raw: format!("Subject: {name}\r\n\r\n本文\0{name}").into_bytes(),
        full_size_bytes: None,
        arrived_at: NOW.plus_ms(-1000),
        hold_ms: 0,
        stale: false,
    }
}

pub fn ticket(id: TicketId) -> Ticket {
    Ticket {
        id,
        version: 0,
        status: Status::New,
        subject: "VPN に接続できません".into(),
        requester: Address { name: "佐藤".into(), address: "Sato@customer.example".into() },
        participants: vec!["sato@customer.example".into()],
        channel: Channel::Email,
        source: "support".into(),
        queue: "operations".into(),
        priority: Priority::High,
        intent: Some("vpn".into()),
        language: Language::Ja,
        assignee: None,
        slots: BTreeMap::from([("host".to_owned(), "web-01".to_owned())]),
        missing: vec!["since".into()],
        questions_asked: 1,
        automatic_sent: 1,
        article: None,
        created_at: NOW,
        updated_at: NOW,
        first_response_at: None,
        resolved_at: None,
        due: Due { first_response: Some(NOW.plus_ms(15 * MINUTE)), ..Due::default() },
        breached: Vec::new(),
        merged_into: None,
        linked_to: None,
        promises: Promises::default(),
        place: None,
        pressed: Vec::new(),
        card: None,
        tags: Vec::new(),
        course: Course::default(),
    }
}

pub fn event(ticket: TicketId, kind: EventKind) -> TicketEvent {
    TicketEvent { ticket, at: NOW, kind, actor: "rule".into(), detail: "→ operations".into() }
}

pub fn outbound(key: &str, ticket: TicketId) -> Outbound {
    Outbound {
        dedupe_key: key.into(),
        ticket: Some(ticket),
        channel: Channel::Email,
        source: "support".into(),
        kind: OutboundKind::Acknowledgement,
        place: None,
        offers: Vec::new(),
        replaces: None,
        notice: None,
        to: vec![Address { name: String::new(), address: "sato@customer.example".into() }],
        cc: Vec::new(),
        subject: "Re: VPN".into(),
        text: "受け付けました\n\"\\".into(),
        language: Language::Ja,
        message_id: format!("{key}@desk.example"),
        in_reply_to: None,
        references: Vec::new(),
        send_at: NOW,
    }
}

pub fn decided() -> Decided {
    Decided {
        decision: Decision::Ask { intent: "vpn".into(), missing: vec!["since".into()] },
        intent: Some("vpn".into()),
        intent_probability: 0.875,
        queue: "operations".into(),
        priority: Priority::High,
        slots: BTreeMap::new(),
        missing: vec!["since".into()],
        tags: Vec::new(),
        ruled: Vec::new(),
        trace: vec![Step { check: "ask.missing".into(), decided: true, because: "一つ足りない: since".into() }],
    }
}

/// A message's changes when it opens a ticket and is acknowledged.
pub fn opening(item: &InboxItem) -> Changes {
    let id = TicketId::from(item.id);
    let name = &item.received.external_id;
    Changes {
        settled: Some(settled(item.id, Fate::Filed, Some(id))),
        tickets: vec![ticket(id)],
        events: vec![event(id, EventKind::Opened), event(id, EventKind::MessageOut)],
        message: Some(message(item.id, Some(id), name)),
        thread_keys: vec![ThreadKey { key: format!("{name}@customer.example"), ticket: id }],
        outbound: vec![outbound(&format!("reply:{}:0", item.id), id)],
        send_count: None,
        fired: Vec::new(),
        alerts: Vec::new(),
        problems: Vec::new(),
        turns: Vec::new(),
        bounced: Vec::new(),
        people: vec![PersonChange::Met { inbox_id: item.id, address: "sato@customer.example".into() }],
        edits: Vec::new(),
        moved: Vec::new(),
        feedback: Vec::new(),
    }
}

pub fn settled(id: InboxId, fate: Fate, ticket: Option<TicketId>) -> Settled {
    Settled {
        inbox_id: id,
        fate,
        reason: String::new(),
        ticket,
        article: None,
        catalog_version: "v1".into(),
        decided: Some(decided()),
        classification: Some(Classification {
            language: Language::Ja,
            rules: Vec::new(),
            intents: vec![IntentCandidate { intent: "vpn".into(), probability: 0.875 }],
            articles: Vec::new(),
            slots: BTreeMap::new(),
            wishes: vec![Wish::High],
            ..Classification::nothing(Language::Ja)
        }),
        seen: None,
    }
}

pub fn message(id: InboxId, ticket: Option<TicketId>, name: &str) -> StoredMessage {
    StoredMessage {
        inbox_id: id,
        ticket,
        fingerprint: format!("print-{name}"),
        message_id: Some(format!("{name}@customer.example")),
        from: Address { name: "佐藤".into(), address: "sato@customer.example".into() },
        subject: "VPN".into(),
        text: "つながりません\n> quoted".into(),
        reply_text: "つながりません".into(),
        language: Language::Ja,
        attachments: vec![Attachment {
            name: "log.txt".into(),
            media_type: "text/plain".into(),
            size_bytes: 12,
            inline: false,
            sha256: "ab".repeat(32),
            scan: Scan::Clean,
            warnings: vec!["大きい".into()],
        }],
        arrived_at: NOW,
    }
}

/// Only closes the row.
pub fn ignoring(id: InboxId) -> Changes {
    let mut settled = settled(id, Fate::Ignored, None);
    settled.reason = "auto_reply".into();
    Changes { settled: Some(settled), ..Changes::default() }
}
