//! Scans files again that could not be scanned when they came in. While the scanner does not answer no file is tried, so that none
//! of them waits longer for it afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::files;
use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::connectors::email::clamd::{self, Verdict};
use crate::connectors::email::settings::ClamdSettings;
use crate::domain::Scan;
use crate::store::{Scanned, Store, StoreError, Unscanned, UnscannedFile};
use crate::telemetry::Metrics;

/// Messages in one page.
const PAGE: u32 = 10;
/// How often files that are due are looked for, and how often a scanner that is down is asked.
const LOOK: Duration = Duration::from_secs(30);
/// How the warning of an unscanned file begins.
const NOT_SCANNED: &str = "not scanned: ";

/// Scans what is still unscanned. Several may run at once, also on several machines.
pub struct Rescanner {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The scanner.
    pub scanner: ClamdSettings,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// The scanner did not answer the last time; starts `false`.
    pub is_down: AtomicBool,
}

impl Worker for Rescanner {
    const NAME: &'static str = "rescan";

    async fn step(&self) -> Result<Did, String> {
        let tried = self.once().await.map_err(|fault| with_causes(&fault))?;
        Ok(if tried > 0 { Did::Work } else { Did::Nothing(LOOK) })
    }

    /// Nobody says when the scanner is back.
    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl Rescanner {
    /// Tries one page of files that are due. Returns how many.
    ///
    /// # Errors
    /// The database failed; what was scanned and not noted is scanned again later.
    pub async fn once(&self) -> Result<usize, StoreError> {
        let (waiting, due) = self.store.unscanned(self.clock.now()).await?;
        self.metrics.unscanned(waiting);
        if due == 0 || !self.scanner_answers().await {
            return Ok(0);
        }
        let mut tried = 0;
        for message in self.store.claim_unscanned(self.clock.now(), PAGE).await? {
            tried += message.files.len();
            self.scan(&message).await?;
        }
        Ok(tried)
    }

    async fn scanner_answers(&self) -> bool {
        let reason = match clamd::scan(&self.scanner, b"harmless").await {
            Verdict::Clean => None,
            Verdict::Infected(name) => Some(format!("it calls a harmless text {name}")),
            Verdict::Unscanned(reason) => Some(reason),
        };
        let was_down = self.is_down.swap(reason.is_some(), Ordering::Relaxed);
        match &reason {
            Some(reason) if !was_down => tracing::warn!("files wait for the virus scanner: {reason}"),
            None if was_down => tracing::info!("the virus scanner answers again"),
            Some(_) | None => {}
        }
        reason.is_none()
    }

    async fn scan(&self, message: &Unscanned) -> Result<(), StoreError> {
        let mut results = Vec::with_capacity(message.files.len());
        for file in &message.files {
            let verdict = match files::bytes(&self.store, message.inbox_id, &file.sha256).await {
                Ok(Some(bytes)) => clamd::scan(&self.scanner, &bytes).await,
                Ok(None) => Verdict::Unscanned("the message does not hold the file any more".to_owned()),
                Err(StoreError::Corrupt { what }) => Verdict::Unscanned(what),
                Err(fault) => return Err(fault),
            };
            self.metrics.rescanned(Scan::from(&verdict).as_str());
            if matches!(verdict, Verdict::Infected(_)) {
                tracing::warn!(inbox.id = %message.inbox_id, file = file.n, "a file that was held back is infected");
            }
            results.push(result(file, &verdict));
        }
        self.store.scanned(message.inbox_id, &results, self.clock.now()).await?;
        Ok(())
    }
}

/// What is written down: the scanner's word takes the place of the reason why there was none.
fn result(file: &UnscannedFile, verdict: &Verdict) -> Scanned {
    let (warning, note) = match verdict {
        Verdict::Clean => (None, format!("{}: scanned now, nothing found", file.name)),
        Verdict::Infected(virus) => {
            (Some(format!("virus found: {virus}")), format!("{}: scanned now, virus found: {virus}", file.name))
        }
        Verdict::Unscanned(reason) => (Some(format!("{NOT_SCANNED}{reason}")), String::new()),
    };
    let others = file.warnings.iter().filter(|warning| !warning.starts_with(NOT_SCANNED)).cloned();
    Scanned { n: file.n, scan: Scan::from(verdict), warnings: others.chain(warning).collect(), note }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_takes_the_place_of_the_reason_why_there_was_none() {
        let file = UnscannedFile {
            n: 2,
            name: "a.zip".to_owned(),
            sha256: String::new(),
            warnings: vec!["dangerous type".to_owned(), "not scanned: clamd cannot be reached".to_owned()],
            attempt: 1,
        };
        for (verdict, scan, warnings, note) in [
            (Verdict::Clean, Scan::Clean, &["dangerous type"][..], "a.zip: scanned now, nothing found"),
            (
                Verdict::Infected("Eicar".to_owned()),
                Scan::Infected,
                &["dangerous type", "virus found: Eicar"],
                "a.zip: scanned now, virus found: Eicar",
            ),
            (
                Verdict::Unscanned("too large".to_owned()),
                Scan::Unscanned,
                &["dangerous type", "not scanned: too large"],
                "",
            ),
        ] {
            let made = result(&file, &verdict);
            assert_eq!((made.n, made.scan, made.note.as_str()), (2, scan, note));
            assert_eq!(made.warnings, warnings);
        }
    }
}
