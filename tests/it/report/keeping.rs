//! What is kept for a number of days, and the daily backups.

use std::sync::Arc;

use madoguchi::clock::Clock as Time;
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, Sending, Store};
use madoguchi::workers::backup::{Keeper, Plan};
use madoguchi::workers::sweep::{Keep, Sweeper, Swept};

use crate::store::{Desk, MINUTE, NOW, on_both, opening, received};

on_both! {
    raw_messages_and_texts_go_when_their_days_are_over_and_tickets_stay
    a_backup_is_made_at_its_hour_once_and_seven_are_kept
}

const DAY: i64 = 86_400_000;

fn sweeper(desk: &Desk, now: Timestamp, keep: Keep) -> Sweeper {
    Sweeper { store: desk.store.clone(), clock: Time::fixed(now), keep }
}

/// Delivers everything that waits.
async fn deliver(store: &Store) {
    let mail = [Sending { channel: Channel::Email, source: "support".into() }];
    for item in store.claim_outbox("sender", [NOW, NOW.plus_ms(MINUTE)], 10, &mail).await.unwrap() {
        store.delivered("sender", item.id, NOW).await.unwrap();
    }
}

async fn raw_messages_and_texts_go_when_their_days_are_over_and_tickets_stay(desk: Desk) {
    // A large one lies outside of its row.
    let mut large = received("large", "large");
    large.raw = [b"Subject: large\r\n\r\n".to_vec(), vec![b'x'; 400_000]].concat();
    desk.store.accept(&[large], NOW).await.unwrap();
    let item = desk.claim("filer", NOW, 1).await.remove(0);
    desk.store.settle("filer", &[opening(&item)], NOW).await.unwrap();
    let mut ticket = desk.store.ticket(item.id.into()).await.unwrap().unwrap();
    deliver(&desk.store).await;
    desk.fill(1).await;
    desk.store.audit(&[AuditEntry { at: NOW, actor: "aoki".into(), ..AuditEntry::default() }]).await.unwrap();

    let keep = Keep { texts_days: 0, raw_days: 10, messages_days: 20, audit_days: 30 };
    let none = sweeper(&desk, NOW.plus_ms(9 * DAY), keep).once().await.unwrap();
    assert_eq!(none, Swept::default());
    let forever = sweeper(&desk, NOW.plus_ms(999 * DAY), Keep::default()).once().await.unwrap();
    assert_eq!(forever, Swept::default());

    let raw = sweeper(&desk, NOW.plus_ms(11 * DAY), keep).once().await.unwrap();
    assert_eq!(raw, Swept { raw: 1, ..Swept::default() }, "the message nobody has decided keeps its raw form");
    assert!(desk.store.raw(item.id).await.is_err());
    let left = std::fs::read_dir(desk.dir.path().join("raw"))
        .map_or(0, |folders| folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap()).count());
    assert_eq!(left, 0);
    assert_eq!(desk.store.ticket_messages(ticket.id).await.unwrap().len(), 2);

    let open = sweeper(&desk, NOW.plus_ms(21 * DAY), keep).once().await.unwrap();
    assert_eq!(open, Swept::default(), "the ticket is still worked on");
    ticket.status = Status::Closed;
    let closed = Changes { tickets: vec![ticket.clone()], ..Changes::default() };
    desk.store.apply(&closed, NOW).await.unwrap();
    let late = sweeper(&desk, NOW.plus_ms(31 * DAY), keep).once().await.unwrap();
    assert_eq!(late, Swept { messages: 1, sent: 1, audit: 1, ..Swept::default() });
    let again = sweeper(&desk, NOW.plus_ms(31 * DAY), keep).once().await.unwrap();
    assert_eq!(again, Swept::default());
    let sent = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
    assert_eq!((sent[0].outbound.text.as_str(), sent[0].outbound.to.len()), (Ticket::ERASED, 0));
    assert_eq!(desk.store.ticket(ticket.id).await.unwrap().unwrap().subject, ticket.subject);
    assert!(desk.store.ledger_totals().await.unwrap().is_balanced());
}

async fn a_backup_is_made_at_its_hour_once_and_seven_are_kept(desk: Desk) {
    desk.filed("a").await;
    let dir = desk.dir.path().join("backups");
    let plan = Plan { minute: 240, generations: 7, dir: dir.clone(), zone: chrono_tz::Asia::Tokyo };
    // 03:00 of 23 November 2026 in Tokyo.
    let three = Timestamp(1_795_370_400_000);
    let time = Time::fixed(three);
    let keeper = |store: &Arc<Store>, owner: &str| Keeper {
        store: store.clone(),
        clock: time.clone(),
        plan: plan.clone(),
        owner: owner.to_owned(),
    };
    let (one, other) = (keeper(&desk.store, "one"), keeper(&desk.store, "other"));
    assert_eq!(one.once().await.unwrap(), None, "a desk that was just opened waits for the hour");
    time.set(three.plus_ms(59 * MINUTE));
    assert_eq!(one.once().await.unwrap(), None);
    time.set(three.plus_ms(61 * MINUTE));
    let (first, second) = tokio::join!(one.once(), other.once());
    let made: Vec<_> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
    assert_eq!(made, [dir.join("madoguchi-2026-11-23.tar.gz")]);
    assert_eq!(one.once().await.unwrap(), None, "once a day");
    for day in 1..=8 {
        time.set(three.plus_ms(61 * MINUTE + day * DAY));
        assert!(other.once().await.unwrap().is_some(), "day {day}");
    }
    // A day that was missed is made up for.
    time.set(three.plus_ms(15 * 60 * MINUTE + 10 * DAY));
    assert!(one.once().await.unwrap().is_some());
    let days: Vec<String> = plan.generations().iter().map(|one| one.day.to_string()).collect();
    let wanted = ["2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01", "2026-12-03"];
    assert_eq!(days, wanted);
    let sister = desk.sister().await;
    sister.store.close().await;
    let fresh = desk.sister().await;
    let restored = Store::restore(&plan.generations()[6].file, &fresh.url, fresh.dir.path()).await;
    restored.unwrap();
}
