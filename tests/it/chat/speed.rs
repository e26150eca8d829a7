//! How fast events of both services go through, what memory that takes, how soon they are acknowledged. Figures are printed; only
//! what came out is asserted. `MADOGUCHI_CHAT_EVENTS`: how many events; `MADOGUCHI_CHAT_LEAD`: how many may be ahead of the
//! acknowledgements.

use std::fs;
use std::time::{Duration, Instant};

use super::office::{HELP, Office, QUESTION, percentile};
use crate::desk::harness::{Database, Desk, setting, within};
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::discord::world::World as Server;
use crate::support::slack::{Faults, Kind};

const PATIENCE: Duration = Duration::from_mins(10);
/// What people write, from greetings to requests: about what a support room hears.
const SAID: &[&str] = &[
    QUESTION,
    "ありがとうございます!",
    "こんにちは",
    "パスワードの変更方法が知りたいです",
    "Please create an account for our new engineer Kenji Suzuki, read-only access to the console.",
    "thanks, that helped",
    "web01 の再起動をお願いいたします。時間は問いません。",
    "お疲れ様です。少しよろしいでしょうか。",
    "Please prepare the meeting room for our visitors on Thursday.",
    "チケットの状況は?",
];
const ROOMS: u64 = 40;
const PEOPLE: u64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_both_services_are_stored_and_decided() {
    let events = setting("MADOGUCHI_CHAT_EVENTS", 400);
    let lead = usize::try_from(setting("MADOGUCHI_CHAT_LEAD", 2_000)).unwrap();
    let mut office = Office::prepare(Database::Sqlite, (1, Faults::default()), DiscordFaults::none()).await;
    office.desk.edit(|text| text.replace("[slack]\n", "[slack]\nsockets = 10\n"));
    people(&office);
    office.serve().await;
    let started = (Instant::now(), cpu_s(office.desk.pid()));
    let mut sizes = vec![resident_kib(office.desk.pid())];
    for number in 0..events {
        if number.is_multiple_of(50) {
            within(PATIENCE, "acknowledged", async || (office.slack.world().under_way() < lead).then_some(())).await;
        }
        let (turn, person) = (number / 2, number / 2 % PEOPLE);
        let text = format!("{} ({turn})", SAID[usize::try_from(number / PEOPLE + number % 7).unwrap() % SAID.len()]);
        if number.is_multiple_of(2) {
            office.slack.say(&format!("C{}", person % ROOMS), &format!("U{person}"), &text);
        } else {
            office.discord.say(Server::TEXT, 1_000 + person, &text);
        }
        if (number + 1) % (events / 4).max(1) == 0 {
            let wanted = number + 1;
            within(PATIENCE, "decided", async || (counted(&office.desk).await.1 + 4_000 > wanted).then_some(())).await;
            sizes.push(resident_kib(office.desk.pid()));
            office.slack.world().tally.answers.clear();
        }
    }
    let mut accepted = None;
    within(PATIENCE, "every event is decided", async || {
        let (received, settled) = counted(&office.desk).await;
        if received >= events && accepted.is_none() {
            accepted = Some(started.0.elapsed());
        }
        (settled >= events).then_some(())
    })
    .await;
    let (elapsed, cpu) = (started.0.elapsed(), cpu_s(office.desk.pid()) - started.1);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = |time: Duration| events as f64 / time.as_secs_f64();
    println!(
        "{events} events: accepted after {:?}, decided after {elapsed:?}: {:.0}/s; {cpu:.1} s CPU, {:.0} events per CPU second; \
         VmRSS {sizes:?} KiB at 0, 25, 50, 75, 100 %",
        accepted.unwrap_or(elapsed),
        rate(elapsed),
        rate(Duration::from_secs_f64(cpu.max(0.01))),
    );
    office.slack.world().faults = Faults::default();
    let totals = office.desk.totals().await;
    assert_eq!((totals.seen, totals.buried, totals.pending), (events, 0, 0));
    office.desk.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledgements_of_a_quiet_desk_come_at_once() {
    let events = setting("MADOGUCHI_CHAT_ACKS", 60);
    let office = Office::open(Database::Sqlite).await;
    people(&office);
    office.slack.world().tally.acks.clear();
    for number in 0..events {
        office.slack.say(HELP, &format!("U{}", number % PEOPLE), &format!("ありがとうございます ({number})"));
        assert!(office.slack.wait_until(Duration::from_secs(30), |world| world.under_way() == 0).await);
    }
    let mut acks = office.slack.world().tally.acks.clone();
    acks.sort_unstable();
    println!(
        "{} acknowledgements: p50 {:?}, p99 {:?}, longest {:?}",
        acks.len(),
        percentile(&acks, 50),
        percentile(&acks, 99),
        percentile(&acks, 100)
    );
    assert!(percentile(&acks, 100) < Duration::from_secs(3), "Slack sends again what takes longer");
    office.desk.settled(events).await;
}

fn people(office: &Office) {
    let mut world = office.slack.world();
    for room in 0..ROOMS {
        world.room(&format!("C{room}"), Kind::Public);
    }
    for person in 0..PEOPLE {
        world.person(&format!("U{person}"), &format!("person {person}"), None);
    }
}

/// Messages stored and decided. The page costs the desk less than a program that opens its database.
async fn counted(desk: &Desk) -> (u64, u64) {
    let (_, metrics) = desk.page("/metrics").await;
    let count = |name: &str| -> u64 {
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    };
    (count("madoguchi_received_total{"), count("madoguchi_settled_total{"))
}

fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// User and system time of the process. The clock ticks a hundred times a second on Linux.
fn cpu_s(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
    f64::from(ticks) / 100.0
}
