//! Places that are told, over real HTTP and with every fault of theirs: no notice is lost, and none repeats beyond what the place's
//! API allows.

mod alerts;
mod places;

use std::path::Path;
use std::sync::Arc;

use madoguchi::clock::Clock;
use madoguchi::config::Config;
use madoguchi::connectors::notice::{Now, Sender};
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, OutboxRow, OutboxState};
use madoguchi::telemetry::Metrics;
use madoguchi::workers::deliver::Deliverer;
use madoguchi::workers::outlet::Outlet;

use crate::store::{Desk, NOW, outbound};

pub const OLD: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
pub const NEW: &str = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=";

/// One place of a desk, and the time there.
pub struct Post {
    pub desk: Desk,
    pub ticket: TicketId,
    pub clock: Clock,
    pub deliverer: Deliverer,
    name: String,
}

impl Post {
    /// The only `[[notify]]` of `settings`.
    pub async fn open(desk: Desk, settings: &str) -> Self {
        let ticket = desk.filed("a").await.id;
        Self::beside(desk, ticket, settings)
    }

    pub fn beside(desk: Desk, ticket: TicketId, settings: &str) -> Self {
        let text = format!("[[notify]]\nname = \"place\"\ntimeout_s = 1\n{settings}");
        let config = Config::parse(Path::new("desk/madoguchi.toml"), &text, &[]).unwrap();
        let connection = &config.service.connections[0];
        let clock = Clock::fixed(NOW);
        let at = clock.clone();
        let now: Now = Arc::new(move || at.now());
        let deliverer = Deliverer {
            store: desk.store.clone(),
            source: connection.name.clone(),
            outlet: Outlet::Notice(Box::new(Sender::new(connection, None, now).unwrap())),
            keeps_copies: false,
            clock: clock.clone(),
            metrics: Metrics::new(),
            owner: "notify".into(),
        };
        Self { desk, ticket, clock, deliverer, name: connection.name.clone() }
    }

    /// Writes a notice about the ticket, after `before`.
    pub async fn tell(&self, key: &str, event: NoticeEvent, before: Option<&str>) {
        let notice = Notice {
            target: self.name.clone(),
            event,
            at: NOW,
            ticket: self.ticket,
            urgent: true,
            title: "サイトが落ちています".into(),
            status: Status::Open,
            priority: Priority::Critical,
            queue: "operations".into(),
            assignee: None,
            requester: "sato@customer.example".into(),
            request_type: Some("障害".into()),
            intent: Some("incident".into()),
            shown: NoticeWords::default(),
            details: vec![NoticeDetail {
                name: "host".into(),
                title: "ホスト".into(),
                value: "web-01".into(),
                id: String::new(),
            }],
            rule: "late".into(),
            because: format!("because of {key}"),
            first_response_due_at: Some(NOW),
            resolution_due_at: None,
            alert: None,
        };
        let outbound = Outbound {
            channel: Channel::Notify,
            source: self.name.clone(),
            kind: OutboundKind::Notice,
            replaces: before.map(str::to_owned),
            notice: Some(Box::new(notice)),
            to: Vec::new(),
            ..outbound(key, self.ticket)
        };
        let changes = Changes { outbound: vec![outbound], ..Changes::default() };
        self.desk.store.apply(&changes, NOW).await.unwrap();
    }

    pub async fn row(&self, key: &str) -> OutboxRow {
        let rows = self.desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
        rows.into_iter().find(|row| row.outbound.dedupe_key == key).unwrap()
    }

    /// Lets time pass until nothing waits for the place. Returns how long that took, in milliseconds.
    pub async fn run(&self) -> i64 {
        for _ in 0..400 {
            self.deliverer.once().await.unwrap();
            let rows = self.desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
            let waits = |row: &&OutboxRow| row.state == OutboxState::Waiting && row.outbound.channel == Channel::Notify;
            let Some(next) = rows.iter().filter(waits).map(|row| row.next_at).min() else {
                return self.clock.now().0 - NOW.0;
            };
            let circuit = self.deliverer.outlet.circuit().and_then(|circuit| circuit.open_until(self.clock.now()));
            self.clock.set(next.max(circuit.unwrap_or(next)).max(self.clock.now().plus_ms(1)));
        }
        panic!("it never ends");
    }
}
