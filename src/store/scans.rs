//! Files that could not be scanned: handed out again, and what the scanner said at last.

use std::collections::BTreeMap;

use serde::Serialize;

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::raw::IdRow;
use super::{Store, StoreError};
use crate::domain::{InboxId, Scan, Timestamp};

/// The first pause between two tries of one file; each further one is twice as long, up to about half a day.
const FIRST_PAUSE_MS: i64 = 5 * 60_000;

const DUE_COUNT: Sql =
    sql!("SELECT COUNT(*), MIN(next_scan_at) FROM attachments WHERE scan = 'unscanned' AND next_scan_at <= $1");
const WAITING: Sql = sql!("SELECT COUNT(*), MIN(next_scan_at) FROM attachments WHERE scan = 'unscanned'");
const DUE: Sql = sql!(
    "SELECT inbox_id FROM attachments WHERE scan = 'unscanned' AND next_scan_at <= $1
     GROUP BY inbox_id ORDER BY MIN(next_scan_at), inbox_id LIMIT $2"
);
// The time of the next try is set when a try begins: it counts, whatever becomes of this process, and keeps others away meanwhile.
// Of two processes that found the same rows the second one waits for the first and then finds them not due.
const CLAIM: Sql = bulk!(
    "UPDATE attachments SET scan_attempts = scan_attempts + 1,
            next_scan_at = $2 + $3 * (1 << CAST(CASE WHEN scan_attempts > 7 THEN 7 ELSE scan_attempts END AS INTEGER))
     WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") AND scan = 'unscanned' AND next_scan_at <= $2
     RETURNING inbox_id, n, name, sha256, warnings, scan_attempts"
);
const MARK: Sql = bulk!(
    "UPDATE attachments SET scan = r.value->>'scan', warnings = r.value->>'warnings'
     FROM " ROWS " AS r
     WHERE attachments.inbox_id = $2 AND attachments.n = CAST(r.value->>'n' AS BIGINT) AND attachments.scan = 'unscanned'
     RETURNING attachments.n"
);
const NOTE: Sql = sql!(
    "INSERT INTO ticket_events (ticket_id, at, kind, actor, detail)
     SELECT ticket_id, $2, 'note', 'rule', $3 FROM messages WHERE inbox_id = $1 AND ticket_id IS NOT NULL"
);

/// The unscanned files of one message, claimed for one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unscanned {
    /// The message.
    pub inbox_id: InboxId,
    /// In their order in the message.
    pub files: Vec<UnscannedFile>,
}

/// A file that could not be scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnscannedFile {
    /// Its place in the message, counted from 0.
    pub n: i64,
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What stands with it.
    pub warnings: Vec<String>,
    /// Counted from 1, without the scan when the message came in.
    pub attempt: i64,
}

/// What the scanner said of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// See [`UnscannedFile::n`].
    pub n: i64,
    /// Left `unscanned`, only the warnings change.
    pub scan: Scan,
    /// What stands with it from now on.
    pub warnings: Vec<String>,
    /// The line in the ticket's history, when the file is not unscanned any more.
    pub note: String,
}

#[derive(Serialize)]
struct Row {
    n: i64,
    scan: &'static str,
    warnings: String,
}

#[derive(sqlx::FromRow)]
struct Claimed {
    inbox_id: i64,
    n: i64,
    name: String,
    sha256: String,
    warnings: String,
    scan_attempts: i64,
}

impl Store {
    /// How many files wait to be scanned again, and how many of them may be tried at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unscanned(&self, now: Timestamp) -> Result<(i64, i64), StoreError> {
        let mut tx = self.backend.read().await?;
        let all: Vec<(i64, Option<i64>)> = tx.fetch(WAITING, []).await?;
        let due: Vec<(i64, Option<i64>)> = tx.fetch(DUE_COUNT, [Arg::Int(now.0)]).await?;
        tx.commit().await?;
        let count = |rows: &[(i64, Option<i64>)]| rows.first().map_or(0, |(count, _)| *count);
        Ok((count(&all), count(&due)))
    }

    /// Claims the unscanned files of at most `limit` messages, those waiting longest first. They are not due again for five minutes,
    /// after each further try for twice as long as before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_unscanned(&self, now: Timestamp, limit: u32) -> Result<Vec<Unscanned>, StoreError> {
        let mut messages: BTreeMap<i64, Vec<UnscannedFile>> = BTreeMap::new();
        for row in repeat!(self.claim_unscanned_once(now, limit))? {
            let warnings = serde_json::from_str(&row.warnings)?;
            let file =
                UnscannedFile { n: row.n, name: row.name, sha256: row.sha256, warnings, attempt: row.scan_attempts };
            messages.entry(row.inbox_id).or_default().push(file);
        }
        let ordered = |(id, mut files): (i64, Vec<UnscannedFile>)| {
            files.sort_by_key(|file| file.n);
            Unscanned { inbox_id: InboxId(id), files }
        };
        Ok(messages.into_iter().map(ordered).collect())
    }

    async fn claim_unscanned_once(&self, now: Timestamp, limit: u32) -> Result<Vec<Claimed>, StoreError> {
        let mut tx = self.backend.write().await?;
        let due: Vec<(i64,)> = tx.fetch(DUE, [Arg::Int(now.0), Arg::Int(i64::from(limit))]).await?;
        if due.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let rows: Vec<IdRow> = due.into_iter().map(|(id,)| IdRow { id }).collect();
        let claimed = tx.fetch(CLAIM, [json(&rows)?, Arg::Int(now.0), Arg::Int(FIRST_PAUSE_MS)]).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Notes what the scanner said of files of one message. A file that somebody else has marked meanwhile stays as it is; the
    /// ticket's history gets a line for each file that is marked clean or infected now. Returns how many those are.
    ///
    /// # Errors
    /// When the database fails: nothing was noted.
    pub async fn scanned(&self, id: InboxId, files: &[Scanned], now: Timestamp) -> Result<u64, StoreError> {
        repeat!(self.scanned_once(id, files, now))
    }

    async fn scanned_once(&self, id: InboxId, files: &[Scanned], now: Timestamp) -> Result<u64, StoreError> {
        let row = |file: &Scanned| {
            Ok(Row { n: file.n, scan: file.scan.as_str(), warnings: serde_json::to_string(&file.warnings)? })
        };
        let rows = files.iter().map(row).collect::<Result<Vec<_>, StoreError>>()?;
        let mut tx = self.backend.write().await?;
        let marked: Vec<(i64,)> = tx.fetch(MARK, [json(&rows)?, Arg::Int(id.0)]).await?;
        let mut settled = 0;
        for file in files.iter().filter(|file| file.scan != Scan::Unscanned) {
            if marked.contains(&(file.n,)) {
                settled += 1;
                let note = file.note.replace('\0', "\u{fffd}");
                tx.execute(NOTE, [Arg::Int(id.0), Arg::Int(now.0), Arg::Text(&note)]).await?;
            }
        }
        tx.commit().await?;
        Ok(settled)
    }
}
