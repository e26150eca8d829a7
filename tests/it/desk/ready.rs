//! When the desk says that it is ready.

use std::time::Duration;

use tokio::net::TcpListener;

use super::harness::{Database, Desk, until, within};
use super::on_both;
use crate::support::dovecot::dovecot;

on_both! {
    ready_means_that_every_mailbox_was_read
}

/// Well under the poll interval below: readiness must not wait for the first mail.
const SOON: Duration = Duration::from_secs(30);

async fn ready_means_that_every_mailbox_was_read(database: Database) {
    let mailbox = dovecot().user("desk");
    // A server that takes connections and says nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, silent.local_addr().unwrap().port());
    desk.edit(|text| text.replace("poll_s = 1\n", "poll_s = 60\n"));
    desk.serve().await;
    let (status, reasons) = desk.page("/readyz").await;
    assert_eq!((status, reasons.contains("not read yet")), (503, true), "{reasons}");
    until("the fault is told", async || desk.page("/readyz").await.1.contains("greet").then_some(())).await;
    desk.stop().await;

    desk.edit(|text| {
        let port = silent.local_addr().unwrap().port();
        text.replace(&format!("port = {port}\n"), &format!("port = {}\n", dovecot().imap))
    });
    desk.serve().await;
    within(SOON, "ready with an empty mailbox", async || (desk.page("/readyz").await.0 == 200).then_some(())).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stands_by_is_ready() {
    let database = Database::Postgres;
    let mailbox = dovecot().user("desk");
    let mut first = Desk::new(database, &mailbox.address).await;
    first.reads(&mailbox, dovecot().imap);
    let mut second = Desk::new(database, &mailbox.address).await;
    second.reads(&mailbox, dovecot().imap);
    let (own, shared) = (second.url.clone(), first.url.clone());
    second.edit(|text| text.replace(&own, &shared));
    first.serve().await;
    until("the first is ready", async || (first.page("/readyz").await.0 == 200).then_some(())).await;
    second.serve().await;
    until("the second is ready", async || (second.page("/readyz").await.0 == 200).then_some(())).await;
    assert!(!second.page("/metrics").await.1.contains("madoguchi_mailbox_last_success_timestamp{"));
    first.stop().await;
    second.stop().await;
}
