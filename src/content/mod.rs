//! Intents and articles from files. Reads everything, reports every fault with its line, and never stops at the first.
//!
//! Layout: `intents/NAME.toml`, `intents/rules.toml`, `knowledge-base/{ja,en}/SLUG.md` (TOML front matter between `+++` lines, then Markdown)
//! and `knowledge-base/synonyms.toml`. It never checks what other files define: queues are the settings' business.

mod articles;
pub mod dictionary;
mod golden;
mod intents;
mod pattern;
mod rules;
mod source;
mod specimens;
mod writing;

#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use golden::golden;
use sha2::{Digest, Sha256};
pub use writing::{WriteFault, file_of, remove, render, sound, write};

use crate::domain::{Article, Fault, Intent, Rulebook};

/// A file larger than this is not read.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What the files hold. Whatever has a fault is left out, the rest is there.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// In order of file name.
    pub intents: Vec<Intent>,
    /// Where each intent names its queue, by intent id: to report queues that do not exist.
    pub queue_places: BTreeMap<String, Place>,
    /// Those in use, Japanese first, then English, each in order of file name.
    pub articles: Vec<Article>,
    /// The desk's own rules, from `rules.toml` beside the request types; empty without that file.
    pub rulebook: Rulebook,
    /// Drafts and retired articles, in the same order: nothing is searched or answered with them.
    pub shelved: Vec<Article>,
    /// Groups of words that mean the same to the search.
    pub synonyms: Vec<Vec<String>>,
    /// SHA-256 over names and bytes of all files read, 32 hex digits: changes whenever a file does.
    pub version: String,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as in [`Fault::file`].
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// Reads both directories. The faults are in order of file and line; with none of them the content is complete.
#[must_use]
pub fn load(intents_dir: &Path, knowledge_base_dir: &Path) -> (Content, Vec<Fault>) {
    read(intents_dir, knowledge_base_dir, false)
}

/// As [`load`] for files that an earlier run found no fault in: patterns are not tried again, which is most of the work.
#[must_use]
pub fn load_known(intents_dir: &Path, knowledge_base_dir: &Path) -> (Content, Vec<Fault>) {
    read(intents_dir, knowledge_base_dir, true)
}

/// A digest over all files of both directories, by which they are known again; `None` when one cannot be read.
#[must_use]
pub fn fingerprint(intents_dir: &Path, knowledge_base_dir: &Path) -> Option<String> {
    let mut digest = Sha256::new();
    let mut waiting = vec![knowledge_base_dir.to_path_buf(), intents_dir.to_path_buf()];
    while let Some(path) = waiting.pop() {
        digest.update(path.as_os_str().as_encoded_bytes());
        if path.is_dir() {
            let entries: std::io::Result<Vec<PathBuf>> =
                std::fs::read_dir(&path).ok()?.map(|entry| Ok(entry?.path())).collect();
            let mut entries = entries.ok()?;
            entries.sort();
            waiting.append(&mut entries);
        } else {
            let bytes = std::fs::read(&path).ok()?;
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
    }
    Some(hex::encode(&digest.finalize()[..16]))
}

fn read(intents_dir: &Path, knowledge_base_dir: &Path, known: bool) -> (Content, Vec<Fault>) {
    let mut files = Files { known, ..Files::default() };
    let mut content = Content::default();
    intents::load(intents_dir, &mut files, &mut content);
    rules::load(intents_dir, &mut files, &mut content);
    articles::load(knowledge_base_dir, &mut files, &mut content);
    content.version = hex::encode(&files.digest.finalize()[..16]);
    files.faults.sort();
    (content, files.faults)
}

/// Reads files, remembers what was wrong and what was read.
#[derive(Default)]
struct Files {
    faults: Vec<Fault>,
    digest: Sha256,
    /// An earlier run found no fault in them.
    known: bool,
}

impl Files {
    fn fault(&mut self, path: &Path, line: usize, message: impl Into<String>) {
        self.faults.push(Fault { file: path.display().to_string(), line, message: message.into() });
    }

    /// The entries of `dir` without hidden files and editor backups, in order of name.
    fn list(&mut self, dir: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => {
                self.fault(dir, 0, format!("cannot read the directory: {error}"));
                return Vec::new();
            }
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                !name.starts_with('.') && !name.ends_with('~') && !name.starts_with("README")
            })
            .collect();
        paths.sort();
        paths
    }

    /// The text of a file, line ends as `\n`; `None` after a fault.
    fn read(&mut self, path: &Path) -> Option<String> {
        match std::fs::metadata(path) {
            Ok(found) if found.len() > MAX_FILE_BYTES => {
                self.fault(path, 0, format!("larger than {MAX_FILE_BYTES} bytes; split it"));
                return None;
            }
            Ok(_) => {}
            Err(error) => {
                self.fault(path, 0, format!("cannot read it: {error}"));
                return None;
            }
        }
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.fault(path, 0, format!("cannot read it: {error}"));
                return None;
            }
        };
        self.digest.update(path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default());
        self.digest.update((bytes.len() as u64).to_le_bytes());
        self.digest.update(&bytes);
        match String::from_utf8(bytes) {
            // A byte order mark and Windows line ends are what editors leave behind.
            Ok(text) => Some(text.trim_start_matches('\u{feff}').replace("\r\n", "\n")),
            Err(error) => {
                let sound = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
                let line = 1 + sound.matches('\n').count();
                self.fault(path, line, "not UTF-8; save the file as UTF-8");
                None
            }
        }
    }
}

/// Whether `id` can be an id: lower-case Latin letters, digits, `-` and `_`, at most 64, beginning with a letter.
#[must_use]
pub fn is_id(id: &str) -> bool {
    id.len() <= 64
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}
