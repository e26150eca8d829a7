//! What was changed and taken back while nobody listened.

use madoguchi::domain::{Act, Channel, Timestamp};
use serde_json::json;

use super::*;
use crate::support::slack::{Faults, Kind};

fn workspace() -> Workspace {
    let workspace = Workspace::start();
    {
        let mut world = workspace.world();
        world.room("C1", Kind::Public);
        world.room("C2", Kind::Private);
        world.person("U1", "Ann", None);
        world.person("U2", "Bob", None);
        world.forgets_offline = true;
    }
    workspace
}

/// The receiver is away; what happens now is told to nobody.
async fn away(workspace: &Workspace, running: Running) -> Disk {
    let disk = running.disk.clone();
    running.stop().await;
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 0).await);
    disk
}

/// Waits until the rooms were compared: reading a thread again is the last call that is made.
async fn compared(workspace: &Workspace, running: &Running) {
    running.connected().await;
    let calls = |world: &crate::support::slack::World| {
        world.called("conversations.history") + world.called("conversations.replies")
    };
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = calls(&workspace.world());
        if now == before && now > 0 {
            return;
        }
        before = now;
    }
}

/// A desk that has seen one message, and compared it.
async fn one_message() -> (Workspace, Running, String) {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    let ts = workspace.say("C1", "U1", "said");
    running.disk.wait_for_id(&format!("C1/{ts}")).await;
    compared(&workspace, &running).await;
    (workspace, running, ts)
}

#[tokio::test]
async fn changes_and_removals_of_an_outage_are_found_and_told_as_the_live_ones() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    let [stays, gone, root] = ["stays", "goes", "has answers"].map(|text| workspace.say("C1", "U1", text));
    let changed = workspace.reply("C1", Some(&root), "U2", "to be changed");
    let below = workspace.reply("C1", Some(&root), "U2", "to be taken back");
    let direct = workspace.world().direct("U2");
    let alone = workspace.say(&direct, "U2", "in a direct conversation");
    for ts in [&stays, &gone, &root, &changed, &below] {
        running.disk.wait_for_id(&format!("C1/{ts}")).await;
    }
    running.disk.wait_for_id(&format!("{direct}/{alone}")).await;

    let disk = away(&workspace, running).await;
    let at = workspace.edit("C1", &changed, "changed meanwhile");
    for ts in [&gone, &below, &root] {
        workspace.delete("C1", ts);
    }
    workspace.delete(&direct, &alone);
    workspace.world().page = 3;
    workspace.world().faults = Faults { limited: 0.1, broken: 0.2, ..Faults::default() };
    let running = Running::start_with(settings(&workspace), pace(), disk.clone(), Vec::new());
    let mut wanted = vec![format!("C1/{changed}#edited:{at}"), format!("{direct}/{alone}#deleted")];
    wanted.extend([&gone, &below, &root].map(|ts| format!("C1/{ts}#deleted")));
    disk.wait_for(|inbox| wanted.iter().all(|id| inbox.known.contains(id))).await;
    let row = disk.wait_for_id(&format!("C1/{below}#deleted")).await;
    assert_eq!(row.conversation, "slack:C1:U1", "in the order of its thread");
    let message = running.parse(&row);
    assert_eq!(message.act, Some(Act::Deleted { original: format!("slack:C1/{below}") }));
    assert_eq!(message.from.address, "slack:U2");
    assert_eq!(running.parse(&disk.wait_for_id(&wanted[0]).await).text, "changed meanwhile");

    // Once more: nothing that is known already is told in other words.
    workspace.world().faults = Faults::default();
    let before = disk.ids();
    let _ = away(&workspace, running).await;
    let calls = workspace.world().called("conversations.replies");
    let running = Running::start_with(settings(&workspace), pace(), disk.clone(), Vec::new());
    compared(&workspace, &running).await;
    assert!(workspace.world().called("conversations.replies") > calls);
    assert_eq!(disk.ids(), before);
    running.stop().await;
}

#[tokio::test]
async fn what_a_retention_period_or_a_closed_room_hides_is_not_taken_for_a_removal() {
    let workspace = workspace();
    let disk = Disk::default();
    let mut rows = Vec::new();
    let older = workspace.say_long_ago("C1", "U2", 5);
    for (room, days) in [("C1", 3), ("C2", 3), ("CGONE", 0)] {
        if room == "CGONE" {
            workspace.world().room(room, Kind::Private);
        }
        let ts = workspace.say_long_ago(room, "U1", days);
        let event = json!({ "type": "message", "channel": room, "channel_type": "channel", "user": "U1", "ts": ts, "text": "x" });
        rows.push(Received {
            channel: Channel::Slack,
            source: "slack".to_owned(),
            external_id: format!("{room}/{ts}"),
            conversation: format!("slack:{room}:U1"),
            raw: json!({ "type": "event_callback", "event": event }).to_string().into_bytes(),
            full_size_bytes: None,
            arrived_at: Timestamp(Clock::system().now().0 - days * 24 * 3_600_000),
            hold_ms: 0,
            stale: false,
        });
        workspace.expire(room, &ts);
    }
    // In the second room nothing older is left, the third is closed to us.
    workspace.world().rooms.get_mut("CGONE").unwrap().joined = false;
    disk.inbox().rows.extend(rows.iter().map(|row| (row.clone(), Instant::now())));
    let running = Running::start_with(settings(&workspace), pace(), disk.clone(), Vec::new());
    disk.wait_for_id(&format!("{}#deleted", rows[0].external_id)).await;
    compared(&workspace, &running).await;
    let told: Vec<String> = disk.ids().into_iter().filter(|id| id.ends_with("#deleted")).collect();
    assert_eq!(told, [format!("{}#deleted", rows[0].external_id)], "older: {older}");
    running.stop().await;
}

#[tokio::test]
async fn a_socket_that_is_replaced_in_order_is_no_outage() {
    let (workspace, running, ts) = one_message().await;
    workspace.expire("C1", &ts);
    workspace.world().warning = Duration::from_millis(1_500);
    workspace.warn_all("warning");
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 2).await);
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 1).await);
    compared(&workspace, &running).await;
    assert!(!running.disk.ids().iter().any(|id| id.ends_with("#deleted")));
    // An outage is one.
    workspace.cut_all();
    running.disk.wait_for_id(&format!("C1/{ts}#deleted")).await;
    running.stop().await;
}

#[tokio::test]
async fn a_removal_after_the_look_of_an_outage_and_before_its_end_is_found() {
    let (workspace, running, ts) = one_message().await;
    // Calls are answered, but no socket comes about for a while.
    workspace.world().faults = Faults { stillborn: 1.0, ..Faults::default() };
    let looks = workspace.world().called("conversations.history");
    workspace.cut_all();
    assert!(workspace.wait_until(LIMIT, |world| world.called("conversations.history") >= looks + 2).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    workspace.delete("C1", &ts);
    workspace.world().faults = Faults::default();
    running.disk.wait_for_id(&format!("C1/{ts}#deleted")).await;
    running.stop().await;
}

#[tokio::test]
async fn a_removal_between_a_warned_socket_and_its_late_successor_is_found() {
    let (workspace, running, ts) = one_message().await;
    workspace.world().faults = Faults { stillborn: 1.0, ..Faults::default() };
    workspace.world().warning = Duration::from_millis(100);
    workspace.warn_all("warning");
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 0).await);
    workspace.delete("C1", &ts);
    workspace.world().faults = Faults::default();
    running.disk.wait_for_id(&format!("C1/{ts}#deleted")).await;
    running.stop().await;
}
