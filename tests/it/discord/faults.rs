//! Everything goes wrong at random, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Running, until};
use crate::support::discord::faults::Faults;
use crate::support::discord::world::World;

const EVENTS: usize = 10_000;
/// Events after which the desk may catch up, so that later faults meet an open connection.
const WAVE: usize = 400;
/// Events at once, and the pause between: enough that connections break in the middle of them.
const BURST: usize = 20;
const PAUSE: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_and_every_fault_lose_nothing() {
    let running = Running::start(Faults::all(20_261_122)).await;
    running.desk.disk().refuses_every = 97;
    let chance = Faults::all(7);
    let mut places = vec![World::TEXT, World::TRIAGE];
    for user in [31, 32] {
        places.push(running.stand_in.world().direct(user)["id"].as_str().unwrap().parse().unwrap());
    }
    let mut alive: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut last: Vec<(u64, u64)> = Vec::new();
    let mut deleted: Vec<u64> = Vec::new();
    let mut ticks = tokio::time::interval(PAUSE);
    for event in 0..EVENTS {
        if event % BURST == 0 {
            ticks.tick().await;
        }
        if event % WAVE == 0 {
            let missing = || alive.iter().any(|(_, id)| !running.has(*id));
            until("the wave is stored", || !missing()).await;
        }
        let pick = |from: usize| usize::try_from(chance.random()).unwrap_or_default() % from;
        let place = places[pick(places.len())];
        let user = 20 + pick(10) as u64;
        match (pick(100), last.get(pick(last.len().max(1))).copied()) {
            (0..2, _) if places.len() < 40 => {
                let forum = running.stand_in.open_thread(World::FORUM, None, "post");
                places.push(forum);
            }
            (2..4, Some((World::TEXT, id))) if !places.contains(&id) => {
                places.push(running.stand_in.open_thread(World::TEXT, Some(id), "thread"));
            }
            (4..7, Some((channel, id))) if alive.contains(&(channel, id)) => {
                running.stand_in.edit(channel, id, "changed");
            }
            (7..8, Some((channel, id))) if alive.contains(&(channel, id)) => running.stand_in.preview(channel, id),
            (8..9, Some((channel, id))) if alive.remove(&(channel, id)) => {
                running.stand_in.delete(channel, id);
                deleted.push(id);
            }
            _ => {
                let id = running.stand_in.say(place, user, &format!("event {event}"));
                alive.insert((place, id));
                last.push((place, id));
                if last.len() > 200 {
                    last.remove(0);
                }
            }
        }
    }
    assert!(alive.len() > EVENTS / 2);
    let missing = || alive.iter().filter(|(_, id)| !running.has(*id)).count();
    until("every message is stored", || missing() == 0).await;
    // Of what was deleted before the desk saw it there is no trace; of the rest it knows.
    let unseen = |id: &&u64| running.has(**id) && !running.desk.disk().known.contains_key(&format!("{id}#deleted"));
    until("every deletion is noticed", || deleted.iter().filter(unseen).count() == 0).await;
    println!(
        "{} deleted, {} of them seen before",
        deleted.len(),
        deleted.iter().filter(|id| running.has(**id)).count()
    );
    check(&running);
}

fn check(running: &Running) {
    let disk = running.desk.disk();
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    let mut messages = 0;
    for one in &disk.stored {
        let Ok(id) = one.external_id.parse::<u64>() else { continue };
        messages += 1;
        let before = newest.insert(&one.conversation, id).unwrap_or_default();
        assert!(before < id, "{}: {id} after {before}", one.conversation);
    }
    let world = running.stand_in.world();
    println!(
        "{messages} messages, {} stored, {} handed over, {} identifies, {} resumes, {} requests",
        disk.stored.len(),
        disk.handed,
        world.identifies,
        world.resumes,
        world.requests.len(),
    );
    assert!(world.identifies > 1 && world.resumes > 5, "the faults happened");
}
