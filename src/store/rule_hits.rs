//! How often rules held, and how often people corrected what they set. Hits are written with their decisions, by `changes`.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use super::{Store, StoreError};
use crate::domain::rulebook::Effect;
use crate::domain::{Changes, Decided, Decision, IgnoreReason, Settled, Timestamp};

// A row that was buried and taken up again may have hits already: the last ones count.
pub(super) const INSERT_HITS: Sql = bulk!(
    "INSERT INTO rule_hits (inbox_id, rule, effects, at)
     SELECT CAST(value->>'id' AS BIGINT), value->>'rule', value->>'effects', $2
     FROM " ROWS " WHERE true
     ON CONFLICT (inbox_id, rule) DO UPDATE SET effects = excluded.effects, at = excluded.at"
);
// Each is a range of one index.
const COUNTS: Sql = bulk!(
    "SELECT r.value->>'rule',
            (SELECT COUNT(*) FROM rule_hits WHERE rule_hits.rule = r.value->>'rule' AND rule_hits.at >= $2),
            (SELECT COUNT(*) FROM rule_hits
             WHERE rule_hits.rule = r.value->>'rule' AND rule_hits.at >= $2 AND rule_hits.effects <> ''),
            (SELECT MAX(rule_hits.at) FROM rule_hits WHERE rule_hits.rule = r.value->>'rule')
     FROM " ROWS " AS r"
);
// What was said is little beside what was decided, so it leads; CROSS JOIN keeps SQLite from turning that round.
const JUDGED: Sql = sql!(
    "SELECT rule_hits.rule, COUNT(DISTINCT rule_hits.inbox_id),
            COUNT(DISTINCT CASE WHEN feedback.outcome = 'wrong' THEN rule_hits.inbox_id END)
     FROM feedback CROSS JOIN rule_hits
     WHERE rule_hits.inbox_id = feedback.inbox_id AND rule_hits.at >= $1
       AND ',' || rule_hits.effects || ',' LIKE '%,' || feedback.aspect || ',%'
     GROUP BY rule_hits.rule"
);
const LOADS: Sql = sql!("SELECT queue, COUNT(*) FROM tickets WHERE status IN ('new', 'open') GROUP BY queue");

/// How a rule did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleFigures {
    /// Decisions it held for in the time asked for.
    pub hits: u64,
    /// Of the hits, those where it set the request type, queue, priority or article.
    pub set: u64,
    /// The last one at all.
    pub last_hit_at: Option<Timestamp>,
    /// Of the hits, those where people said something of what it had set.
    pub judged: u64,
    /// Of these, those they corrected.
    pub corrected: u64,
}

#[derive(Serialize)]
struct Named<'a> {
    rule: &'a str,
}

/// A rule that held for a message.
#[derive(Serialize)]
pub(super) struct HitRow<'a> {
    id: i64,
    rule: &'a str,
    effects: String,
}

impl Store {
    /// How each of `rules` did since `since`, by its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rule_figures(
        &self,
        rules: &[&str],
        since: Timestamp,
    ) -> Result<BTreeMap<String, RuleFigures>, StoreError> {
        let named: Vec<Named<'_>> = rules.iter().map(|rule| Named { rule }).collect();
        let mut tx = self.backend.read().await?;
        let counts: Vec<(String, i64, i64, Option<i64>)> = tx.fetch(COUNTS, [json(&named)?, Arg::Int(since.0)]).await?;
        let judged: Vec<(String, i64, i64)> = tx.fetch(JUDGED, [Arg::Int(since.0)]).await?;
        tx.commit().await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let judged: HashMap<String, (i64, i64)> =
            judged.into_iter().map(|(rule, judged, corrected)| (rule, (judged, corrected))).collect();
        let figures = |(rule, hits, set, last): (String, i64, i64, Option<i64>)| {
            let (judged, corrected) = judged.get(&rule).copied().unwrap_or_default();
            let figures = RuleFigures {
                hits: count(hits),
                set: count(set),
                last_hit_at: last.map(Timestamp),
                judged: count(judged),
                corrected: count(corrected),
            };
            (rule, figures)
        };
        Ok(counts.into_iter().map(figures).collect())
    }
}

/// New and open tickets of every queue that has some.
pub(super) async fn loads(tx: &mut Tx) -> Result<HashMap<String, u32>, StoreError> {
    let rows: Vec<(String, i64)> = tx.fetch(LOADS, []).await?;
    Ok(rows.into_iter().map(|(queue, count)| (queue, u32::try_from(count).unwrap_or(u32::MAX))).collect())
}

/// The rules that held for the message of `changes`: those of the desk, and the request types' patterns.
pub(super) fn rows<'a>(changes: &'a Changes) -> Vec<HitRow<'a>> {
    let Some(Settled { inbox_id, decided: Some(decided), classification, .. }) = &changes.settled else {
        return Vec::new();
    };
    let row = |rule: &'a str, effects: String| HitRow { id: inbox_id.0, rule, effects };
    let mut rows: Vec<HitRow<'a>> = decided
        .ruled
        .iter()
        .map(|ruled| {
            let effects = ruled.did.iter().filter(|(effect, _)| is_judged(*effect)).map(|(effect, _)| effect.as_str());
            row(&ruled.rule, effects.collect::<Vec<_>>().join(","))
        })
        .collect();
    let of_types = classification.iter().flat_map(|found| &found.rules).filter(|_| opens(decided));
    rows.extend(of_types.map(|hit| {
        let led = decided.intent.as_ref() == Some(&hit.intent);
        row(&hit.rule, if led { Effect::Intent.as_str().to_owned() } else { String::new() })
    }));
    rows
}

/// Whether people say of it whether it was right.
const fn is_judged(effect: Effect) -> bool {
    match effect {
        Effect::Intent | Effect::Queue | Effect::Priority | Effect::Article => true,
        Effect::Tags | Effect::Slots | Effect::Words | Effect::Ignored => false,
    }
}

/// On a ticket that is there the request type is that of the ticket, whatever the patterns say.
const fn opens(decided: &Decided) -> bool {
    match &decided.decision {
        Decision::FollowUp { .. } => false,
        Decision::Ignore { reason } => matches!(reason, IgnoreReason::Rule),
        Decision::Answer { .. }
        | Decision::Suggest { .. }
        | Decision::Ask { .. }
        | Decision::File
        | Decision::Escalate { .. } => true,
    }
}
