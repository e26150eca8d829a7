//! History that was missed.

use super::*;
use crate::support::slack::{Faults, Kind};

fn workspace() -> Workspace {
    let workspace = Workspace::start();
    {
        let mut world = workspace.world();
        world.room("C1", Kind::Public);
        world.person("U1", "Ann", None);
        world.person("U2", "Bob", None);
        world.forgets_offline = true;
    }
    workspace
}

#[tokio::test]
async fn what_was_said_during_an_outage_is_found_and_nothing_twice() {
    let workspace = workspace();
    workspace.say("C1", "U1", "before the first start");
    let running = Running::start(&workspace);
    running.settled().await;
    assert_eq!(running.disk.ids(), Vec::<String>::new(), "what was said before the first start is not for us");
    let root = workspace.say("C1", "U1", "an old thread");
    running.disk.wait_for_id(&format!("C1/{root}")).await;
    let disk = running.disk.clone();
    running.stop().await;
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 0).await);

    // Pages are short, and some calls are refused for now.
    workspace.world().page = 3;
    let mut wanted: Vec<String> = vec![format!("C1/{root}")];
    for number in 0..10 {
        wanted.push(format!("C1/{}", workspace.say("C1", "U1", &format!("missed {number}"))));
        wanted.push(format!("C1/{}", workspace.reply("C1", Some(&root), "U2", &format!("missed reply {number}"))));
    }
    let at = workspace.edit("C1", &root, "an old thread, corrected");
    wanted.push(format!("C1/{root}#edited:{at}"));
    let direct = workspace.world().direct("U2");
    wanted.push(format!("{direct}/{}", workspace.say(&direct, "U2", "a new direct conversation")));
    workspace.machine_says("C1", "noise");
    workspace.world().faults = Faults { limited: 0.1, broken: 0.1, ..Faults::default() };

    let running = Running::start_with(settings(&workspace), pace(), disk.clone(), Vec::new());
    // "Before the first start" lies within the overlap: it is known to be older than the first cursor only by that.
    disk.wait_for(|inbox| wanted.iter().all(|id| inbox.known.contains(id))).await;
    let missed: Vec<String> = disk.ids().into_iter().filter(|id| wanted.contains(id)).collect();
    assert_eq!(missed.len(), wanted.len());
    let mut in_order = wanted.clone();
    in_order.retain(|id| id.starts_with("C1/") && !id.contains('#'));
    let stored: Vec<String> = disk.ids().into_iter().filter(|id| in_order.contains(id)).collect();
    assert_eq!(stored, in_order, "oldest first");
    running.stop().await;
}

#[tokio::test]
async fn a_room_that_is_closed_to_us_does_not_stop_the_others() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    let disk = running.disk.clone();
    running.stop().await;
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 0).await);
    let ts = workspace.say("C1", "U1", "missed");
    workspace.world().scopes.remove("users:read");
    workspace.world().room("C0", Kind::Private);
    let running = Running::start_with(settings(&workspace), pace(), disk.clone(), Vec::new());
    disk.wait_for_id(&format!("C1/{ts}")).await;
    running.stop().await;

    // Without the scope to read history the operator is told.
    for scope in ["channels:history", "groups:history", "im:history", "mpim:history"] {
        workspace.world().scopes.remove(scope);
    }
    let running = Running::start_with(settings(&workspace), pace(), disk, Vec::new());
    running.connected().await;
    let until = Instant::now() + LIMIT;
    while !running.receiver.health().needs_operator {
        assert!(Instant::now() < until, "{:?}", running.receiver.health());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(running.receiver.health().fault.unwrap().contains("missing_scope"));
    running.stop().await;
}

#[tokio::test]
async fn cursors_move_with_messages_only_while_nothing_is_missing() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    let mut last = String::new();
    // The first messages may still come before history is known to be read.
    running.disk.wait_for(|_| true).await;
    let until = Instant::now() + LIMIT;
    while running.disk.inbox().cursors.get("slack:C1") != Some(&last) {
        assert!(Instant::now() < until, "the cursor does not move");
        last = workspace.say("C1", "U1", "x");
        running.disk.wait_for_id(&format!("C1/{last}")).await;
    }
    running.stop().await;
}
