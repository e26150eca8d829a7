//! What was changed and taken back while nobody listened.

use madoguchi::domain::Act;

use super::{Running, until};
use crate::support::discord::faults::Faults;
use crate::support::discord::world::World;

/// The receiver is away, longer than any session lasts.
async fn away(running: &mut Running) {
    running.stop.cancel();
    until("it is gone", || !running.health.borrow().connected).await;
    running.stand_in.forget_sessions();
}

/// Requests for single messages and pages of them.
fn reads(running: &Running) -> usize {
    running
        .stand_in
        .world()
        .requests
        .iter()
        .filter(|line| line.starts_with("GET") && line.contains("/messages"))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_removals_of_an_outage_are_found_and_told_as_the_live_ones() {
    let faults = Faults { limited: 50, broken: 50, ..Faults::none() };
    let mut running = Running::start(faults).await;
    let stand_in = &running.stand_in;
    let [stays, gone, old] = ["stays", "goes", "is changed, far up"].map(|text| stand_in.say(World::TEXT, 5, text));
    let live = stand_in.say(World::TEXT, 5, "changed while we listen");
    stand_in.edit(World::TEXT, live, "changed");
    let thread = stand_in.open_thread(World::TEXT, Some(stays), "thread");
    let below = stand_in.say(thread, 6, "to be taken back");
    let post = stand_in.open_thread(World::FORUM, None, "a post that goes as a whole");
    let in_post = stand_in.say(post, 6, "in the post");
    let many: Vec<u64> = (0..120).map(|n| stand_in.say(World::TEXT, 7, &format!("more {n}"))).collect();
    for id in [stays, gone, old, live, below, in_post].into_iter().chain(many) {
        running.stored(id).await;
    }
    let edits = |running: &Running, id: u64| {
        let disk = running.desk.disk();
        disk.known.keys().filter(|known| known.starts_with(&format!("{id}#edited:"))).count()
    };
    until("the change is stored", || edits(&running, live) == 1).await;

    away(&mut running).await;
    let stand_in = &running.stand_in;
    stand_in.edit(World::TEXT, old, "changed meanwhile");
    stand_in.delete(World::TEXT, gone);
    stand_in.delete(thread, below);
    stand_in.close_thread(post);
    running.receive();
    for id in [gone, below, in_post] {
        until(&format!("{id} is gone"), || running.desk.disk().known.contains_key(&format!("{id}#deleted"))).await;
    }
    until("the change far up is noticed", || edits(&running, old) == 1).await;
    assert_eq!(edits(&running, live), 1, "one change has one id, whichever way it is told");
    let told = running.message(&format!("{below}#deleted"));
    assert_eq!(told.act, Some(Act::Deleted { original: format!("discord:{below}") }));
    assert_eq!(told.from.address, "discord:6");

    // Once more, and nothing is new.
    away(&mut running).await;
    let (stored, before) = (running.desk.disk().stored.len(), reads(&running));
    running.receive();
    running.connected().await;
    let mut last = before;
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let now = reads(&running);
        if now == last && now > before {
            break;
        }
        last = now;
    }
    assert_eq!(running.desk.disk().stored.len(), stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_is_deleted_takes_its_messages_with_it() {
    let running = Running::start(Faults::none()).await;
    let post = running.stand_in.open_thread(World::FORUM, None, "a post");
    let said = running.stand_in.say(post, 6, "in the post");
    running.stored(said).await;
    running.stand_in.close_thread(post);
    until("it is gone", || running.desk.disk().known.contains_key(&format!("{said}#deleted"))).await;
    // Where the room is hidden as well, nobody knows.
    let post = running.stand_in.open_thread(World::FORUM, None, "another");
    let said = running.stand_in.say(post, 6, "in the other");
    running.stored(said).await;
    running.stand_in.world().channels.remove(&World::FORUM);
    let before = reads(&running);
    running.stand_in.close_thread(post);
    until("it was looked for", || reads(&running) > before).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!running.desk.disk().known.contains_key(&format!("{said}#deleted")));
}
