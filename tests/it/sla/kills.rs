//! The month with the ticker in a process of its own that is killed (SIGKILL) at random instants while it works on what is due, and
//! started again: what it noted and whom it told is what counting by hand finds, once each and at its minute.
//!
//! `MONTH_KILLS`: how often at least; `KILLED_TICKETS`: of how many tickets the month is.
//!
//! The process is this test binary again, told by the environment what to do. The time comes to it line by line.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use madoguchi::clock::Clock as Time;
use madoguchi::domain::Timestamp;
use madoguchi::store::Store;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::month::{Dice, lives, month, same_as_by_hand};
use super::{BEGIN, catalog, tick, ticker};
use crate::desk::harness::setting;
use crate::store::{Desk, on_both};

on_both! {
    every_miss_is_noted_once_however_often_the_ticker_is_killed
}

/// Of so many looks at something due, one is the last of its process.
const ONE_IN: i64 = 8;
/// A look at something due takes some milliseconds.
const LONGEST_US: i64 = 20_000;
const READY: &str = "ready";

async fn every_miss_is_noted_once_however_often_the_ticker_is_killed(desk: Desk) {
    let lives = lives(setting("KILLED_TICKETS", 120));
    let least = setting("MONTH_KILLS", 30);
    let ticking = Ticking::new(&desk, 3);
    let (ledger, ticking) = month(desk, &lives, 3, Some(ticking)).await;
    let ticking = ticking.unwrap();
    let misses = same_as_by_hand(&lives, &ledger);
    println!(
        "{} tickets, {misses} misses, {} kills, {} of them before it had answered",
        lives.len(),
        ticking.kills,
        ticking.cut_off
    );
    assert!(ticking.kills >= least, "only {} kills", ticking.kills);
    assert!(ticking.cut_off > 0, "every look was over before it was killed");
}

/// A process that ticks.
pub struct Ticking {
    url: String,
    dir: PathBuf,
    dice: Dice,
    process: Option<Process>,
    kills: u64,
    cut_off: u64,
}

struct Process {
    child: Child,
    time: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
}

impl Ticking {
    fn new(desk: &Desk, seed: u64) -> Self {
        let (url, dir) = (desk.url.clone(), desk.dir.path().to_owned());
        Self { url, dir, dice: Dice(seed), process: None, kills: 0, cut_off: 0 }
    }

    /// Does what is due at `at`, in as many processes as it takes.
    pub async fn look(&mut self, at: Timestamp, is_due: bool) {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.url, &self.dir).await,
        };
        while is_due && self.dice.below(ONE_IN) == 0 {
            process.tell(at).await;
            tokio::time::sleep(Duration::from_micros(self.dice.below(LONGEST_US).unsigned_abs())).await;
            process.child.kill().await.unwrap();
            self.kills += 1;
            let left = process.says.next_line().await.unwrap();
            self.cut_off += u64::from(left.is_none());
            process = Process::start(&self.url, &self.dir).await;
        }
        process.tell(at).await;
        process.hears(&at.0.to_string()).await;
        self.process = Some(process);
    }
}

impl Process {
    async fn start(url: &str, dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sla::kills::child", "--nocapture"])
            .env("TICKING_URL", url)
            .env("TICKING_DIR", dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (time, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut process = Self { child, time, says: BufReader::new(stdout).lines() };
        process.hears(READY).await;
        process
    }

    async fn tell(&mut self, at: Timestamp) {
        self.time.write_all(format!("{}\n", at.0).as_bytes()).await.unwrap();
    }

    async fn hears(&mut self, wanted: &str) {
        loop {
            let line = self.says.next_line().await.unwrap().expect("the process ended by itself");
            // The test runner says a word of its own.
            if line.ends_with(wanted) {
                return;
            }
        }
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent tells this process what to do by its environment")]
async fn child() {
    let (Ok(url), Ok(dir)) = (std::env::var("TICKING_URL"), std::env::var("TICKING_DIR")) else { return };
    let store = Arc::new(Store::open(&url, Path::new(&dir)).await.unwrap());
    let time = Time::fixed(BEGIN);
    let ticker = ticker(&store, &catalog(), &time);
    println!("{READY}");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        time.set(Timestamp(line.parse().unwrap()));
        tick(&ticker).await;
        println!("{line}");
    }
}
