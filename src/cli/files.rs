//! Mail files as a stream of messages: `.eml` files, directories, Maildir, mbox and JSONL, one after the other, never all in memory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// One message out of a file.
pub(super) struct Found {
    /// Unique and the same on every run: kind, path, place in the file and a hash of the bytes.
    pub(super) external_id: String,
    /// The bytes.
    pub(super) raw: Vec<u8>,
    /// A JSON line of a chat or form instead of a mail.
    pub(super) is_json: bool,
}

/// Every file that `paths` name, in name order; directories are searched to the bottom.
///
/// # Errors
/// A path that is not there.
pub(super) fn list(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            search(path, &mut files)?;
            if files.len() == before {
                bail!("{}: no .eml, mbox, JSONL or Maildir file in it", path.display());
            }
        } else if path.is_file() {
            files.push(path.clone());
        } else {
            bail!("{}: there is no such file", path.display());
        }
    }
    Ok(files)
}

fn search(dir: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .with_context(|| format!("cannot read {}", dir.display()))?;
    entries.sort();
    let in_maildir = dir.file_name().is_some_and(|name| name == "cur" || name == "new");
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() {
            // Maildir keeps half-written files in tmp.
            if name != "tmp" {
                search(&entry, files)?;
            }
        } else if in_maildir || matches!(ending(&entry).as_str(), "eml" | "mbox" | "jsonl" | "ndjson") {
            files.push(entry);
        }
    }
    Ok(())
}

fn ending(path: &Path) -> String {
    path.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Hands every message of `file` to `each`, in order.
///
/// # Errors
/// The file cannot be read, or `each` failed.
pub(super) fn read(file: &Path, mut each: impl FnMut(Found) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let place = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let reader = BufReader::new(File::open(file).with_context(|| format!("cannot open {}", file.display()))?);
    match ending(file).as_str() {
        "jsonl" | "ndjson" => read_lines(reader, file, |number, line| {
            each(Found { external_id: id("jsonl", &place, number, &line), raw: line, is_json: true })
        }),
        "mbox" => read_mbox(reader, file, |offset, raw| {
            each(Found { external_id: id("mbox", &place, offset, &raw), raw, is_json: false })
        }),
        _ => {
            let raw = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            // A file called otherwise may be an mbox all the same; one message with a leading From line is one message.
            if raw.starts_with(b"From ") && count(&raw, b"\nFrom ") > 0 {
                return read_mbox(raw.as_slice(), file, |offset, raw| {
                    each(Found { external_id: id("mbox", &place, offset, &raw), raw, is_json: false })
                });
            }
            each(Found { external_id: id("file", &place, 0, &raw), raw, is_json: false })
        }
    }
}

fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|window| *window == word).count()
}

fn id(kind: &str, place: &Path, offset: usize, raw: &[u8]) -> String {
    let hash = hex::encode(&Sha256::digest(raw)[..12]);
    format!("{kind}:{}:{offset}:{hash}", place.display())
}

fn read_lines(
    reader: impl BufRead,
    file: &Path,
    mut each: impl FnMut(usize, Vec<u8>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for (number, line) in reader.split(b'\n').enumerate() {
        let line = line.with_context(|| format!("cannot read {}", file.display()))?;
        if !line.trim_ascii().is_empty() {
            each(number + 1, line)?;
        }
    }
    Ok(())
}

/// Messages of an mbox (RFC 4155; `>From ` at a line's start loses one `>`).
fn read_mbox(
    mut reader: impl BufRead,
    file: &Path,
    mut each: impl FnMut(usize, Vec<u8>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut raw, mut line) = (Vec::new(), Vec::new());
    let (mut offset, mut start) = (0, 0);
    let mut after_blank = true;
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).with_context(|| format!("cannot read {}", file.display()))?;
        if read == 0 || (after_blank && line.starts_with(b"From ")) {
            if !raw.trim_ascii().is_empty() {
                each(start, std::mem::take(&mut raw))?;
            }
            raw.clear();
            if read == 0 {
                return Ok(());
            }
            start = offset;
        } else {
            let quoted = line.iter().position(|byte| *byte != b'>').filter(|at| *at > 0);
            let unquoted = quoted.is_some_and(|at| line[at..].starts_with(b"From "));
            raw.extend_from_slice(if unquoted { &line[1..] } else { &line });
        }
        after_blank = line.trim_ascii().is_empty();
        offset += read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        read_mbox(text.as_bytes(), Path::new("x"), |offset, raw| {
            found.push((offset, String::from_utf8(raw).unwrap()));
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn an_mbox_is_cut_at_from_lines_after_a_blank_line_only() {
        let text = "From a@x Thu\nSubject: 1\n\nFrom here\n>From there\n\nFrom b@x Fri\nSubject: 2\n\nx\n";
        assert_eq!(
            messages(text),
            [
                (0, "Subject: 1\n\n".to_owned()),
                (25, ">From there\n\n".replacen('>', "", 1)),
                (text.find("From b@x").unwrap(), "Subject: 2\n\nx\n".to_owned()),
            ]
        );
    }
}
