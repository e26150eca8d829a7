//! A database that is locked, thrown off its connections, or out of room while mail comes in.

use std::process::Stdio;
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::process::Command;

use super::harness::{Database, Desk, until};
use super::letter::{Letter, message_id};
use crate::support::dovecot::{MailUser, dovecot};
use crate::support::smtp_sink::SmtpSink;

async fn desk(database: Database) -> (Desk, MailUser, SmtpSink) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    (desk, mailbox, sink)
}

/// Everything is filed once and answered once.
async fn whole(desk: &mut Desk, sink: &SmtpSink, mails: u64) {
    until("every mail is decided", async || {
        assert!(desk.ended().is_none(), "serve ended: {}", desk.log());
        let totals = desk.totals().await;
        (totals.seen >= mails && totals.pending == 0).then_some(())
    })
    .await;
    let totals = desk.totals().await;
    assert_eq!((totals.seen, totals.filed), (mails, mails), "{}", desk.log());
    let sent = desk.sent().await;
    assert_eq!(sent.len() as u64, mails);
    let mut ids: Vec<String> = sink.taken().iter().map(|mail| message_id(&mail.data)).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len() as u64, all as u64), (mails, mails), "{}", desk.log());
    until("ready again", async || (desk.page("/readyz").await.0 == 200).then_some(())).await;
    assert!(desk.ended().is_none());
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_waited_for() {
    let (mut desk, mailbox, sink) = desk(Database::Sqlite).await;
    desk.serve().await;
    mailbox.deliver(&Letter::request(0).raw());
    until("the first reply", async || (!sink.taken().is_empty()).then_some(())).await;
    let file = desk.path("data/madoguchi.db");
    let mut other = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    for number in 1..20 {
        mailbox.deliver(&Letter::request(number).raw());
    }
    // Longer than the desk waits for a lock in one go.
    until("the desk says that mail stays on the server", async || {
        desk.log().contains("mail stays on the server").then_some(())
    })
    .await;
    let (status, reasons) = desk.page("/readyz").await;
    assert_eq!(status, 503, "{reasons}");
    other.execute("COMMIT").await.unwrap();
    whole(&mut desk, &sink, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_off_lose_nothing() {
    let (mut desk, mailbox, sink) = desk(Database::Postgres).await;
    desk.serve().await;
    let mut other = PgConnection::connect(&desk.url).await.unwrap();
    let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE application_name = 'madoguchi' AND datname = current_database() AND pid <> pg_backend_pid()";
    let (mut cuts, mut mails) = (0, 0);
    while cuts < 60 {
        if mails < 60 {
            mailbox.deliver(&Letter::request(mails).raw());
            mails += 1;
        }
        let (count,): (i64,) = sqlx::query_as(cut).fetch_one(&mut other).await.unwrap();
        cuts += count;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    println!("{cuts} connections were cut while {mails} mails came in");
    whole(&mut desk, &sink, mails as u64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_shut_away_comes_back() {
    let (mut desk, mailbox, sink) = desk(Database::Postgres).await;
    desk.serve().await;
    mailbox.deliver(&Letter::request(0).raw());
    until("the first reply", async || (!sink.taken().is_empty()).then_some(())).await;
    let (before, socket) = desk.url.split_once('?').unwrap();
    let (server, name) = before.rsplit_once('/').unwrap();
    let mut admin = PgConnection::connect(&format!("{server}/postgres?{socket}")).await.unwrap();
    let shut = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    let open = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.execute(sqlx::AssertSqlSafe(shut)).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(cut)).await.unwrap();
    for number in 1..10 {
        mailbox.deliver(&Letter::request(number).raw());
    }
    until("not ready", async || (desk.page("/readyz").await.0 == 503).then_some(())).await;
    assert_eq!(desk.page("/healthz").await.0, 200);
    admin.execute(sqlx::AssertSqlSafe(open)).await.unwrap();
    whole(&mut desk, &sink, 10).await;
}

/// A mounted file system of a few megabytes; unmounted when dropped.
struct Tiny(std::path::PathBuf);

impl Tiny {
    async fn mount(at: std::path::PathBuf, size: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&at).output();
        let done = done.await.unwrap();
        assert!(done.status.success(), "mounting needs root: {}", String::from_utf8_lossy(&done.stderr));
        Self(at)
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        // Lazily: the desk may still have files open in it.
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_intake_until_there_is_room() {
    let (mut desk, mailbox, sink) = desk(Database::Sqlite).await;
    let tiny = Tiny::mount(desk.path("data"), "6m").await;
    desk.serve().await;
    mailbox.deliver(&Letter::request(0).raw());
    until("the first reply", async || (!sink.taken().is_empty()).then_some(())).await;
    let ballast = tiny.0.join("ballast");
    let filled = Command::new("dd").args(["if=/dev/zero", "bs=4096"]).arg(format!("of={}", ballast.display())).output();
    assert!(!filled.await.unwrap().status.success(), "the disk is full");
    for number in 1..12 {
        let letter = Letter::request(number);
        let text = format!("{}\r\n{}", letter.text, "filler ".repeat(20_000));
        mailbox.deliver(&Letter { text, ..letter }.raw());
    }
    until("the desk says that mail stays on the server", async || {
        desk.log().contains("mail stays on the server").then_some(())
    })
    .await;
    let (status, reasons) = desk.page("/readyz").await;
    assert_eq!(status, 503, "{reasons}");
    std::fs::remove_file(ballast).unwrap();
    let grown = Command::new("mount").args(["-o", "remount,size=200m"]).arg(&tiny.0).output().await.unwrap();
    assert!(grown.status.success());
    whole(&mut desk, &sink, 12).await;
}
