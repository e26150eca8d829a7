use madoguchi::domain::*;
use madoguchi::store::{Store, StoreError, TicketFilter};

use super::{Desk, MINUTE, NOW, on_both, opening, received};

on_both! {
    keys_are_unique_in_the_schema_itself
    a_newer_schema_is_refused
    a_desk_keeps_what_it_had_when_opened_again
    several_programs_open_an_empty_database_at_once
    a_restored_desk_drops_what_it_had_already_seen
    only_an_empty_desk_is_restored_into
    an_archive_of_another_program_is_refused
}

/// Runs a statement beside the store.
async fn run(desk: &Desk, sql: &'static str) -> Result<u64, sqlx::Error> {
    if desk.is_sqlite() {
        let pool = sqlx::SqlitePool::connect(&desk.url).await?;
        let done = sqlx::query(sql).execute(&pool).await;
        pool.close().await;
        Ok(done?.rows_affected())
    } else {
        let pool = sqlx::PgPool::connect(&desk.url).await?;
        let done = sqlx::query(sql).execute(&pool).await;
        pool.close().await;
        Ok(done?.rows_affected())
    }
}

async fn keys_are_unique_in_the_schema_itself(desk: Desk) {
    desk.filed("a").await;
    for sql in [
        "INSERT INTO inbox (channel, source, external_id, conversation, size_bytes, arrived_at, received_at, stale)
         SELECT channel, source, external_id, conversation, size_bytes, arrived_at, received_at, stale FROM inbox",
        "INSERT INTO tickets (id, version, status, queue, priority, requester, channel, source, created_at, updated_at, body)
         SELECT id, version, status, queue, priority, requester, channel, source, created_at, updated_at, body FROM tickets",
        "INSERT INTO messages (inbox_id, fingerprint, sender, sender_name, subject, text, reply_text, language, arrived_at)
         SELECT inbox_id + 1, fingerprint, sender, sender_name, subject, text, reply_text, language, arrived_at FROM messages",
        "INSERT INTO outbox (dedupe_key, channel, source, kind, recipient, automatic, message_id, body, created_at, next_at)
         SELECT dedupe_key, channel, source, kind, recipient, automatic, message_id, body, created_at, next_at FROM outbox",
        "INSERT INTO thread_keys (key, ticket_id) SELECT key, ticket_id FROM thread_keys",
        "INSERT INTO decisions (inbox_id, decision, catalog_version, decided, decided_at)
         SELECT inbox_id, decision, catalog_version, decided, decided_at FROM decisions",
        "INSERT INTO inbox_raw (inbox_id, bytes) SELECT inbox_id, bytes FROM inbox_raw",
    ] {
        let error = run(&desk, sql).await.expect_err(sql);
        assert!(error.as_database_error().unwrap().is_unique_violation(), "{sql}: {error}");
    }
    // A row is open or has a fate.
    assert!(run(&desk, "UPDATE inbox SET done_at = NULL").await.is_err());
}

async fn a_newer_schema_is_refused(desk: Desk) {
    desk.store.close().await;
    run(
        &desk,
        "UPDATE _sqlx_migrations SET version = 4711 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)",
    )
    .await
    .unwrap();
    let refused = Store::open(&desk.url, desk.dir.path()).await;
    assert!(matches!(refused, Err(StoreError::SchemaTooNew { version: 4711 })), "{refused:?}");
}

async fn a_desk_keeps_what_it_had_when_opened_again(desk: Desk) {
    let ticket = desk.filed("a").await;
    desk.store.close().await;
    let again = Store::open(&desk.url, desk.dir.path()).await.unwrap();
    assert_eq!(again.ticket(ticket.id).await.unwrap(), Some(ticket));
}

async fn several_programs_open_an_empty_database_at_once(desk: Desk) {
    let sister = desk.sister().await;
    sister.store.close().await;
    let url = if desk.is_sqlite() {
        format!("sqlite://{}/new/deep/desk.db", desk.dir.path().display())
    } else {
        crate::support::postgres::database().await
    };
    let mut programs = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (url, dir) = (url.clone(), desk.dir.path().to_owned());
        programs.spawn(async move { Store::open(&url, &dir).await.map(|_| ()) });
    }
    for opened in programs.join_all().await {
        opened.unwrap();
    }
}

async fn a_restored_desk_drops_what_it_had_already_seen(desk: Desk) {
    let large = Received { raw: vec![7; 700_000], ..received("large", "l") };
    desk.filed("a").await;
    desk.store.accept(&[large.clone(), received("b", "b")], NOW).await.unwrap();
    desk.store.first_key(b"key", NOW).await.unwrap();
    desk.store.put_oauth_token("support", b"\0sealed", NOW).await.unwrap();
    let token = desk.store.keyring().await.unwrap().sign(TicketId(1));
    let archive = desk.dir.path().join("backup.tar.gz");
    desk.store.backup(&archive).await.unwrap();
    desk.store.backup(&archive).await.unwrap();
    // What came after the backup is not in it.
    desk.store.accept(&[received("after", "after")], NOW).await.unwrap();

    let sister = desk.sister().await;
    sister.store.first_key(b"made at the first start", NOW).await.unwrap();
    sister.store.close().await;
    Store::restore(&archive, &sister.url, sister.dir.path()).await.unwrap();
    let store = Store::open(&sister.url, sister.dir.path()).await.unwrap();
    let batch = [received("a", "a"), large.clone(), received("b", "b"), received("after", "after")];
    let accepted = store.accept(&batch, NOW).await.unwrap();
    assert_eq!(accepted.new_count(), 1, "{accepted:?}");
    assert!(accepted.rows[3] > Some(InboxId(3)));
    assert_eq!(store.raw(InboxId(2)).await.unwrap(), large.raw);
    assert_eq!(store.keyring().await.unwrap().sign(TicketId(1)), token);
    assert_eq!(store.oauth_token("support").await.unwrap().unwrap(), b"\0sealed");
    assert_eq!(
        store.tickets(&TicketFilter::default()).await.unwrap(),
        desk.store.tickets(&TicketFilter::default()).await.unwrap()
    );
    assert_eq!(store.decision_of(InboxId(1)).await.unwrap(), desk.store.decision_of(InboxId(1)).await.unwrap());
    // It works on.
    let claim = store.claim_inbox("w", NOW, NOW.plus_ms(MINUTE), 9).await.unwrap();
    assert_eq!(claim.items.len(), 3);
    store.settle("w", &[opening(&claim.items[0])], NOW).await.unwrap();
}

async fn only_an_empty_desk_is_restored_into(desk: Desk) {
    desk.filed("a").await;
    let archive = desk.dir.path().join("backup.tar.gz");
    desk.store.backup(&archive).await.unwrap();
    let refused = Store::restore(&archive, &desk.url, desk.dir.path()).await;
    assert!(matches!(refused, Err(StoreError::Unusable { .. })), "{refused:?}");
    assert_eq!(desk.store.ledger_totals().await.unwrap().seen, 1);
    // Nor into the other kind of database.
    let other = if desk.is_sqlite() { Desk::postgres().await } else { Desk::sqlite().await };
    assert!(matches!(Store::restore(&archive, &other.url, other.dir.path()).await, Err(StoreError::Unusable { .. })));
}

async fn an_archive_of_another_program_is_refused(desk: Desk) {
    let file = desk.dir.path().join("other.tar.gz");
    for bytes in [&b""[..], b"not an archive", &[0x1f, 0x8b, 8, 0]] {
        std::fs::write(&file, bytes).unwrap();
        let refused = Store::restore(&file, &desk.url, desk.dir.path()).await;
        assert!(matches!(refused, Err(StoreError::Unusable { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (Desk::sqlite().await, Desk::postgres().await);
    let pool = sqlx::SqlitePool::connect(&sqlite.url).await.unwrap();
    let mut here: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '_sqlx%'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let pool = sqlx::PgPool::connect(&postgres.url).await.unwrap();
    let mut there: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    here.sort();
    there.sort();
    assert!(here.len() > 100);
    assert_eq!(here, there);
}

#[tokio::test]
async fn a_url_of_another_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for url in ["mysql://localhost/desk", "desk.db", ""] {
        assert!(matches!(Store::open(url, dir.path()).await, Err(StoreError::Unusable { .. })), "{url}");
    }
    let gone = "postgres://desk:secret@localhost/desk?host=/nowhere";
    let error = Store::open(gone, dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("secret"));
}
