//! Writes what is kept about a person: one JSON document, raw messages and attachments, into a directory or a zip file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::privacy::Subject;
use crate::domain::feedback::voter;
use crate::domain::{InboxId, TicketId, Timestamp};
use crate::store::{OutboxFilter, Store, StoreError, TicketMessage};
use crate::workers::files;

/// Outgoing messages read at a time.
const PAGE: u32 = 1_000;
const ALWAYS: [Timestamp; 2] = [Timestamp(i64::MIN), Timestamp(i64::MAX)];

/// Where the files go.
enum Sink {
    Folder(PathBuf),
    Zip(Box<zip::ZipWriter<std::fs::File>>),
}

impl Sink {
    fn open(to: &Path) -> anyhow::Result<Self> {
        if to.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip")) {
            let file = std::fs::File::create_new(to).with_context(|| format!("cannot make {}", to.display()))?;
            return Ok(Self::Zip(Box::new(zip::ZipWriter::new(file))));
        }
        if to.exists() {
            bail!("{} is there already; name a directory that is not", to.display());
        }
        std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
        Ok(Self::Folder(to.to_owned()))
    }

    /// `name` is one of ours, or stored with a message, where names hold no path.
    fn put(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
            }
            Self::Zip(zip) => {
                zip.start_file(name, SimpleFileOptions::default())?;
                Ok(zip.write_all(bytes)?)
            }
        }
    }

    fn close(self) -> anyhow::Result<()> {
        if let Self::Zip(zip) = self {
            zip.finish()?.sync_all()?;
        }
        Ok(())
    }
}

/// Writes everything; how many files.
pub(super) async fn write(store: &Store, subject: &Subject, to: &Path) -> anyhow::Result<usize> {
    let mut sink = Sink::open(to)?;
    let mut files = 1;
    let mut tickets = Vec::new();
    for id in &subject.kept.tickets {
        tickets.push(ticket(store, *id).await?);
    }
    let mut rows: BTreeSet<InboxId> = subject.kept.messages.iter().copied().collect();
    rows.extend(&subject.unread);
    let mut elsewhere = Vec::new();
    for id in subject.kept.elsewhere.iter().chain(&subject.unread) {
        elsewhere.push(decision(store, *id).await?);
    }
    for id in rows {
        files += messages(store, id, &mut sink).await?;
    }
    let voters: Vec<String> = subject.addresses.iter().map(|address| voter(address)).collect();
    let said = store.votes().await?;
    let said: Vec<Value> = said
        .iter()
        .filter(|vote| voters.contains(&vote.feedback.actor))
        .map(|vote| serde_json::to_value(&vote.feedback))
        .collect::<Result<_, _>>()?;
    let document = json!({
        "requester": subject.id, "addresses": subject.addresses, "tickets": tickets,
        "participant_in": subject.kept.beside.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "messages_elsewhere": elsewhere, "sent": sent(store, subject).await?, "votes": said,
        "ratings": ratings(store, subject).await?, "complaints": complaints(store, subject).await?,
    });
    sink.put("everything.json", serde_json::to_string_pretty(&document)?.as_bytes())?;
    sink.close()?;
    Ok(files)
}

async fn ticket(store: &Store, id: TicketId) -> anyhow::Result<Value> {
    let ticket = store.ticket(id).await?;
    let history = store.ticket_events(id).await?;
    let messages = store.ticket_messages(id).await?;
    let message = |message: &TicketMessage| match message {
        TicketMessage::In(stored) => serde_json::to_value(stored),
        TicketMessage::Out(row) => serde_json::to_value(&row.outbound),
    };
    let conversation: Vec<Value> = messages.iter().map(message).collect::<Result<_, _>>()?;
    Ok(json!({ "ticket": ticket, "history": history, "conversation": conversation }))
}

/// How content they said they are, also on tickets of others.
async fn ratings(store: &Store, subject: &Subject) -> anyhow::Result<Vec<Value>> {
    let found = store.satisfaction(ALWAYS).await?;
    let theirs = found.into_iter().filter(|(ticket, rating)| {
        subject.kept.tickets.contains(ticket) || subject.addresses.contains(&rating.by.to_lowercase())
    });
    Ok(theirs.map(|(ticket, rating)| json!({ "ticket": ticket.to_string(), "rating": rating })).collect())
}

/// What the register of complaints has of them, also on tickets of others.
async fn complaints(store: &Store, subject: &Subject) -> anyhow::Result<Vec<Value>> {
    let found = store.complaints(ALWAYS).await?;
    let theirs = found.into_iter().filter(|(ticket, complaint)| {
        subject.kept.tickets.contains(ticket) || subject.kept.wrote.contains(&(*ticket, complaint.at))
    });
    Ok(theirs.map(|(ticket, complaint)| json!({ "ticket": ticket.to_string(), "complaint": complaint })).collect())
}

/// What was made of a message that is on none of the person's tickets.
async fn decision(store: &Store, id: InboxId) -> anyhow::Result<Value> {
    let settled = store.decision_of(id).await?;
    Ok(json!({ "inbox_id": id, "settled": settled }))
}

/// What was sent to the person, or about them.
async fn sent(store: &Store, subject: &Subject) -> anyhow::Result<Vec<Value>> {
    let wanted: BTreeSet<_> = subject.kept.outbox.iter().copied().collect();
    let mut found = Vec::new();
    let mut filter = OutboxFilter { limit: Some(PAGE), ..OutboxFilter::default() };
    loop {
        let page = store.outbox_list(&filter).await?;
        let Some(last) = page.last() else { return Ok(found) };
        filter.after = Some(last.id);
        for row in page.into_iter().filter(|row| wanted.contains(&row.id)) {
            found.push(json!({ "id": row.id, "state": row.state.as_str(), "message": row.outbound }));
        }
    }
}

/// The raw form and the files of one message.
async fn messages(store: &Store, id: InboxId, sink: &mut Sink) -> anyhow::Result<usize> {
    let mut count = 0;
    match store.raw(id).await {
        Ok(raw) => {
            let end = if raw.first() == Some(&b'{') { "json" } else { "eml" };
            sink.put(&format!("raw/{id}.{end}"), &raw)?;
            count += 1;
        }
        // Removed when its days were over.
        Err(StoreError::Corrupt { .. }) => {}
        Err(fault) => return Err(fault.into()),
    }
    for (n, file) in store.attachments(id).await?.into_iter().enumerate() {
        match files::bytes(store, id, &file.sha256).await {
            Ok(Some(bytes)) => {
                sink.put(&format!("attachments/{id}-{}-{}", n + 1, file.name), &bytes)?;
                count += 1;
            }
            Ok(None) | Err(StoreError::Corrupt { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(count)
}
