//! The daily backup: written at its hour by one process of all, the oldest ones removed. One that was missed is made up for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeZone};

use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::domain::{AuditEntry, Timestamp};
use crate::store::Store;

const LOOK: Duration = Duration::from_mins(1);
const LEASE: &str = "backup";
/// A process that died while it wrote lets go after this long.
const LEASE_MS: i64 = 60 * 60_000;
/// Under this name the store keeps the day of the last backup.
const LAST: &str = "backup/last";
const PREFIX: &str = "madoguchi-";
const SUFFIX: &str = ".tar.gz";

/// When backups are made, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Minutes after midnight in the desk's zone.
    pub minute: u32,
    /// How many are kept.
    pub generations: u32,
    /// Where they lie.
    pub dir: PathBuf,
    /// The desk's zone.
    pub zone: chrono_tz::Tz,
}

/// A backup that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The file.
    pub file: PathBuf,
    /// The day it was made.
    pub day: NaiveDate,
    /// When it is removed, as long as one is made every day.
    pub until: Option<Timestamp>,
}

/// The worker.
pub struct Keeper {
    /// What is remembered.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Clock,
    /// When and where.
    pub plan: Plan,
    /// Names this worker in leases; unique over processes.
    pub owner: String,
}

impl Plan {
    /// The day whose backup should be there at `now`.
    fn day(&self, now: Timestamp) -> Option<NaiveDate> {
        let begun = now.plus_ms(-i64::from(self.minute) * 60_000).utc()?;
        Some(begun.with_timezone(&self.zone).date_naive())
    }

    fn file(&self, day: NaiveDate) -> PathBuf {
        self.dir.join(format!("{PREFIX}{day}{SUFFIX}"))
    }

    fn until(&self, day: NaiveDate) -> Option<Timestamp> {
        let last = day.checked_add_days(Days::new(u64::from(self.generations)))?;
        let midnight = self.zone.from_local_datetime(&last.and_hms_opt(0, 0, 0)?).earliest()?;
        Some(Timestamp::from(midnight).plus_ms(i64::from(self.minute) * 60_000))
    }

    /// The backups that are there, the oldest first. A directory that is not there holds none.
    #[must_use]
    pub fn generations(&self) -> Vec<Generation> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        let mut found: Vec<Generation> = entries
            .filter_map(|entry| {
                let file = entry.ok()?.path();
                let day = day_of(&file)?;
                Some(Generation { until: self.until(day), file, day })
            })
            .collect();
        found.sort_by_key(|generation| generation.day);
        found
    }

    fn remove_surplus(&self) -> std::io::Result<usize> {
        let all = self.generations();
        let surplus = all.len().saturating_sub(self.generations as usize);
        for generation in &all[..surplus] {
            fs::remove_file(&generation.file)?;
        }
        Ok(surplus)
    }
}

fn day_of(file: &Path) -> Option<NaiveDate> {
    file.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

impl Worker for Keeper {
    const NAME: &'static str = "backup";

    async fn step(&self) -> Result<Did, String> {
        self.once().await?;
        Ok(Did::Nothing(LOOK))
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl Keeper {
    /// Makes the backup that is due; the file, when one was made.
    ///
    /// # Errors
    /// In words: the database or the disk failed; it is due again.
    pub async fn once(&self) -> Result<Option<PathBuf>, String> {
        let now = self.clock.now();
        let Some(day) = self.plan.day(now) else { return Ok(None) };
        if !self.is_due(day, now).await? {
            return Ok(None);
        }
        let until = now.plus_ms(LEASE_MS);
        let lease = self.store.acquire_lease(LEASE, &self.owner, now, until).await;
        let Some(fence) = lease.map_err(|fault| with_causes(&fault))? else { return Ok(None) };
        // Another process may have made it while this one looked.
        let done = if self.is_due(day, now).await? { self.write(day, now).await.map(Some) } else { Ok(None) };
        self.store.release_lease(&fence).await.map_err(|fault| with_causes(&fault))?;
        done
    }

    /// A desk that is opened for the first time waits for the next hour.
    async fn is_due(&self, day: NaiveDate, now: Timestamp) -> Result<bool, String> {
        let last = self.store.cursor(LAST).await.map_err(|fault| with_causes(&fault))?;
        if let Some(last) = last {
            return Ok(last.parse::<NaiveDate>().map_or(true, |last| last < day));
        }
        self.note(day, now).await?;
        Ok(false)
    }

    async fn note(&self, day: NaiveDate, now: Timestamp) -> Result<(), String> {
        self.store.put_cursor(LAST, &day.to_string(), now).await.map_err(|fault| with_causes(&fault))
    }

    async fn write(&self, day: NaiveDate, now: Timestamp) -> Result<PathBuf, String> {
        let dir = &self.plan.dir;
        fs::create_dir_all(dir).map_err(|fault| format!("cannot make {}: {fault}", dir.display()))?;
        let file = self.plan.file(day);
        self.store
            .backup(&file)
            .await
            .map_err(|fault| format!("cannot write {}: {}", file.display(), with_causes(&fault)))?;
        self.note(day, now).await?;
        let removed = self.plan.remove_surplus().map_err(|fault| format!("cannot remove old backups: {fault}"))?;
        let entry = AuditEntry {
            at: now,
            actor: "rule".to_owned(),
            origin: "rule".to_owned(),
            action: "backup".to_owned(),
            subject: "desk".to_owned(),
            before: String::new(),
            after: file.display().to_string(),
        };
        self.store.audit(&[entry]).await.map_err(|fault| with_causes(&fault))?;
        tracing::info!(removed, "backup written: {}", file.display());
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_belongs_to_the_day_whose_hour_has_come_and_says_how_long_it_stays() {
        let plan = Plan { minute: 240, generations: 7, dir: PathBuf::from("x"), zone: chrono_tz::Asia::Tokyo };
        // 2026-11-22T18:59:59Z is 03:59:59 of the 23rd in Tokyo.
        let before = Timestamp(1_795_373_999_000);
        assert_eq!(plan.day(before).unwrap().to_string(), "2026-11-22");
        assert_eq!(plan.day(before.plus_ms(1_000)).unwrap().to_string(), "2026-11-23");
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        assert_eq!(plan.until(day).unwrap().rfc3339(), "2026-11-29T19:00:00.000Z");
        assert_eq!(day_of(&plan.file(day)), Some(day));
        assert_eq!(day_of(Path::new("x/madoguchi-2026-11-23.tar.gz.part")), None);
    }
}
