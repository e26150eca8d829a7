//! Backup and restore: one `.tar.gz` with every table as JSON lines, all from one state of the database, and the bytes of large
//! messages and files. Both databases write the same and read each other's.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::backend::{Backend, Sql, Tx, sql};
use super::{Store, StoreError, dump, open_backend, raw, schema};

const MANIFEST: &str = "madoguchi-backup.json";
/// How the entries are written. An archive of another form is refused.
const FORMAT: u32 = 1;
/// What stands before the SHA-256 in the name of a large message's entry.
const LARGE: &str = "raw/";

const LARGE_NAMES: Sql = sql!(
    sqlite: "SELECT raw_sha256 FROM inbox WHERE raw_sha256 IS NOT NULL UNION SELECT sha256 FROM files",
    postgres: "SELECT DISTINCT sha256 FROM raw_chunks"
);

/// The first entry of an archive.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    schema_version: i64,
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
        let schema_version = schema::version(&self.backend).await?;
        let manifest = serde_json::to_vec(&Manifest { format: FORMAT, schema_version })?;
        fs::write(work.join(MANIFEST), manifest)?;
        let mut entries = vec![(MANIFEST.to_owned(), work.join(MANIFEST))];
        let mut tx = self.backend.read().await?;
        entries.extend(dump::write(&mut tx, work).await?);
        entries.extend(self.large_files(&mut tx, work).await?);
        tx.commit().await?;
        let part = part.to_owned();
        blocking(move || pack(&part, &entries)).await
    }

    /// The bytes of large messages and files, as files: where they lie, or written under `work`.
    async fn large_files(&self, tx: &mut Tx, work: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
        let mut entries = Vec::new();
        for (sha256,) in tx.fetch::<(String,)>(LARGE_NAMES, []).await? {
            let path = if self.backend.is_sqlite() {
                raw::path(&self.data_dir, &sha256)
            } else {
                let path = work.join(&sha256);
                fs::write(&path, self.large(tx, &sha256).await?)?;
                path
            };
            entries.push((format!("{LARGE}{sha256}"), path));
        }
        Ok(entries)
    }

    /// Fills an empty desk from an archive, whichever database wrote it. A desk restored drops what it had already seen.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the desk is not empty, has a newer schema than the archive, or the archive is none of ours;
    /// [`StoreError::SchemaTooNew`] when a newer program wrote it.
    pub async fn restore(from: &Path, url: &str, data_dir: &Path) -> Result<(), StoreError> {
        let manifest = {
            let from = from.to_owned();
            blocking(move || read_manifest(&from)).await?
        };
        if manifest.schema_version > schema::latest() {
            return Err(StoreError::SchemaTooNew { version: manifest.schema_version });
        }
        fs::create_dir_all(data_dir)?;
        let work = data_dir.join("restore.work");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        // The tables as the archive knows them; later changes are made to what was restored.
        let (backend, lock) = open_backend(url, manifest.schema_version).await?;
        let done = restore_in(&work, from, &backend, (data_dir, manifest)).await;
        backend.close().await;
        drop(lock);
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
    backend: &Backend,
    (data_dir, manifest): (&Path, Manifest),
) -> Result<(), StoreError> {
    refuse_unless_empty(backend).await?;
    if schema::version(backend).await? != manifest.schema_version {
        return Err(StoreError::unusable(format!(
            "{} has schema version {}, the database a newer one already; restore into a database that was never opened",
            from.display(),
            manifest.schema_version
        )));
    }
    let entries = {
        let (from, work) = (from.to_owned(), work.to_owned());
        blocking(move || unpack(&from, &work)).await?
    };
    let large: Vec<(String, PathBuf)> =
        entries.into_iter().filter_map(|(name, path)| Some((name.strip_prefix(LARGE)?.to_owned(), path))).collect();
    if backend.is_sqlite() {
        let (large, data_dir) = (large.clone(), data_dir.to_owned());
        // Before the rows that name them.
        blocking(move || put_files(&large, &data_dir)).await?;
    }
    dump::read(backend, work, &large).await
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

fn put_files(large: &[(String, PathBuf)], data_dir: &Path) -> Result<(), StoreError> {
    for (sha256, file) in large {
        raw::write_file(&raw::path(data_dir, sha256), &fs::read(file)?)?;
    }
    Ok(())
}

fn pack(part: &Path, entries: &[(String, PathBuf)]) -> Result<(), StoreError> {
    let file = File::create(part)?;
    let mut archive = tar::Builder::new(GzEncoder::new(&file, Compression::fast()));
    for (name, path) in entries {
        match File::open(path) {
            Ok(mut source) => archive.append_file(name, &mut source)?,
            // Erased since the state of the database that is copied.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && name.starts_with(LARGE) => {}
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
    let manifest: Manifest = serde_json::from_str(&text).map_err(|_| foreign())?;
    if manifest.format == FORMAT {
        Ok(manifest)
    } else {
        Err(StoreError::unusable(format!("{} is written in a form this program does not know", from.display())))
    }
}

/// Writes the entries under `work`; names and paths. Names are our own, checked so that a forged archive writes nowhere else.
fn unpack(from: &Path, work: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(from)?));
    let mut entries = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let last = name.strip_prefix(LARGE).unwrap_or(&name);
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
