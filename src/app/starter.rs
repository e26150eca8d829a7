//! The files that ship inside the program: request types, articles and the demo's samples.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rust_embed::RustEmbed;

/// The request types that ship with the program.
#[derive(RustEmbed)]
#[folder = "intents/"]
struct StarterIntents;

/// The articles that ship with the program.
#[derive(RustEmbed)]
#[folder = "knowledge-base/"]
struct StarterArticles;

/// The sample mailbox and chat of the demo.
#[derive(RustEmbed)]
#[folder = "assets/demo/"]
struct Samples;

/// Writes the shipped request types and articles under `dir`. Returns how many files were written.
///
/// # Errors
/// A file is there already, or cannot be written.
pub fn write_starter(dir: &Path) -> anyhow::Result<usize> {
    Ok(write_all::<StarterIntents>(&dir.join("intents"))? + write_all::<StarterArticles>(&dir.join("knowledge-base"))?)
}

/// Writes the sample mailbox and chat under `dir`. Returns how many files were written.
///
/// # Errors
/// A file cannot be written.
pub fn write_samples(dir: &Path) -> anyhow::Result<usize> {
    write_all::<Samples>(dir)
}

fn write_all<E: RustEmbed>(dir: &Path) -> anyhow::Result<usize> {
    let mut written = 0;
    for name in E::iter() {
        let Some(file) = E::get(&name) else { continue };
        let path: PathBuf = dir.join(name.as_ref());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        std::fs::write(&path, &file.data).with_context(|| format!("cannot write {}", path.display()))?;
        written += 1;
    }
    Ok(written)
}
