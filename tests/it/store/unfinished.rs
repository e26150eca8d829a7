//! What chat connectors look at once more after an outage.

use madoguchi::domain::*;

use super::{Desk, MINUTE, NOW, ignoring, on_both, opening, received};

on_both! {
    what_is_open_or_not_decided_is_found_with_its_bytes_and_what_was_taken_back_is_not
}

fn said(name: &str) -> Received {
    Received {
        channel: Channel::Slack,
        source: "slack".into(),
        arrived_at: NOW,
        ..received(name, &format!("slack:{name}"))
    }
}

/// Stores a message and settles it on a ticket of its own that stands at `status`.
async fn on_ticket(desk: &Desk, said: Received, status: Status) {
    let message_id = format!("{}:{}", said.channel, said.external_id);
    desk.store.accept(&[said], NOW).await.unwrap();
    let item = desk.claim("filer", NOW, 1).await.remove(0);
    let mut changes = opening(&item);
    changes.tickets[0].status = status;
    changes.message.as_mut().unwrap().message_id = Some(message_id);
    desk.store.settle("filer", &[changes], NOW).await.unwrap();
}

async fn what_is_open_or_not_decided_is_found_with_its_bytes_and_what_was_taken_back_is_not(desk: Desk) {
    for (name, status) in [
        ("C1/1.0", Status::New),
        ("C1/2.0", Status::Waiting),
        ("C1/3.0", Status::Answered),
        ("C1/4.0", Status::Open),
        ("C1/5.0", Status::Resolved),
        ("C1/6.0", Status::Closed),
    ] {
        on_ticket(&desk, said(name), status).await;
    }
    on_ticket(&desk, Received { arrived_at: NOW.plus_ms(-MINUTE), ..said("C1/0.1") }, Status::New).await;
    on_ticket(&desk, Received { channel: Channel::Discord, ..said("77") }, Status::New).await;
    desk.store.accept(&[said("C1/7.0")], NOW).await.unwrap();
    let item = desk.claim("w", NOW, 1).await.remove(0);
    desk.store.settle("w", &[ignoring(item.id)], NOW).await.unwrap();
    desk.store
        .accept(&[said("C1/8.0"), said("C1/9.0"), said("C1/9.0#deleted"), said("C1/4.0#deleted")], NOW)
        .await
        .unwrap();

    let found = async |channel: Channel, most: usize| -> Vec<Received> {
        desk.store.unfinished(channel, NOW.plus_ms(-1), most).await.unwrap()
    };
    let names: Vec<String> = found(Channel::Slack, 100).await.into_iter().map(|one| one.external_id).collect();
    assert_eq!(names, ["C1/4.0#deleted", "C1/9.0#deleted", "C1/8.0", "C1/3.0", "C1/2.0", "C1/1.0"]);
    assert_eq!(found(Channel::Slack, 3).await.len(), 3);
    assert_eq!(found(Channel::Slack, 100).await[5], said("C1/1.0"));
    assert_eq!(found(Channel::Discord, 100).await.len(), 1);
    assert_eq!(found(Channel::Email, 100).await, []);
}
