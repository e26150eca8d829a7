//! The workers between chat connectors and the store.

use std::sync::Arc;

use madoguchi::clock::Clock;
use madoguchi::connectors::scripted::Stage;
use madoguchi::connectors::{Intake, intake};
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, OutboxState};
use madoguchi::telemetry::Metrics;
use madoguchi::workers::deliver::Deliverer;
use madoguchi::workers::intake::IntakeWriter;
use madoguchi::workers::outlet::Outlet;
use tokio_util::sync::CancellationToken;

use super::{Desk, NOW, on_both, outbound, received};

on_both! {
    many_parties_are_stored_together_and_each_is_told
    a_party_the_schema_refuses_does_not_keep_the_others_out
    nobody_is_told_that_it_is_stored_when_it_is_not
    who_waits_at_the_end_is_served_and_who_comes_later_is_told
    a_post_is_changed_and_waits_for_its_predecessor
}

fn writer(desk: &Desk, waiting: usize) -> (Intake, IntakeWriter) {
    let (sender, handed) = intake(waiting);
    let clock = Clock::fixed(NOW);
    (sender, IntakeWriter { handed, store: desk.store.clone(), clock, metrics: Metrics::new(), came_last: 0 })
}

fn text(name: &str) -> Received {
    Received { channel: Channel::Slack, source: "slack".into(), ..received(name, name) }
}

async fn many_parties_are_stored_together_and_each_is_told(desk: Desk) {
    let (sender, mut writer) = writer(&desk, 64);
    let mut parties = tokio::task::JoinSet::new();
    for n in 0..50 {
        let sender = sender.clone();
        parties.spawn(async move {
            // The same event comes twice now and then.
            sender.accept_up_to(vec![text(&format!("e{}", n % 40))], (format!("room{n}"), n.to_string())).await
        });
    }
    drop(sender);
    let mut turns = 0;
    while writer.once().await > 0 {
        turns += 1;
    }
    assert!(turns < 50, "{turns} transactions for 50 parties");
    for told in parties.join_all().await {
        told.unwrap();
    }
    assert_eq!(desk.store.ledger_totals().await.unwrap().seen, 40);
    assert_eq!(desk.store.cursor("room49").await.unwrap().as_deref(), Some("49"));
}

async fn a_party_the_schema_refuses_does_not_keep_the_others_out(desk: Desk) {
    // The sum of arrival and hold has no room in the schema.
    let broken = Received { hold_ms: i64::MAX, ..text("broken") };
    let (sender, mut writer) = writer(&desk, 8);
    let (good, bad) = (sender.clone(), sender);
    let told = tokio::join!(good.accept(vec![text("a")]), bad.accept(vec![broken]), async {
        while writer.once().await < 2 {}
    });
    // What the database makes of such a number differs; it never takes the others down with it.
    assert!(told.0.is_ok() || told.1.is_err(), "{told:?}");
    let seen = desk.store.ledger_totals().await.unwrap().seen;
    assert_eq!(seen, u64::from(told.0.is_ok()) + u64::from(told.1.is_ok()), "told is stored");
}

async fn nobody_is_told_that_it_is_stored_when_it_is_not(desk: Desk) {
    let (sender, mut writer) = writer(&desk, 8);
    desk.store.close().await;
    let other = sender.clone();
    let (first, second, ()) = tokio::join!(sender.accept(vec![text("a")]), other.accept(vec![text("b")]), async {
        while writer.once().await < 2 {}
    });
    assert!(first.is_err() && second.is_err());
}

async fn who_waits_at_the_end_is_served_and_who_comes_later_is_told(desk: Desk) {
    let (sender, writer) = writer(&desk, 8);
    let stop = CancellationToken::new();
    stop.cancel();
    let waiting = sender.clone();
    let (stored, ()) = tokio::join!(waiting.accept(vec![text("a")]), writer.run(stop));
    stored.unwrap();
    assert!(sender.accept(vec![text("b")]).await.is_err());
    assert_eq!(desk.store.ledger_totals().await.unwrap().seen, 1);
}

async fn a_post_is_changed_and_waits_for_its_predecessor(desk: Desk) {
    let ticket = desk.filed("a").await;
    let card = |key: &str, text: &str, replaces: Option<&str>| Outbound {
        channel: Channel::Web,
        source: "chat".into(),
        text: text.into(),
        replaces: replaces.map(str::to_owned),
        ..outbound(key, ticket.id)
    };
    let first = Outbound { send_at: NOW.plus_ms(1_000), ..card("card", "new", None) };
    let outbound = vec![first, card("card:1", "taken", Some("card")), card("lost:1", "alone", Some("lost"))];
    desk.store.apply(&Changes { outbound, ..Changes::default() }, NOW).await.unwrap();
    let (clock, stage) = (Clock::fixed(NOW), Arc::new(Stage::default()));
    let deliverer = Deliverer {
        keeps_copies: false,
        store: desk.store.clone(),
        source: "chat".into(),
        outlet: Outlet::Scripted(stage.clone()),
        clock: clock.clone(),
        metrics: Metrics::new(),
        owner: "deliver".into(),
    };
    deliverer.once().await.unwrap();
    let texts = || stage.posts().iter().map(|post| (post.outbound.text.clone(), post.changes)).collect::<Vec<_>>();
    assert_eq!(texts(), [("alone".to_owned(), 0)], "without its predecessor it is a post of its own");
    clock.set(NOW.plus_ms(60_000));
    while deliverer.once().await.unwrap() > 0 {
        clock.set(clock.now().plus_ms(60_000));
    }
    assert_eq!(texts(), [("alone".to_owned(), 0), ("taken".to_owned(), 1)]);
    let rows = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
    let waiting = rows.iter().filter(|row| row.state == OutboxState::Waiting && row.outbound.channel == Channel::Web);
    assert_eq!(waiting.count(), 0);
    assert_eq!(desk.store.reference_of("card:1").await.unwrap(), desk.store.reference_of("card").await.unwrap());
}
