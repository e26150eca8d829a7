use madoguchi::domain::TicketId;
use madoguchi::store::StoreError;

use super::{Desk, MINUTE, NOW, on_both};

on_both! {
    a_lease_has_one_holder
    a_lease_that_ended_is_lost
    racing_processes_get_one_lease
    the_first_key_is_made_once
    keys_rotate
    an_oauth_token_is_kept_as_it_was_sealed
}

async fn a_lease_has_one_holder(desk: Desk) {
    let (store, until) = (&desk.store, NOW.plus_ms(MINUTE));
    let first = store.acquire_lease("gateway", "one", NOW, until).await.unwrap().unwrap();
    assert_eq!(store.acquire_lease("gateway", "two", NOW, until).await.unwrap(), None);
    assert!(store.acquire_lease("other", "two", NOW, until).await.unwrap().is_some());
    store.renew_lease(&first, NOW, until.plus_ms(MINUTE)).await.unwrap();
    assert_eq!(store.acquire_lease("gateway", "two", until, until).await.unwrap(), None);
    store.release_lease(&first).await.unwrap();
    let second = store.acquire_lease("gateway", "two", NOW, until).await.unwrap().unwrap();
    assert!(second.token > first.token);
}

async fn a_lease_that_ended_is_lost(desk: Desk) {
    let (store, until) = (&desk.store, NOW.plus_ms(MINUTE));
    let first = store.acquire_lease("gateway", "one", NOW, until).await.unwrap().unwrap();
    let renewed = store.renew_lease(&first, until, until.plus_ms(MINUTE)).await;
    assert!(matches!(renewed, Err(StoreError::LeaseLost { .. })));
    let second = store.acquire_lease("gateway", "two", until, until.plus_ms(MINUTE)).await.unwrap().unwrap();
    // The old holder can neither extend nor end the lease of the new one.
    assert!(store.renew_lease(&first, NOW, until).await.is_err());
    store.release_lease(&first).await.unwrap();
    store.renew_lease(&second, until, until.plus_ms(MINUTE)).await.unwrap();
}

async fn racing_processes_get_one_lease(desk: Desk) {
    let mut processes = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = desk.store.clone();
        processes.spawn(async move {
            store.acquire_lease("gateway", &format!("p{n}"), NOW, NOW.plus_ms(MINUTE)).await.unwrap()
        });
    }
    assert_eq!(processes.join_all().await.into_iter().flatten().count(), 1);
}

async fn the_first_key_is_made_once(desk: Desk) {
    let mut processes = tokio::task::JoinSet::new();
    for n in 0..4_u8 {
        let store = desk.store.clone();
        processes.spawn(async move { store.first_key(&[n; 32], NOW).await.unwrap().sign(TicketId(7)) });
    }
    let mut tokens = processes.join_all().await;
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
}

async fn keys_rotate(desk: Desk) {
    let old = desk.store.first_key(b"old", NOW).await.unwrap().sign(TicketId(7));
    desk.store.add_key(2, b"new", NOW).await.unwrap();
    assert!(matches!(desk.store.add_key(2, b"newer", NOW).await, Err(StoreError::Conflict { .. })));
    let ring = desk.store.keyring().await.unwrap();
    assert_eq!(ring.verify(&old), Some(TicketId(7)));
    assert!(ring.sign(TicketId(7)).starts_with("T7.2."));
}

async fn an_oauth_token_is_kept_as_it_was_sealed(desk: Desk) {
    assert_eq!(desk.store.oauth_token("support").await.unwrap(), None);
    for sealed in [&b"\0\xff one"[..], b"two"] {
        desk.store.put_oauth_token("support", sealed, NOW).await.unwrap();
        assert_eq!(desk.store.oauth_token("support").await.unwrap().as_deref(), Some(sealed));
    }
}
