//! Everything that can go wrong, at random, over many events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::support::slack::Faults;

/// Conversations under way at the same time: 20 people in 5 rooms.
const PEOPLE: usize = 20;
const ROOMS: usize = 5;
/// Events that may be under way before the next is made. Fewer than there are conversations, so that nobody says a second thing
/// before the first was acknowledged, unless something went wrong with it.
const UNDER_WAY: usize = 30;

fn workspace(seed: u64, faults: Faults) -> Workspace {
    let workspace = Workspace::start_with(seed, faults);
    let mut world = workspace.world();
    for room in 0..ROOMS {
        world.room(&format!("C{room}"), crate::support::slack::Kind::Public);
    }
    for person in 0..PEOPLE {
        world.person(&format!("U{person}"), &format!("person {person}"), None);
    }
    drop(world);
    workspace
}

/// The database stands still for longer than Slack waits while a person says something: its `ts`.
async fn stand_still(workspace: &Workspace, disk: &Disk) -> String {
    disk.mood.stuck.store(true, Ordering::SeqCst);
    let timed_out = {
        let mut world = workspace.world();
        world.forgets_offline = false;
        world.tally.timed_out
    };
    let ts = workspace.say("C0", "U0", "while nothing is stored");
    let sent_again = |world: &crate::support::slack::World| world.tally.timed_out > timed_out;
    assert!(workspace.wait_until(LIMIT, sent_again).await, "nothing was sent again");
    workspace.world().forgets_offline = true;
    disk.mood.stuck.store(false, Ordering::SeqCst);
    ts
}

/// People write, answer in their threads, change what they wrote and take it back, `events` times. Returns the ids that must be on the disk, and
/// by conversation the messages in order.
async fn talk(
    workspace: &Workspace,
    events: usize,
    (disk, stands_still): (&Disk, bool),
) -> (BTreeSet<String>, BTreeMap<String, Vec<String>>) {
    let mut wanted = BTreeSet::new();
    let mut threads: BTreeMap<String, String> = BTreeMap::new();
    let mut last: BTreeMap<String, (String, bool)> = BTreeMap::new();
    let mut order: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for number in 0..events {
        assert!(
            workspace.wait_until(LIMIT, |world| world.under_way() < UNDER_WAY).await,
            "events are stuck at {number}"
        );
        // People who see no answer do not go on for ever: while there is no connection a few messages are lost, not thousands.
        if number.is_multiple_of(20) {
            assert!(workspace.wait_until(LIMIT, |world| world.connections() > 0).await, "no connection at {number}");
        }
        if number == events / 2 && stands_still {
            wanted.insert(format!("C0/{}", stand_still(workspace, disk).await));
        }
        let conversation = number % (PEOPLE * ROOMS);
        let (user, room) = (format!("U{}", conversation % PEOPLE), format!("C{}", conversation / PEOPLE));
        let key = format!("slack:{room}:{user}");
        let turn = number / (PEOPLE * ROOMS);
        if turn % 7 == 6
            && let Some((ts, edited @ false)) = last.get_mut(&key)
        {
            let at = workspace.edit(&room, ts, &format!("changed {number}"));
            wanted.insert(format!("{room}/{ts}#edited:{at}"));
            *edited = true;
            continue;
        }
        if turn % 11 == 10
            && let Some((ts, false)) = last.get(&key)
            && threads.get(&key) != Some(ts)
            && disk.inbox().known.contains(&format!("{room}/{ts}"))
        {
            workspace.delete(&room, ts);
            wanted.insert(format!("{room}/{ts}#deleted"));
            last.remove(&key);
            continue;
        }
        let thread = threads.get(&key).filter(|_| turn % 3 == 2).cloned();
        let ts = workspace.reply(&room, thread.as_deref(), &user, &format!("message {number}"));
        threads.entry(key.clone()).or_insert_with(|| ts.clone());
        wanted.insert(format!("{room}/{ts}"));
        order.entry(key.clone()).or_default().push(format!("{room}/{ts}"));
        last.insert(key, (ts, false));
    }
    (wanted, order)
}

/// Messages of one conversation that were stored before an earlier one, though nothing had held the earlier one up.
fn out_of_order(workspace: &Workspace, disk: &Disk, order: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let place: BTreeMap<String, usize> = disk.ids().into_iter().enumerate().map(|(at, id)| (id, at)).collect();
    let world = workspace.world();
    let mut wrong = Vec::new();
    for ids in order.values() {
        for pair in ids.windows(2) {
            if place[&pair[1]] < place[&pair[0]] && !world.tally.delayed.contains(&pair[0]) {
                wrong.push(format!("{} after {}", pair[0], pair[1]));
            }
        }
    }
    wrong
}

/// Who puts a conversation in order by the time of its messages gets the order they were written in.
fn times_give_the_order(disk: &Disk, order: &BTreeMap<String, Vec<String>>) {
    let inbox = disk.inbox();
    let rows: BTreeMap<&str, &Received> = inbox.rows.iter().map(|(row, _)| (row.external_id.as_str(), row)).collect();
    for (key, ids) in order {
        assert!(ids.iter().all(|id| rows[id.as_str()].conversation == *key), "{key}");
        assert!(ids.is_sorted_by_key(|id| rows[id.as_str()].arrived_at), "{key}");
    }
}

fn tell(what: &str, workspace: &Workspace, running: &Running) {
    let world = workspace.world();
    let tally = &world.tally;
    println!(
        "{what}: {} envelopes, {} acknowledged (p50 {:?}, p99 {:?}, max {:?}), {} sent again in time, {} after a cut, {} given up; \
         {:?}; {} sockets asked for",
        tally.sent,
        tally.acks.len(),
        tally.within(0.5),
        tally.within(0.99),
        tally.within(1.0),
        tally.timed_out,
        tally.cut_off,
        tally.dropped,
        running.receiver.counts(),
        world.called("apps.connections.open"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_calm_weather_every_event_is_stored_once_in_order_and_acknowledged_in_time() {
    let workspace = workspace(1, Faults::default());
    let settings = SlackSettings { sockets: 2, ..settings(&workspace) };
    let running = Running::start_with(settings, pace(), Disk::default(), Vec::new());
    running.settled().await;
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 2).await);
    // One after the other, to see what one acknowledgement takes.
    for number in 0..200 {
        let ts = workspace.say("C0", "U0", &format!("alone {number}"));
        running.disk.wait_for_id(&format!("C0/{ts}")).await;
        assert!(workspace.wait_until(LIMIT, |world| world.under_way() == 0).await);
    }
    tell("one by one", &workspace, &running);
    workspace.world().tally.acks.clear();
    running.disk.inbox().rows.clear();
    running.disk.inbox().known.clear();
    let (wanted, order) = talk(&workspace, 2_000, (&running.disk, false)).await;
    running.disk.wait_for(|inbox| inbox.known.len() >= wanted.len()).await;
    tell("calm", &workspace, &running);
    assert_eq!(running.disk.ids().into_iter().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(out_of_order(&workspace, &running.disk, &order), Vec::<String>::new());
    times_give_the_order(&running.disk, &order);
    assert!(workspace.wait_until(LIMIT, |world| world.under_way() == 0).await);
    let tally = workspace.world().tally.clone();
    assert_eq!((tally.timed_out, tally.cut_off, tally.dropped), (0, 0, 0), "an acknowledgement came too late");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_of_ten_thousand_events_none_is_lost_and_none_is_filed_twice() {
    let faults = Faults {
        cut: 0.004,
        warn: 0.003,
        repeat: 0.05,
        late: 0.03,
        limited: 0.02,
        limited_for_s: 1,
        broken: 0.03,
        slow: 0.02,
        slow_for: Duration::from_millis(40),
        stillborn: 0.1,
    };
    let seed = 20_261_122;
    let workspace = workspace(seed, faults);
    {
        let mut world = workspace.world();
        world.warning = Duration::from_millis(300);
        world.forgets_offline = true;
    }
    let settings = SlackSettings { sockets: 2, ..settings(&workspace) };
    let pace = Pace { catch_up: Duration::from_secs(1), ..pace() };
    let running = Running::start_with(settings, pace, Disk::default(), Vec::new());
    running.settled().await;
    running.disk.mood.fails_each.store(900, Ordering::SeqCst);
    let (wanted, order) = talk(&workspace, 10_000, (&running.disk, true)).await;
    // The weather clears; what is still missing is found in the history of the rooms.
    workspace.world().faults = Faults::default();
    running.disk.mood.fails_each.store(0, Ordering::SeqCst);
    let until = Instant::now() + Duration::from_mins(2);
    while running.disk.inbox().known.len() < wanted.len() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tell("storm", &workspace, &running);
    let stored: BTreeSet<String> = running.disk.ids().into_iter().collect();
    let lost: Vec<&String> = wanted.difference(&stored).take(10).collect();
    let unknown: Vec<&String> = stored.difference(&wanted).take(10).collect();
    assert!(lost.is_empty() && unknown.is_empty(), "seed {seed}: lost {lost:?}, unknown {unknown:?}");
    assert_eq!(running.disk.ids().len(), wanted.len(), "seed {seed}: filed twice");
    assert_eq!(out_of_order(&workspace, &running.disk, &order), Vec::<String>::new(), "seed {seed}");
    times_give_the_order(&running.disk, &order);
    assert!(running.disk.mood.failed.load(Ordering::SeqCst) > 0, "the database never failed");
    running.stop().await;
}
