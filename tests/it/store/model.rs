//! Random steps of several workers against a simple model: nothing is lost, nothing happens twice.

use std::collections::BTreeMap;

use madoguchi::domain::*;
use madoguchi::store::{InboxItem, MAX_ATTEMPTS, OutboxFilter, SettleError, Store, StoreError, TicketFilter};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Desk, MINUTE, NOW, opening, received};

const WORKERS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    /// The source hands over messages `from..from + count`; many of them again.
    Accept {
        from: usize,
        count: usize,
    },
    Claim {
        worker: usize,
        limit: u32,
    },
    /// The worker settles the first so many of what it believes to hold.
    Settle {
        worker: usize,
        count: usize,
    },
    Release {
        worker: usize,
    },
    Bury {
        worker: usize,
    },
    /// The worker dies and starts anew under its old name, knowing nothing.
    Crash {
        worker: usize,
    },
    Pass {
        minutes: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let worker = 0..WORKERS.len();
    let step = prop_oneof![
        3 => (0..20_usize, 1..6_usize).prop_map(|(from, count)| Step::Accept { from, count }),
        5 => (worker.clone(), 1..5_u32).prop_map(|(worker, limit)| Step::Claim { worker, limit }),
        4 => (worker.clone(), 1..5_usize).prop_map(|(worker, count)| Step::Settle { worker, count }),
        1 => worker.clone().prop_map(|worker| Step::Release { worker }),
        1 => worker.clone().prop_map(|worker| Step::Bury { worker }),
        2 => worker.prop_map(|worker| Step::Crash { worker }),
        2 => (1..3_i64).prop_map(|minutes| Step::Pass { minutes }),
    ];
    proptest::collection::vec(step, 1..40)
}

#[derive(Clone, Debug)]
struct Row {
    conversation: String,
    attempts: i64,
    lease: Option<(usize, Timestamp)>,
    done: bool,
}

struct Model {
    now: Timestamp,
    names: BTreeMap<usize, InboxId>,
    rows: BTreeMap<InboxId, Row>,
    held: [Vec<InboxItem>; WORKERS.len()],
    filed: usize,
}

impl Model {
    fn holds(&self, worker: usize, id: InboxId) -> bool {
        let row = &self.rows[&id];
        !row.done && row.lease.is_some_and(|(owner, until)| owner == worker && until > self.now)
    }

    fn is_head(&self, id: InboxId) -> bool {
        let row = &self.rows[&id];
        !self.rows.range(..id).any(|(_, other)| other.conversation == row.conversation && !other.done)
    }

    fn claimable(&self, id: InboxId) -> bool {
        let row = &self.rows[&id];
        !row.done && row.lease.is_none_or(|(_, until)| until <= self.now) && self.is_head(id)
    }

    async fn accept(&mut self, store: &Store, from: usize, count: usize) {
        let names: Vec<usize> = (from..from + count).collect();
        let conversation = |name: usize| format!("c{}", name % 7);
        let batch: Vec<Received> = names.iter().map(|n| received(&format!("m{n}"), &conversation(*n))).collect();
        let accepted = store.accept(&batch, self.now).await.unwrap();
        for (name, row) in names.into_iter().zip(accepted.rows) {
            assert_eq!(row.is_some(), !self.names.contains_key(&name), "message {name}");
            if let Some(id) = row {
                self.names.insert(name, id);
                self.rows.insert(id, Row { conversation: conversation(name), attempts: 0, lease: None, done: false });
            }
        }
    }

    async fn claim(&mut self, store: &Store, worker: usize, limit: u32) -> bool {
        let until = self.now.plus_ms(MINUTE);
        let claim = store.claim_inbox(WORKERS[worker], self.now, until, limit).await.unwrap();
        let ids: Vec<InboxId> =
            claim.items.iter().map(|item| item.id).chain(claim.to_bury.iter().map(|row| row.id)).collect();
        if ids.is_empty() {
            assert!(!self.rows.keys().any(|id| self.claimable(*id)), "there was something to claim");
        }
        assert!(ids.iter().all(|id| self.claimable(*id)), "{ids:?}");
        let tried = ids.iter().filter(|id| self.rows[id].attempts > 0).count();
        assert!(tried == 0 || ids.len() == 1, "a suspect in company");
        for id in &ids {
            let row = self.rows.get_mut(id).unwrap();
            row.attempts += 1;
            row.lease = Some((worker, until));
        }
        for row in &claim.to_bury {
            assert!(self.rows[&row.id].attempts > MAX_ATTEMPTS);
            store.bury(WORKERS[worker], row.id, &row.reason, self.now).await.unwrap();
            self.rows.get_mut(&row.id).unwrap().done = true;
        }
        self.held[worker].extend(claim.items);
        !ids.is_empty()
    }

    async fn settle(&mut self, store: &Store, worker: usize, count: usize) {
        let count = count.min(self.held[worker].len());
        let items: Vec<InboxItem> = self.held[worker].drain(..count).collect();
        let lost: Vec<InboxId> = items.iter().map(|item| item.id).filter(|id| !self.holds(worker, *id)).collect();
        let batch: Vec<Changes> = items.iter().map(opening).collect();
        match store.settle(WORKERS[worker], &batch, self.now).await {
            Ok(()) => {
                assert_eq!(lost, []);
                self.filed += items.len();
                for item in items {
                    self.rows.get_mut(&item.id).unwrap().done = true;
                }
            }
            Err(SettleError::LeaseLost { ids }) => {
                let mut wanted = lost;
                wanted.sort();
                assert_eq!(ids, wanted);
            }
            // The same row twice: claimed again by the worker that had it before.
            Err(SettleError::Conflict { .. }) => {
                let mut ids: Vec<InboxId> = items.iter().map(|item| item.id).collect();
                ids.sort();
                ids.dedup();
                assert!(ids.len() < items.len());
            }
            Err(SettleError::Store(error)) => panic!("{error}"),
        }
    }

    async fn release(&mut self, store: &Store, worker: usize) {
        let items = std::mem::take(&mut self.held[worker]);
        let mut ids: Vec<InboxId> = items.iter().map(|item| item.id).collect();
        ids.sort();
        ids.dedup();
        store.release(WORKERS[worker], &ids).await.unwrap();
        for id in ids {
            let row = self.rows.get_mut(&id).unwrap();
            if !row.done && row.lease.is_some_and(|(owner, _)| owner == worker) {
                row.lease = None;
                row.attempts -= 1;
            }
        }
    }

    async fn bury(&mut self, store: &Store, worker: usize) {
        let Some(item) = self.held[worker].pop() else { return };
        let holds = self.holds(worker, item.id);
        match store.bury(WORKERS[worker], item.id, "poison", self.now).await {
            Ok(()) => {
                assert!(holds);
                self.rows.get_mut(&item.id).unwrap().done = true;
            }
            Err(StoreError::LeaseLost { .. }) => assert!(!holds),
            Err(other) => panic!("{other}"),
        }
    }

    async fn step(&mut self, store: &Store, step: Step) {
        match step {
            Step::Accept { from, count } => self.accept(store, from, count).await,
            Step::Claim { worker, limit } => _ = self.claim(store, worker, limit).await,
            Step::Settle { worker, count } => self.settle(store, worker, count).await,
            Step::Release { worker } => self.release(store, worker).await,
            Step::Bury { worker } => self.bury(store, worker).await,
            Step::Crash { worker } => self.held[worker].clear(),
            Step::Pass { minutes } => self.now = self.now.plus_ms(minutes * MINUTE),
        }
    }
}

async fn run(desk: &Desk, steps: Vec<Step>) {
    let store = &desk.store;
    let mut model =
        Model { now: NOW, names: BTreeMap::new(), rows: BTreeMap::new(), held: Default::default(), filed: 0 };
    for step in steps {
        model.step(store, step).await;
    }
    // All leases end; one worker brings everything to an end.
    model.now = model.now.plus_ms(10 * MINUTE);
    model.held = Default::default();
    while model.claim(store, 0, 4).await {
        model.settle(store, 0, 9).await;
    }
    assert!(model.rows.values().all(|row| row.done));
    let totals = store.ledger_totals().await.unwrap();
    let (seen, filed) = (model.rows.len() as u64, model.filed as u64);
    assert_eq!((totals.seen, totals.filed, totals.buried, totals.pending), (seen, filed, seen - filed, 0));
    assert_eq!(store.tickets(&TicketFilter::default()).await.unwrap().len(), model.filed);
    assert_eq!(store.outbox_list(&OutboxFilter::default()).await.unwrap().len(), model.filed);
}

fn many(cases: u32, open: impl AsyncFn() -> Desk) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&steps(), |steps| {
            runtime.block_on(async { run(&open().await, steps).await });
            Ok(())
        })
        .unwrap();
}

#[test]
fn sqlite() {
    many(40, Desk::sqlite);
}

#[test]
fn postgres() {
    many(20, Desk::postgres);
}
