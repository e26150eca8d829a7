//! Backup and restore: one `.tar.gz` with everything. On `SQLite` it holds a copy of the database and the files of large
//! messages; on `PostgreSQL` every table as JSON lines, all from one state of the database.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::backend::{Backend, sql};
use super::{Store, StoreError, dump, raw, schema};

const MANIFEST: &str = "madoguchi-backup.json";
const DATABASE: &str = "database.db";

/// The first entry of an archive.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    database: Kind,
    schema_version: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Sqlite,
    Postgres,
}

impl Store {
    /// Writes everything into the archive `to`, which appears under its name once it is whole and on the disk. The desk keeps
    /// working meanwhile.
    ///
    /// # Errors
    /// When the database or the disk fails; nothing is left under the name `to` then.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let mut name = to.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let work = part.with_extension("work");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        let done = self.backup_in(&work, &part).await;
        let _ = fs::remove_dir_all(&work);
        match done {
            Ok(()) => Ok(fs::rename(&part, to)?),
            Err(error) => {
                let _ = fs::remove_file(&part);
                Err(error)
            }
        }
    }

    async fn backup_in(&self, work: &Path, part: &Path) -> Result<(), StoreError> {
        let schema_version = schema::latest();
        let kind = if self.backend.is_sqlite() { Kind::Sqlite } else { Kind::Postgres };
        let manifest = serde_json::to_vec(&Manifest { database: kind, schema_version })?;
        fs::write(work.join(MANIFEST), manifest)?;
        let mut entries = vec![(MANIFEST.to_owned(), work.join(MANIFEST))];
        match &self.backend {
            Backend::Sqlite { writer, .. } => {
                let copy = work.join(DATABASE);
                // A connection of its own: the writer stays free while the copy is made.
                let mut connection = writer.connect_options().as_ref().clone().connect().await?;
                let path = copy.display().to_string();
                sqlx::query("VACUUM INTO $1").bind(path).execute(&mut connection).await?;
                connection.close().await?;
                entries.push((DATABASE.to_owned(), copy));
                let mut tx = self.backend.read().await?;
                let large = sql!("SELECT DISTINCT raw_sha256 FROM inbox WHERE raw_sha256 IS NOT NULL");
                for (sha256,) in tx.fetch::<(String,)>(large, []).await? {
                    entries.push((format!("raw/{sha256}"), raw::path(&self.data_dir, &sha256)));
                }
                tx.commit().await?;
            }
            Backend::Postgres(pool) => entries.extend(dump::write(pool, work).await?),
        }
        let part = part.to_owned();
        blocking(move || pack(&part, &entries)).await
    }

    /// Fills an empty desk from an archive of the same kind of database. A desk restored drops what it had already seen.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the desk is not empty or the archive is none of ours or of the other kind of database;
    /// [`StoreError::SchemaTooNew`] when a newer program wrote it.
    pub async fn restore(from: &Path, url: &str, data_dir: &Path) -> Result<(), StoreError> {
        let manifest = {
            let from = from.to_owned();
            blocking(move || read_manifest(&from)).await?
        };
        if manifest.schema_version > schema::latest() {
            return Err(StoreError::SchemaTooNew { version: manifest.schema_version });
        }
        let wanted = if url.starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres };
        if manifest.database != wanted {
            return Err(StoreError::unusable(format!(
                "{} was written by a desk on {:?}; it cannot be restored into {wanted:?}",
                from.display(),
                manifest.database
            )));
        }
        fs::create_dir_all(data_dir)?;
        let work = data_dir.join("restore.work");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        let done = restore_in(&work, from, url, (data_dir, manifest)).await;
        let _ = fs::remove_dir_all(&work);
        done?;
        // Brings an older archive up to date, and shows that it can be read.
        Self::open(url, data_dir).await?.close().await;
        Ok(())
    }
}

async fn restore_in(
    work: &Path,
    from: &Path,
    url: &str,
    (data_dir, manifest): (&Path, Manifest),
) -> Result<(), StoreError> {
    let backend = match manifest.database {
        Kind::Sqlite if sqlite_path(url)?.exists() => {
            let store = Store::open(url, data_dir).await?;
            let empty = refuse_unless_empty(&store.backend).await;
            store.close().await;
            empty?;
            None
        }
        Kind::Sqlite => None,
        Kind::Postgres => {
            let backend = Backend::open_postgres(PgConnectOptions::from_str(url)?).await?;
            // The tables as the archive knows them; later changes are made to what was restored.
            schema::migrate_to(&backend, manifest.schema_version).await?;
            refuse_unless_empty(&backend).await?;
            Some(backend)
        }
    };
    let entries = {
        let (from, work) = (from.to_owned(), work.to_owned());
        blocking(move || unpack(&from, &work)).await?
    };
    if let Some(backend) = backend {
        let done = dump::read(&backend, work).await;
        backend.close().await;
        done
    } else {
        let (data_dir, target) = (data_dir.to_owned(), sqlite_path(url)?);
        blocking(move || put_sqlite(&entries, &data_dir, &target)).await
    }
}

async fn refuse_unless_empty(backend: &Backend) -> Result<(), StoreError> {
    let mut tx = backend.read().await?;
    let rows = sql!("SELECT id FROM inbox UNION ALL SELECT id FROM tickets LIMIT 1");
    let empty = tx.fetch::<(i64,)>(rows, []).await?.is_empty();
    tx.commit().await?;
    if empty {
        Ok(())
    } else {
        Err(StoreError::unusable("the desk holds messages already; restore into an empty database only"))
    }
}

fn sqlite_path(url: &str) -> Result<PathBuf, StoreError> {
    Ok(SqliteConnectOptions::from_str(url)?.get_filename().to_owned())
}

/// Raw files first: rows never name a file that is not there.
fn put_sqlite(entries: &[(String, PathBuf)], data_dir: &Path, target: &Path) -> Result<(), StoreError> {
    for (name, file) in entries {
        if let Some(sha256) = name.strip_prefix("raw/") {
            raw::write_file(&raw::path(data_dir, sha256), &fs::read(file)?)?;
        }
    }
    let Some((_, copy)) = entries.iter().find(|(name, _)| name == DATABASE) else {
        return Err(StoreError::unusable("the archive holds no database"));
    };
    for end in ["-wal", "-shm", ""] {
        let mut name = target.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(copy, &part)?;
    File::open(&part)?.sync_all()?;
    Ok(fs::rename(part, target)?)
}

fn pack(part: &Path, entries: &[(String, PathBuf)]) -> Result<(), StoreError> {
    let file = File::create(part)?;
    let mut archive = tar::Builder::new(GzEncoder::new(&file, Compression::fast()));
    for (name, path) in entries {
        match File::open(path) {
            Ok(mut source) => archive.append_file(name, &mut source)?,
            // Erased since the copy of the database was made.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && name.starts_with("raw/") => {}
            Err(error) => return Err(error.into()),
        }
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(file.sync_all()?)
}

fn read_manifest(from: &Path) -> Result<Manifest, StoreError> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(from)?));
    let foreign = || StoreError::unusable(format!("{} is not a backup of this program", from.display()));
    let first = archive.entries().map_err(|_| foreign())?.next();
    let Some(Ok(mut entry)) = first else { return Err(foreign()) };
    let mut text = String::new();
    entry.read_to_string(&mut text).map_err(|_| foreign())?;
    serde_json::from_str(&text).map_err(|_| foreign())
}

/// Writes the entries under `work`; names and paths. Names are our own, checked so that a forged archive writes nowhere else.
fn unpack(from: &Path, work: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(from)?));
    let mut entries = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let last = name.strip_prefix("raw/").unwrap_or(&name);
        if last.is_empty() || last.starts_with('.') || last.contains(['/', '\\']) {
            return Err(StoreError::unusable(format!("{} holds an entry `{name}` it should not", from.display())));
        }
        let path = work.join(last);
        let mut file = File::create(&path)?;
        std::io::copy(&mut entry, &mut file)?;
        entries.push((name, path));
    }
    Ok(entries)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(Box::new(error)))?
}
