//! What a start need not do again, kept in `data_dir/cache`: the fitted classifier, the compiled dictionary, and that
//! files of content were found sound.
//!
//! A file is named after everything it depends on, this build of the program included, and begins with a digest of the rest. Whatever
//! is wrong with it, the work is done again. Nothing in it was written by people.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::classify::BuildError;
use crate::config::Config;
use crate::content::{self, Content, dictionary};
use crate::domain::{Catalog, Fault, Learned};
use crate::text::lemmas::Lemmas;
use crate::workers::live::Rules;

/// Files kept: what was in force before comes back when a change is taken back.
const KEPT: usize = 8;
const DIGEST_BYTES: usize = 32;

/// The rules for `catalog` and what was learnt; fitted only when no earlier run did so.
pub(super) fn rules(
    config: &Config,
    catalog: Catalog,
    learned: &Learned,
    lemmas: Option<&Arc<Lemmas>>,
) -> Result<Rules, BuildError> {
    let file = place(config, "classifier", |digest| {
        digest.update(&catalog.content);
        digest.update(serde_json::to_vec(&learned.examples).ok()?);
        Some(())
    });
    if let Some(fitted) = file.as_deref().and_then(read) {
        return Rules::recall(catalog, learned, &fitted, lemmas);
    }
    let rules = Rules::build(catalog, learned, lemmas)?;
    keep(config, file.as_deref(), &rules.engine.fitted());
    Ok(rules)
}

/// The dictionary of the settings; compiled when no earlier run did so, which takes seconds.
///
/// # Errors
/// In words for people, when there is none where the settings say.
pub(super) fn lemmas(config: &Config) -> Result<Option<Arc<Lemmas>>, String> {
    let Some(directory) = &config.dictionary else { return Ok(None) };
    let known = dictionary::fingerprint(directory)?;
    let file = place(config, "dictionary", |digest| {
        digest.update(&known);
        Some(())
    });
    let kept = file.as_deref().and_then(read).and_then(|compiled| Lemmas::read(&compiled).ok());
    if let Some(lemmas) = kept {
        return Ok(Some(Arc::new(lemmas)));
    }
    let compiled = dictionary::load(directory)?;
    keep(config, file.as_deref(), &compiled);
    Ok(Some(Arc::new(Lemmas::read(&compiled).map_err(|fault| fault.to_string())?)))
}

/// The content of the settings' directories with its faults. Files in which an earlier run found none are not tried again.
pub(super) fn content(config: &Config) -> (Content, Vec<Fault>) {
    let directories = (config.intents.as_path(), config.knowledge_base.as_path());
    let file = place(config, "sound", |digest| {
        digest.update(content::fingerprint(directories.0, directories.1)?);
        Some(())
    });
    if let Some(known) = file.as_deref().and_then(read) {
        let (content, faults) = content::load_known(directories.0, directories.1);
        // They may have changed between the two looks.
        if faults.is_empty() && content.version.as_bytes() == known {
            return (content, faults);
        }
    }
    let (content, faults) = content::load(directories.0, directories.1);
    if faults.is_empty() {
        keep(config, file.as_deref(), content.version.as_bytes());
    }
    (content, faults)
}

fn keep(config: &Config, file: Option<&Path>, bytes: &[u8]) {
    // A command that only looks makes no data directory.
    let Some(file) = file.filter(|_| config.data_dir.is_dir()) else { return };
    if let Err(fault) = write(file, bytes) {
        tracing::debug!("{} is not kept for the next start: {fault}", file.display());
    }
}

/// The file that depends on this build of the program and on what `more` adds; `None` when either cannot be told.
fn place(config: &Config, kind: &str, more: impl FnOnce(&mut Sha256) -> Option<()>) -> Option<PathBuf> {
    let program = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let built = program.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let mut digest = Sha256::new();
    digest.update(program.len().to_le_bytes());
    digest.update(built.as_nanos().to_le_bytes());
    more(&mut digest)?;
    let name = format!("{kind}-{}", hex::encode(&digest.finalize()[..16]));
    Some(config.data_dir.join("cache").join(name))
}

fn read(file: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(file).ok()?;
    let (digest, fitted) = bytes.split_at_checked(DIGEST_BYTES)?;
    (Sha256::digest(fitted).as_slice() == digest).then(|| fitted.to_vec())
}

fn write(file: &Path, fitted: &[u8]) -> std::io::Result<()> {
    let Some(directory) = file.parent() else { return Ok(()) };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(data_dir: &Path, dictionary: &str) -> Config {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("madoguchi.toml");
        let text = format!(
            "[desk]\ndata_dir = {:?}\n[content]\ndictionary = {dictionary:?}\n",
            data_dir.display().to_string()
        );
        Config::parse(&file, &text, &[]).unwrap()
    }

    #[test]
    fn a_dictionary_is_compiled_once_and_is_part_of_the_catalog() {
        let dir = tempfile::tempdir().unwrap();
        let config = desk(dir.path(), "/usr/share/mecab/dic/ipadic");
        let compiled = || -> Vec<PathBuf> {
            let files = std::fs::read_dir(dir.path().join("cache")).into_iter().flatten();
            files
                .map(|entry| entry.unwrap().path())
                .filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("dictionary-"))
                .collect()
        };
        assert!(compiled().is_empty());
        assert!(lemmas(&config).unwrap().is_some());
        let [file] = &compiled()[..] else { panic!("one compiled dictionary") };
        let written = file.metadata().unwrap().modified().unwrap();
        let rules = crate::app::rules(&config).unwrap();
        assert_eq!(file.metadata().unwrap().modified().unwrap(), written);
        assert!(rules.engine.lemmas().is_some());
        let without = Config { dictionary: None, ..config };
        assert_ne!(crate::app::catalog(&without).unwrap().version, rules.catalog.version);
        assert!(lemmas(&without).unwrap().is_none());
    }

    #[test]
    fn a_dictionary_that_is_not_there_is_a_fault() {
        let dir = tempfile::tempdir().unwrap();
        let faults = crate::app::checked(&desk(dir.path(), "/nowhere/at/all")).unwrap_err();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        assert!(fault.message.starts_with("[content] dictionary: /nowhere/at/all"), "{}", fault.message);
        assert!(fault.message.contains("mecab-ipadic"));
    }
}
