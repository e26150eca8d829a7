//! Learns from what people said: collects labelled messages, teaches a new classifier, measures the answers, and puts both
//! in force when nothing important gets worse. Nightly, and whenever enough was said; every process takes over what any
//! of them has learnt.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::live::{Live, Rules};
use super::supervise::{Did, Worker, with_causes};
use crate::classify::BuildError;
use crate::classify::precision::{self, Aim};
use crate::clock::Clock;
use crate::content;
use crate::domain::catalog::{Catalog, Thresholds};
use crate::domain::{AuditEntry, Golden, InboxId, Learned, Measured, Policy, Taught, Timestamp, Vote, Wanted};
use crate::replay::golden::{self, Held, Moved, Tally};
use crate::replay::teach::{self, Written};
use crate::store::{JudgedText, Store, StoreError};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Only one process learns at a time; one that died lets go after this long.
const LEASE_MS: i64 = 10 * 60_000;
const LEASE: &str = "learn";
const LOOK: Duration = Duration::from_mins(1);
/// Every fifth message is left out of a lesson that is only measured.
const LEFT_OUT: i64 = 5;
/// A threshold that moves by less is the same for people.
const MOVES: f64 = 0.0005;

/// When and from what the desk learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Hour of the day in the desk's zone, 0 to 23.
    pub nightly_hour: u32,
    /// Also after this many votes; 0 for nightly only.
    pub after_votes: u64,
    /// Days a message's text may be learnt from.
    pub texts_days: u32,
    /// Where `golden.jsonl` is.
    pub knowledge_base: PathBuf,
}

/// Why learning failed.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The database failed.
    #[error("cannot read or write what was learnt")]
    Store(#[from] StoreError),
    /// The classifier cannot be built.
    #[error("cannot build the classifier")]
    Build(#[from] BuildError),
    /// The golden cases have faults.
    #[error("the golden cases have faults:\n{0}")]
    Golden(String),
    /// The work was cut short.
    #[error("learning was cut short: {0}")]
    Stopped(String),
}

/// A threshold that moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The article; `None` for all of them.
    pub article: Option<String>,
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// What it rests on.
    pub measured: Measured,
}

/// What learning found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Votes read.
    pub votes: usize,
    /// Judgements that contradict each other.
    pub contradictions: usize,
    /// The share of votes taken to be mistaken.
    pub mistaken: f64,
    /// Labelled messages taught.
    pub examples: usize,
    /// All answers.
    pub measured: Measured,
    /// Thresholds that move.
    pub thresholds: Vec<Threshold>,
    /// Golden cases before and after.
    pub golden: [Tally; 2],
    /// Golden cases that come out otherwise.
    pub moved: Vec<Moved>,
    /// Golden cases that name an article or request type there is none of.
    pub unknown: usize,
    /// Confirmed messages that were left out of the lesson, taught with the old and with the new examples.
    pub history: [Tally; 2],
    /// Why it was not put in force; `None` when it may be.
    pub refused: Option<String>,
}

/// What was learnt, not in force yet.
pub struct Lesson {
    /// What changes.
    pub report: Report,
    /// What would be put in force.
    pub learned: Learned,
}

/// The thresholds of `votes` for a wanted precision.
#[must_use]
pub fn measure(votes: &[Vote], thresholds: &Thresholds) -> Policy {
    let aim = Aim {
        wanted: thresholds.answer,
        shipped: thresholds.answer,
        least: thresholds.suggest,
        mistaken: precision::mistaken(votes),
    };
    precision::policy(&precision::judged(votes), &aim)
}

/// What is in force. When the settings want another precision than it was measured for, it is measured again.
///
/// # Errors
/// When the database fails.
pub async fn in_force(store: &Store, thresholds: &Thresholds) -> Result<Learned, StoreError> {
    let mut learned = store.learned().await?;
    if learned.model > 0 && (learned.policy.wanted - thresholds.answer).abs() > f64::EPSILON {
        learned.policy = measure(&store.votes().await?, thresholds);
    }
    Ok(learned.named())
}

/// Learns from everything people said, without putting it in force.
///
/// # Errors
/// The database failed, the golden cases have faults, or the classifier cannot be built.
pub async fn learn(
    store: &Store,
    rules: Arc<Rules>,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<Lesson, LearnError> {
    let votes = store.votes().await?;
    let since = now.plus_ms(-i64::from(schedule.texts_days) * DAY_MS);
    let texts = store.judged_texts(since).await?;
    let old = store.learned().await?;
    let (cases, faults) = content::golden(&schedule.knowledge_base);
    if !faults.is_empty() {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(LearnError::Golden(lines.join("\n")));
    }
    let work = move || {
        let kept = outlived(&old, &texts);
        let mut written: Vec<Written<'_>> = texts.iter().map(as_written).collect();
        written.extend(kept.iter().map(|(one, features)| Written {
            inbox_id: one.inbox_id,
            subject: "",
            text: "",
            features: Some(features),
            language: one.language,
        }));
        written.sort_by_key(|one| one.inbox_id);
        let mut examples = teach::examples(&votes, &written);
        examples.retain(|one| teach::is_known(&rules.catalog, one));
        lesson(&rules, &votes, &old, examples, cases)
    };
    tokio::task::spawn_blocking(work).await.map_err(|fault| LearnError::Stopped(fault.to_string()))?
}

/// A judged message as it is taught.
#[must_use]
pub fn as_written(one: &JudgedText) -> Written<'_> {
    Written { inbox_id: one.inbox_id, subject: &one.subject, text: &one.text, features: None, language: one.language }
}

/// What was taught before and has no text any more, with what the model keeps of it.
fn outlived<'a>(old: &'a Learned, texts: &[JudgedText]) -> Vec<(&'a Taught, Vec<u8>)> {
    let has_text: HashSet<InboxId> = texts.iter().map(|one| one.inbox_id).collect();
    old.examples.iter().filter(|one| !has_text.contains(&one.inbox_id)).map(|one| (one, teach::kept(one))).collect()
}

fn lesson(
    rules: &Rules,
    votes: &[Vote],
    old: &Learned,
    examples: Vec<Taught>,
    cases: Vec<Golden>,
) -> Result<Lesson, LearnError> {
    let catalog = &rules.catalog;
    let policy = measure(votes, &catalog.thresholds);
    let learned = Learned { model: old.model + 1, policy, examples }.named();
    let after = Rules::build(catalog.clone(), &learned, rules.engine.lemmas())?;
    let all = cases.len();
    let cases: Vec<Golden> = cases.into_iter().filter(|case| is_known(catalog, case)).collect();
    let held = [golden::run(&cases, catalog, &rules.engine), golden::run(&cases, &after.catalog, &after.engine)];
    let moved = golden::moved(&cases, &held[0], &held[1]);
    let history = history(rules, old, &learned)?;
    let report = Report {
        votes: votes.len(),
        contradictions: precision::contradictions(votes).len(),
        mistaken: precision::mistaken(votes),
        examples: learned.examples.len(),
        measured: learned.policy.overall.as_ref().map_or(precision::measured(0, 0), |bar| bar.measured),
        thresholds: thresholds(catalog, &learned.policy),
        golden: held.map(|held| golden::tally(&held)),
        refused: golden::refusal(&moved, history),
        moved,
        unknown: all - cases.len(),
        history,
    };
    Ok(Lesson { report, learned })
}

fn is_known(catalog: &Catalog, case: &Golden) -> bool {
    match &case.wanted {
        Wanted::Article(id) => catalog.articles.iter().any(|article| article.id == *id),
        Wanted::Intent(id) => catalog.intent(id).is_some(),
        Wanted::Nothing => true,
    }
}

/// A fifth of the new examples, classified by classifiers that were taught with the rest of the old and of the new ones:
/// what was taught is always known, and would say nothing.
fn history(before: &Rules, old: &Learned, new: &Learned) -> Result<[Tally; 2], BuildError> {
    let left_out = |one: &&Taught| one.inbox_id.0 % LEFT_OUT == 0;
    let asked: Vec<Taught> = new.examples.iter().filter(left_out).cloned().collect();
    let cases = golden::history(&asked);
    if cases.is_empty() {
        return Ok([Tally::default(); 2]);
    }
    let without = |learned: &Learned| Learned {
        examples: learned.examples.iter().filter(|one| !left_out(one)).cloned().collect(),
        ..learned.clone()
    };
    let tried = |learned: &Learned| -> Result<Vec<Held>, BuildError> {
        let rules = Rules::build(before.catalog.clone(), &without(learned), before.engine.lemmas())?;
        Ok(golden::run(&cases, &rules.catalog, &rules.engine))
    };
    Ok([golden::tally(&tried(old)?), golden::tally(&tried(new)?)])
}

fn thresholds(catalog: &Catalog, new: &Policy) -> Vec<Threshold> {
    let shipped = catalog.thresholds.answer;
    let none = precision::measured(0, 0);
    let overall = |policy: &Policy| policy.overall.as_ref().map_or(shipped, |bar| bar.threshold);
    let measured = new.overall.as_ref().map_or(none, |bar| bar.measured);
    let mut all = vec![Threshold { article: None, before: overall(&catalog.policy), after: overall(new), measured }];
    let mut names: Vec<&String> = catalog.policy.articles.keys().chain(new.articles.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let own = |policy: &Policy| policy.articles.get(name).map_or(shipped, |bar| bar.threshold);
        let measured = new.articles.get(name).map_or(none, |bar| bar.measured);
        all.push(Threshold { article: Some(name.clone()), before: own(&catalog.policy), after: own(new), measured });
    }
    all.retain(|one| (one.before - one.after).abs() >= MOVES);
    all
}

/// Puts `lesson` in force, or notes that it was refused. Every process takes it over within a minute. `who` and from where, for
/// the audit log.
///
/// # Errors
/// When the database fails.
pub async fn conclude(store: &Store, lesson: &Lesson, who: (&str, &str), now: Timestamp) -> Result<(), StoreError> {
    let report = serde_json::to_string(&lesson.report)?;
    if lesson.report.refused.is_some() {
        return store.note_learn_run(&report, now).await;
    }
    let before = store.model_in_force().await?;
    let model = store.put_learned(&lesson.learned.policy, &lesson.learned.examples, &report, now).await?;
    let entry = AuditEntry {
        at: now,
        actor: who.0.to_owned(),
        origin: who.1.to_owned(),
        action: "learn".to_owned(),
        subject: "model".to_owned(),
        before: before.to_string(),
        after: model.to_string(),
    };
    store.audit(&[entry]).await
}

/// The worker.
pub struct Learner {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The rules in force.
    pub live: Live,
    /// What time it is.
    pub clock: Clock,
    /// When and from what.
    pub schedule: Schedule,
    /// Names this worker in leases; unique over processes.
    pub owner: String,
}

impl Worker for Learner {
    const NAME: &'static str = "learn";

    async fn step(&self) -> Result<Did, String> {
        self.once().await.map_err(|fault| with_causes(&fault))?;
        Ok(Did::Nothing(LOOK))
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl Learner {
    /// Takes over what another process has learnt, and learns when it is time. Returns whether it learnt.
    ///
    /// # Errors
    /// The database failed, or the classifier cannot be built; what is in force stays.
    pub async fn once(&self) -> Result<bool, LearnError> {
        self.take_over().await?;
        let now = self.clock.now();
        if !self.is_time(now).await? {
            return Ok(false);
        }
        let Some(fence) = self.store.acquire_lease(LEASE, &self.owner, now, now.plus_ms(LEASE_MS)).await? else {
            return Ok(false);
        };
        // Another process may have learnt while this one looked.
        let done = if self.is_time(now).await? { self.learn(now).await.map(|()| true) } else { Ok(false) };
        self.store.release_lease(&fence).await?;
        self.take_over().await?;
        done
    }

    async fn learn(&self, now: Timestamp) -> Result<(), LearnError> {
        let lesson = learn(&self.store, self.live.get(), &self.schedule, now).await?;
        conclude(&self.store, &lesson, ("rule", "rule"), now).await?;
        let (examples, votes) = (lesson.report.examples, lesson.report.votes);
        if let Some(why) = &lesson.report.refused {
            tracing::warn!(examples, votes, "learnt, but not put in force: {why}");
        } else {
            tracing::info!(examples, votes, "learnt");
        }
        Ok(())
    }

    async fn take_over(&self) -> Result<(), LearnError> {
        let rules = self.live.get();
        if self.store.model_in_force().await? == rules.model {
            return Ok(());
        }
        let learned = in_force(&self.store, &rules.catalog.thresholds).await?;
        let model = learned.model;
        let work = move || Rules::build(rules.catalog.clone(), &learned, rules.engine.lemmas());
        let done =
            tokio::task::spawn_blocking(work).await.map_err(|fault| LearnError::Stopped(fault.to_string()))??;
        tracing::info!(model, catalog = done.catalog.version, "took over what was learnt");
        self.live.replace(done);
        Ok(())
    }

    async fn is_time(&self, now: Timestamp) -> Result<bool, StoreError> {
        let last = self.store.last_learn_run().await?.map_or(Timestamp(0), |run| run.made_at);
        let said = self.store.votes_since(last).await?;
        let enough = self.schedule.after_votes > 0 && said >= self.schedule.after_votes;
        let night = last_night(now, self.live.get().catalog.desk.timezone, self.schedule.nightly_hour);
        Ok(enough || (said > 0 && last < night))
    }
}

/// The last time the clock of the desk showed `hour`. On the day of a changed clock it may be an hour off.
fn last_night(now: Timestamp, zone: chrono_tz::Tz, hour: u32) -> Timestamp {
    use chrono::Timelike;
    let Some(local) = now.utc().map(|utc| utc.with_timezone(&zone)) else { return Timestamp(0) };
    let into_hour = i64::from(local.minute()) * 60_000 + i64::from(local.second()) * 1000 + now.0.rem_euclid(1000);
    let hours = i64::from((local.hour() + 24 - hour % 24) % 24);
    now.plus_ms(-hours * HOUR_MS - into_hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_night_is_today_or_yesterday() {
        let zone = chrono_tz::Asia::Tokyo;
        // 2026-11-22T19:30:00Z is 04:30 of the 23rd in Tokyo.
        let now = Timestamp(1_795_375_800_000);
        for (hour, ago_min) in [(4, 30), (3, 90), (5, 23 * 60 + 30), (0, 270)] {
            assert_eq!(last_night(now, zone, hour), now.plus_ms(-ago_min * 60_000), "{hour}");
        }
    }
}
