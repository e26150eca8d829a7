use madoguchi::domain::*;
use madoguchi::store::{Store, StoreError, TicketFilter};
use sha2::{Digest, Sha256};

use super::{Desk, MINUTE, NOW, on_both, opening, received};

on_both! {
    keys_are_unique_in_the_schema_itself
    a_newer_schema_is_refused
    a_desk_keeps_what_it_had_when_opened_again
    several_programs_open_an_empty_database_at_once
    a_restored_desk_drops_what_it_had_already_seen
    a_desk_moves_to_the_other_database_and_back
    a_database_with_a_newer_schema_than_the_archive_is_left_alone
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

/// A desk with something in every kind of row, and what must be the same after a restore.
async fn archived(desk: &Desk) -> (std::path::PathBuf, String) {
    let large = Received { raw: vec![7; 700_000], ..received("large", "l") };
    desk.filed("a").await;
    desk.store.accept(&[large, received("b", "b")], NOW).await.unwrap();
    desk.store.first_key(b"key", NOW).await.unwrap();
    desk.store.put_oauth_token("support", b"\0sealed", NOW).await.unwrap();
    let file = vec![3; 300_000];
    desk.store.put_file(&hex::encode(Sha256::digest(&file)), &file, NOW).await.unwrap();
    let token = desk.store.keyring().await.unwrap().sign(TicketId(1));
    let archive = desk.dir.path().join("backup.tar.gz");
    desk.store.backup(&archive).await.unwrap();
    desk.store.backup(&archive).await.unwrap();
    // What came after the backup is not in it.
    desk.store.accept(&[received("after", "after")], NOW).await.unwrap();
    (archive, token)
}

async fn a_restored_desk_drops_what_it_had_already_seen(desk: Desk) {
    let (archive, token) = archived(&desk).await;
    restored_is_whole(&desk, &archive, &token, desk.sister().await).await;
}

async fn a_desk_moves_to_the_other_database_and_back(desk: Desk) {
    let (archive, token) = archived(&desk).await;
    let cousin = desk.cousin().await;
    cousin.store.close().await;
    Store::restore(&archive, &cousin.url, cousin.dir.path()).await.unwrap();
    let there = Store::open(&cousin.url, cousin.dir.path()).await.unwrap();
    let second = cousin.dir.path().join("second.tar.gz");
    there.backup(&second).await.unwrap();
    there.close().await;
    restored_is_whole(&desk, &second, &token, desk.sister().await).await;
    restored_is_whole(&desk, &archive, &token, desk.cousin().await).await;
}

async fn restored_is_whole(desk: &Desk, archive: &std::path::Path, token: &str, into: Desk) {
    into.store.first_key(b"made at the first start", NOW).await.unwrap();
    into.store.close().await;
    Store::restore(archive, &into.url, into.dir.path()).await.unwrap();
    let store = Store::open(&into.url, into.dir.path()).await.unwrap();
    let large = Received { raw: vec![7; 700_000], ..received("large", "l") };
    let batch = [received("a", "a"), large.clone(), received("b", "b"), received("after", "after")];
    let accepted = store.accept(&batch, NOW).await.unwrap();
    assert_eq!(accepted.new_count(), 1, "{accepted:?}");
    assert!(accepted.rows[3] > Some(InboxId(3)));
    assert_eq!(store.raw(InboxId(1)).await.unwrap(), desk.store.raw(InboxId(1)).await.unwrap());
    assert_eq!(store.raw(InboxId(2)).await.unwrap(), large.raw);
    let file = vec![3; 300_000];
    assert_eq!(store.file(&hex::encode(Sha256::digest(&file))).await.unwrap().unwrap(), file);
    assert_eq!(store.keyring().await.unwrap().sign(TicketId(1)), token);
    assert_eq!(store.oauth_token("support").await.unwrap().unwrap(), b"\0sealed");
    assert_eq!(
        store.tickets(&TicketFilter::default()).await.unwrap(),
        desk.store.tickets(&TicketFilter::default()).await.unwrap()
    );
    let id = TicketId(1);
    assert_eq!(store.ticket_messages(id).await.unwrap(), desk.store.ticket_messages(id).await.unwrap());
    assert_eq!(store.ticket_events(id).await.unwrap(), desk.store.ticket_events(id).await.unwrap());
    assert_eq!(store.decision_of(InboxId(1)).await.unwrap(), desk.store.decision_of(InboxId(1)).await.unwrap());
    // It works on.
    let claim = store.claim_inbox("w", NOW, NOW.plus_ms(MINUTE), 9).await.unwrap();
    assert_eq!(claim.items.len(), 3);
    store.settle("w", &[opening(&claim.items[0])], NOW).await.unwrap();
}

/// Every table of the schema is in an archive, also one nobody thought of when this was written.
#[tokio::test]
async fn every_table_is_in_the_archive() {
    let (sqlite, postgres) = (Desk::sqlite().await, Desk::postgres().await);
    for desk in [&sqlite, &postgres] {
        run(desk, "CREATE TABLE a_new_one (id BIGINT PRIMARY KEY, inbox_id BIGINT REFERENCES inbox (id), share REAL)")
            .await
            .unwrap();
    }
    sqlite.filed("a").await;
    run(&sqlite, "INSERT INTO a_new_one (id, inbox_id, share) VALUES (9000000000000000001, 1, 0.1)").await.unwrap();
    let archive = sqlite.dir.path().join("backup.tar.gz");
    sqlite.store.backup(&archive).await.unwrap();
    postgres.store.close().await;
    Store::restore(&archive, &postgres.url, postgres.dir.path()).await.unwrap();
    let pool = sqlx::PgPool::connect(&postgres.url).await.unwrap();
    let found: (i64, i64, f32) =
        sqlx::query_as("SELECT id, inbox_id, share FROM a_new_one").fetch_one(&pool).await.unwrap();
    assert_eq!(found, (9_000_000_000_000_000_001, 1, 0.1));
}

async fn a_database_with_a_newer_schema_than_the_archive_is_left_alone(desk: Desk) {
    let archive = desk.dir.path().join("backup.tar.gz");
    desk.filed("a").await;
    desk.store.backup(&archive).await.unwrap();
    let old = desk.dir.path().join("old.tar.gz");
    let mut written = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(&archive).unwrap()));
    let sink = flate2::write::GzEncoder::new(std::fs::File::create(&old).unwrap(), flate2::Compression::fast());
    let mut made = tar::Builder::new(sink);
    for entry in written.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if name.ends_with("madoguchi-backup.json") {
            bytes = br#"{"format":1,"schema_version":1}"#.to_vec();
        }
        let mut header = entry.header().clone();
        header.set_size(bytes.len() as u64);
        made.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    made.into_inner().unwrap().finish().unwrap();
    let sister = desk.sister().await;
    let key = sister.store.first_key(b"key", NOW).await.unwrap().sign(TicketId(1));
    sister.store.close().await;
    let refused = Store::restore(&old, &sister.url, sister.dir.path()).await;
    assert!(matches!(&refused, Err(StoreError::Unusable { what }) if what.contains("newer")), "{refused:?}");
    let store = Store::open(&sister.url, sister.dir.path()).await.unwrap();
    assert_eq!(store.keyring().await.unwrap().sign(TicketId(1)), key);
}

async fn only_an_empty_desk_is_restored_into(desk: Desk) {
    desk.filed("a").await;
    let archive = desk.dir.path().join("backup.tar.gz");
    desk.store.backup(&archive).await.unwrap();
    let refused = Store::restore(&archive, &desk.url, desk.dir.path()).await;
    assert!(matches!(refused, Err(StoreError::Unusable { .. })), "{refused:?}");
    assert_eq!(desk.store.ledger_totals().await.unwrap().seen, 1);
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
