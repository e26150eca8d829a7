//! Migrations: built into the program, run at every start. A released file is never edited.

use std::fs::File;
use std::path::Path;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::StoreError;
use super::backend::{Backend, sql};

/// Number, name, text for `SQLite`, text for `PostgreSQL`.
pub const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "init",
        include_str!("../../migrations/sqlite/0001_init.sql"),
        include_str!("../../migrations/postgres/0001_init.sql"),
    ),
    (
        2,
        "chat",
        include_str!("../../migrations/sqlite/0002_chat.sql"),
        include_str!("../../migrations/postgres/0002_chat.sql"),
    ),
    (
        3,
        "feedback",
        include_str!("../../migrations/sqlite/0003_feedback.sql"),
        include_str!("../../migrations/postgres/0003_feedback.sql"),
    ),
    (
        4,
        "clocks",
        include_str!("../../migrations/sqlite/0004_clocks.sql"),
        include_str!("../../migrations/postgres/0004_clocks.sql"),
    ),
    (
        5,
        "files",
        include_str!("../../migrations/sqlite/0005_files.sql"),
        include_str!("../../migrations/postgres/0005_files.sql"),
    ),
    (
        6,
        "knowledge",
        include_str!("../../migrations/sqlite/0006_knowledge.sql"),
        include_str!("../../migrations/postgres/0006_knowledge.sql"),
    ),
    (
        7,
        "rules",
        include_str!("../../migrations/sqlite/0007_rules.sql"),
        include_str!("../../migrations/postgres/0007_rules.sql"),
    ),
    (
        8,
        "audit",
        include_str!("../../migrations/sqlite/0008_audit.sql"),
        include_str!("../../migrations/postgres/0008_audit.sql"),
    ),
    (
        9,
        "processes",
        include_str!("../../migrations/sqlite/0009_processes.sql"),
        include_str!("../../migrations/postgres/0009_processes.sql"),
    ),
    (
        10,
        "alerts",
        include_str!("../../migrations/sqlite/0010_alerts.sql"),
        include_str!("../../migrations/postgres/0010_alerts.sql"),
    ),
];

/// Holds a lock beside the database file while the schema is brought up to date: `SQLite` migrations of two programs that start
/// together would trip over each other. `PostgreSQL` has its own lock for this.
pub(super) async fn wait_for_other_programs(database: &Path) -> Result<File, StoreError> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(name)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    Ok(locked.await.map_err(|error| StoreError::Unavailable(Box::new(error)))??)
}

/// The schema version this program writes.
pub(super) fn latest() -> i64 {
    MIGRATIONS.iter().map(|entry| entry.0).max().unwrap_or_default()
}

/// Brings an older schema to `version`; a newer one this program knows is left as it is.
pub(super) async fn migrate_to(backend: &Backend, version: i64) -> Result<(), StoreError> {
    let listed = MIGRATIONS.iter().map(|(version, name, sqlite, postgres)| {
        let text = if backend.is_sqlite() { *sqlite } else { *postgres };
        Migration::new(*version, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(listed.collect());
    match backend {
        Backend::Sqlite { writer, .. } => migrator.run_to(version, writer).await?,
        Backend::Postgres(pool) => migrator.run_to(version, pool).await?,
    }
    Ok(())
}

/// The version the schema has now; 0 before the first migration.
pub(super) async fn version(backend: &Backend) -> Result<i64, StoreError> {
    let mut tx = backend.read().await?;
    let found: Vec<(Option<i64>,)> = tx.fetch(sql!("SELECT MAX(version) FROM _sqlx_migrations"), []).await?;
    tx.commit().await?;
    Ok(found.into_iter().next().and_then(|(version,)| version).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn every_file_under_migrations_is_listed_for_both_databases() {
        for (folder, text) in [("sqlite", 2), ("postgres", 3)] {
            let mut files: Vec<_> =
                std::fs::read_dir(format!("migrations/{folder}")).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            let found: Vec<_> = files
                .iter()
                .map(|file| {
                    (file.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(file).unwrap())
                })
                .collect();
            let listed: Vec<_> = MIGRATIONS
                .iter()
                .map(|entry| {
                    (format!("{:04}_{}", entry.0, entry.1), if text == 2 { entry.2 } else { entry.3 }.to_owned())
                })
                .collect();
            assert_eq!(found, listed, "{folder}");
        }
    }
}
