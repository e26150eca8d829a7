//! `ticket attachment`: lists the files of a ticket and gets one out.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::ticket::find;
use super::{Global, out, settings};
use crate::domain::{Attachment, InboxId, Scan, TicketId};
use crate::store::{Store, TicketMessage};
use crate::workers::files;

/// How many names are tried beside one that is taken.
const NAMES: u32 = 1_000;

#[derive(Args)]
pub(super) struct Command {
    /// T-1042
    ticket: TicketId,
    /// Which file, as the list counts them; without it the files are listed
    number: Option<usize>,
    /// Where to write it; `-` for stdout [default: under its own name in the current directory, never over a file]
    #[arg(long, value_name = "FILE", requires = "number")]
    out: Option<PathBuf>,
    /// Also a file that is infected, or that the scanner has not seen
    #[arg(long, requires = "number")]
    anyway: bool,
}

/// A file and the message it came with.
struct Found {
    inbox_id: InboxId,
    from: String,
    file: Attachment,
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, _| {
        find(store, command.ticket).await?;
        let found = files_of(store, command.ticket).await?;
        let Some(number) = command.number else { return list(&found, global) };
        let chosen = number.checked_sub(1).and_then(|at| found.get(at)).with_context(|| {
            format!("{} has {} files; `madoguchi ticket attachment {0}` lists them", command.ticket, found.len())
        })?;
        if !command.anyway {
            refuse_unsafe(&chosen.file)?;
        }
        let bytes = files::bytes(store, chosen.inbox_id, &chosen.file.sha256)
            .await?
            .with_context(|| format!("the message does not hold {} any more", chosen.file.name))?;
        write(command.out.as_deref(), &chosen.file.name, &bytes, global)?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn files_of(store: &Store, id: TicketId) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    for message in store.ticket_messages(id).await? {
        if let TicketMessage::In(stored) = message {
            let (inbox_id, from) = (stored.inbox_id, stored.from.address);
            found.extend(stored.attachments.into_iter().map(|file| Found { inbox_id, from: from.clone(), file }));
        }
    }
    Ok(found)
}

fn list(found: &[Found], global: &Global) -> anyhow::Result<ExitCode> {
    if global.json {
        let row = |(number, found): (usize, &Found)| {
            let file = &found.file;
            json!({ "number": number, "inbox_id": found.inbox_id, "from": found.from, "name": file.name,
                    "media_type": file.media_type, "size_bytes": file.size_bytes, "inline": file.inline,
                    "sha256": file.sha256, "scan": file.scan.as_str(), "warnings": file.warnings })
        };
        out::json(&(1..).zip(found).map(row).collect::<Vec<_>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = out::table(["no.", "name", "type", "bytes", "scan", "from", "warnings"]);
    for (number, found) in (1..).zip(found) {
        let file = &found.file;
        let colour = match file.scan {
            Scan::Infected => out::Colour::Red,
            Scan::Unscanned => out::Colour::Yellow,
            Scan::Clean => out::Colour::Green,
            Scan::Off => out::Colour::Dim,
        };
        table.add_row([
            number.to_string(),
            out::short(&file.name, 48),
            file.media_type.clone(),
            file.size_bytes.to_string(),
            out::paint(file.scan.as_str(), colour),
            out::short(&found.from, 28),
            out::short(&file.warnings.join("; "), 48),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{} files", found.len()));
    Ok(ExitCode::SUCCESS)
}

fn refuse_unsafe(file: &Attachment) -> anyhow::Result<()> {
    let why = match file.scan {
        Scan::Infected => "is infected",
        Scan::Unscanned => "was not scanned yet; it is tried again by itself",
        Scan::Clean | Scan::Off => return Ok(()),
    };
    bail!("{} {why} ({}); --anyway gets it out all the same", file.name, file.warnings.join("; "))
}

/// Writes the bytes; an existing file is only replaced when it was named.
fn write(to: Option<&Path>, name: &str, bytes: &[u8], global: &Global) -> anyhow::Result<()> {
    let path = match to {
        Some(path) if path == Path::new("-") => {
            let mut stdout = std::io::stdout().lock();
            return stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to stdout");
        }
        Some(path) => {
            std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
            path.to_owned()
        }
        None => write_new(Path::new(name), bytes)?,
    };
    if global.json {
        return out::json(&json!({ "file": path, "size_bytes": bytes.len() }));
    }
    out::line(format!("{} written, {} bytes", path.display(), bytes.len()));
    Ok(())
}

/// Writes a file that is not there yet: `report.pdf`, else `report-2.pdf` and so on.
fn write_new(name: &Path, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    // Stored names hold no path; should one all the same, it leads nowhere else.
    let name = name.file_name().map_or_else(|| PathBuf::from("attachment.bin"), PathBuf::from);
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let end = name.extension().map_or(String::new(), |end| format!(".{}", end.to_string_lossy()));
    for number in 1..=NAMES {
        let path = if number == 1 { name.clone() } else { PathBuf::from(format!("{stem}-{number}{end}")) };
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
                return Ok(path);
            }
            Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {}
            Err(fault) => return Err(fault).with_context(|| format!("cannot write {}", path.display())),
        }
    }
    bail!("{} and the names after it are taken: name another with --out", name.display())
}
