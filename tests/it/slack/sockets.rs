//! Connections that come and go.

use std::sync::atomic::Ordering;

use super::*;
use crate::support::slack::{Faults, Kind};

fn workspace() -> Workspace {
    let workspace = Workspace::start();
    workspace.world().room("C1", Kind::Public);
    workspace.world().person("U1", "Ann", None);
    workspace
}

#[tokio::test]
async fn a_warned_socket_works_on_until_its_successor_is_there() {
    let workspace = workspace();
    workspace.world().warning = Duration::from_secs(1);
    let running = Running::start(&workspace);
    running.settled().await;
    workspace.warn_all("warning");
    // Both are there, and the old one still carries what was on its way.
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 2).await, "the new one did not come first");
    for number in 0..20 {
        let ts = workspace.say("C1", "U1", &format!("m{number}"));
        running.disk.wait_for_id(&format!("C1/{ts}")).await;
    }
    assert!(workspace.wait_until(LIMIT, |world| world.connections() == 1).await, "the old one did not go");
    assert!(running.receiver.health().connected);
    let tally = workspace.world().tally.clone();
    assert_eq!((tally.timed_out, tally.cut_off, tally.dropped), (0, 0, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_cut_socket_comes_back_and_what_was_on_it_is_not_lost() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    for _ in 0..5 {
        workspace.cut_all();
        let ts = workspace.say("C1", "U1", "hello?");
        running.disk.wait_for_id(&format!("C1/{ts}")).await;
        running.connected().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn sockets_that_are_dropped_at_once_are_not_opened_in_a_hot_loop() {
    // Before its hello, and soon after it. The pause outlasts the test: a second try would be one too early.
    for stillborn in [1.0, 0.0] {
        let workspace = workspace();
        workspace.world().faults = Faults { stillborn, ..Faults::default() };
        let hour = Duration::from_hours(1);
        let pace = Pace { first: hour, longest: hour, steady: hour, ..pace() };
        let running = Running::start_with(settings(&workspace), pace, Disk::default(), Vec::new());
        if stillborn < 0.5 {
            running.connected().await;
            assert!(workspace.wait_until(LIMIT, |world| world.connections() == 1).await);
            workspace.cut_all();
        }
        let is_down = |running: &Running| {
            let health = running.receiver.health();
            !health.connected && running.receiver.counts().sockets + u64::from(health.fault.is_some()) > 0
        };
        let until = Instant::now() + LIMIT;
        while !is_down(&running) {
            assert!(Instant::now() < until, "{:?}", running.receiver.health());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for _ in 0..50 {
            running.api_call().await.unwrap();
        }
        assert_eq!(workspace.world().called("apps.connections.open"), 2, "stillborn {stillborn}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_revoked_token_calls_the_operator_and_is_not_tried_over_and_over() {
    for code in ["token_revoked", "invalid_auth", "account_inactive"] {
        let workspace = workspace();
        let settings = SlackSettings { sockets: 3, ..settings(&workspace) };
        let pace = Pace { operator: Duration::from_hours(1), ..pace() };
        let running = Running::start_with(settings, pace, Disk::default(), Vec::new());
        running.settled().await;
        assert!(workspace.wait_until(LIMIT, |world| world.connections() == 3).await);
        let before = workspace.world().called("apps.connections.open");
        workspace.world().refuse_with = Some(code);
        workspace.cut_all();
        assert!(
            workspace.wait_until(LIMIT, |world| world.called("apps.connections.open") >= before + 3).await,
            "{code}: the sockets were not tried again"
        );
        // The service has answered a moment before it is understood.
        let gave_up = |health: &madoguchi::connectors::Health| health.needs_operator && !health.connected;
        workspace.wait_until(LIMIT, |_| gave_up(&running.receiver.health())).await;
        let health = running.receiver.health();
        assert!(gave_up(&health), "{code}: {health:?}");
        assert!(health.fault.unwrap().contains(code));
        // A hot loop would have shown by the time these are answered.
        for _ in 0..50 {
            assert!(running.api_call().await.is_err());
        }
        assert_eq!(workspace.world().called("apps.connections.open"), before + 3, "{code}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_missing_scope_of_the_app_token_calls_the_operator_and_is_healed_by_itself_once_mended() {
    let workspace = workspace();
    workspace.world().may_connect = false;
    let running = Running::start(&workspace);
    assert!(workspace.wait_until(LIMIT, |world| world.called("apps.connections.open") >= 2).await);
    let health = running.receiver.health();
    assert!(health.needs_operator && health.fault.unwrap().contains("missing_scope"));
    workspace.world().may_connect = true;
    running.connected().await;
    assert_eq!(
        running.receiver.health(),
        madoguchi::connectors::Health { connected: true, fault: None, needs_operator: false }
    );
    running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_acknowledged_and_comes_again() {
    let workspace = workspace();
    workspace.world().ack_limit = Duration::from_millis(400);
    let pace = Pace { answer: Duration::from_millis(300), ..pace() };
    let running = Running::start_with(settings(&workspace), pace, Disk::default(), Vec::new());
    running.settled().await;
    running.disk.mood.stuck.store(true, Ordering::SeqCst);
    let ts = workspace.say("C1", "U1", "are you there?");
    assert!(workspace.wait_until(LIMIT, |world| world.tally.timed_out >= 1).await, "it was acknowledged unstored");
    assert!(workspace.world().tally.acks.is_empty() && running.disk.ids().is_empty());
    running.disk.mood.stuck.store(false, Ordering::SeqCst);
    running.disk.wait_for_id(&format!("C1/{ts}")).await;
    assert!(workspace.wait_until(LIMIT, |world| world.under_way() == 0).await);
    assert_eq!(running.disk.ids().len(), 1);
    running.stop().await;
}

impl Running {
    async fn api_call(&self) -> Result<(), ()> {
        let profiles = Profiles::new(self.api.clone());
        profiles.of("U1").await.map(drop).ok_or(())
    }
}
