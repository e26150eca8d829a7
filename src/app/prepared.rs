//! The fitted classifier between two runs: kept in `data_dir/cache`, so that a start need not fit it again.
//!
//! A file is named after everything its classifier is made of, this build of the program included, and begins with a digest of the
//! rest. Whatever is wrong with it, the classifier is fitted again. Nothing in it was written by people.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::classify::BuildError;
use crate::config::Config;
use crate::domain::{Catalog, Learned};
use crate::workers::live::Rules;

/// Files kept: what was in force before comes back when a change is taken back.
const KEPT: usize = 4;
const DIGEST_BYTES: usize = 32;

/// The rules for `catalog` and what was learnt; fitted only when no earlier run did so.
pub(super) fn rules(config: &Config, catalog: Catalog, learned: &Learned) -> Result<Rules, BuildError> {
    let directory = config.data_dir.join("cache");
    let file = name(&catalog, learned).map(|name| directory.join(name));
    if let Some(fitted) = file.as_deref().and_then(read) {
        return Rules::recall(catalog, learned, &fitted);
    }
    let rules = Rules::build(catalog, learned)?;
    // A command that only looks makes no data directory.
    if let Some(file) = file.filter(|_| config.data_dir.is_dir())
        && let Err(fault) = write(&directory, &file, &rules.engine.fitted())
    {
        tracing::debug!("the classifier is not kept for the next start: {fault}");
    }
    Ok(rules)
}

/// `None` when it cannot be told which build of the program this is.
fn name(catalog: &Catalog, learned: &Learned) -> Option<String> {
    let program = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let built = program.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let mut digest = Sha256::new();
    digest.update(program.len().to_le_bytes());
    digest.update(built.as_nanos().to_le_bytes());
    digest.update(catalog.content.as_bytes());
    digest.update(serde_json::to_vec(&learned.examples).ok()?);
    Some(format!("classifier-{}", hex::encode(&digest.finalize()[..16])))
}

fn read(file: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(file).ok()?;
    let (digest, fitted) = bytes.split_at_checked(DIGEST_BYTES)?;
    (Sha256::digest(fitted).as_slice() == digest).then(|| fitted.to_vec())
}

fn write(directory: &Path, file: &Path, fitted: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let mut bytes = Sha256::digest(fitted).to_vec();
    bytes.extend_from_slice(fitted);
    let unfinished = directory.join(format!("{}.unfinished", std::process::id()));
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, file)?;
    let mut files: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(directory)?
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    for (_, old) in files.iter().rev().skip(KEPT) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}
