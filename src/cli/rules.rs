//! `rules`: every rule with how often it held and how much of what it set people corrected afterwards.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Global, out, settings};
use crate::app;
use crate::classify::precision::measured;
use crate::clock::Clock;
use crate::domain::{Catalog, Measured, Timestamp};
use crate::store::RuleFigures;

const DAY_MS: i64 = 86_400_000;

#[derive(Args)]
pub(super) struct RulesCommand {
    /// What happened in the last so many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Only the desk's own rules, without the patterns of request types
    #[arg(long)]
    desk: bool,
}

/// A rule as it is listed.
struct Row {
    rule: String,
    /// What it does, in short.
    does: String,
    figures: RuleFigures,
}

pub(super) fn run(command: &RulesCommand, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        let catalog = app::catalog(config).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
        let listed = listed(&catalog, command.desk);
        let ids: Vec<&str> = listed.iter().map(|(rule, _)| rule.as_str()).collect();
        let since = Clock::system().now().plus_ms(-i64::from(command.days) * DAY_MS);
        let figures = store.rule_figures(&ids, since).await?;
        let rows: Vec<Row> = listed
            .into_iter()
            .map(|(rule, does)| Row { figures: figures.get(&rule).copied().unwrap_or_default(), rule, does })
            .collect();
        if global.json {
            out::json(&rows.iter().map(document).collect::<Vec<_>>().into())?;
        } else {
            table(&rows, command.days, config.timezone);
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The rules with what they do: the desk's own in their order, then the patterns of the request types.
fn listed(catalog: &Catalog, desk_only: bool) -> Vec<(String, String)> {
    let own = catalog.rulebook.rules.iter().map(|rule| {
        let then = &rule.then;
        let mut does: Vec<String> = Vec::new();
        does.extend(then.intent.iter().map(|intent| format!("request type {intent}")));
        does.extend(then.queue.iter().map(|queue| format!("queue {queue}")));
        does.extend(then.priority.iter().map(|priority| format!("priority {priority}")));
        if !then.tags.is_empty() {
            does.push(format!("tags {}", then.tags.join(", ")));
        }
        if !then.slots.is_empty() {
            does.push("details".to_owned());
        }
        does.extend(then.reply.iter().map(|_| "reply".to_owned()));
        does.extend(then.ignore.then(|| "ignored".to_owned()));
        does.extend(then.stop.then(|| "stop".to_owned()));
        (rule.id.clone(), does.join("; "))
    });
    let types = catalog.intents.iter().filter(|_| !desk_only);
    let patterns = types.flat_map(|intent| intent.rules.iter().map(move |rule| (intent, rule)));
    let patterns = patterns.map(|(intent, rule)| {
        let way = if rule.certain { "is" } else { "points at" };
        (rule.id.clone(), format!("{way} {}", intent.id))
    });
    own.chain(patterns).collect()
}

/// What nobody corrected of what the rule set, with its likely range; `None` when it set nothing that can be corrected.
fn kept(figures: &RuleFigures) -> Option<Measured> {
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let kept = figures.set.saturating_sub(figures.corrected);
    (figures.set > 0).then(|| measured(count(kept), count(figures.corrected)))
}

fn document(row: &Row) -> serde_json::Value {
    let Row { rule, does, figures } = row;
    let kept = kept(figures);
    json!({
        "rule": rule,
        "does": does,
        "hits": figures.hits,
        "last_hit_at": figures.last_hit_at.map(Timestamp::rfc3339),
        "judged": figures.judged,
        "corrected": figures.corrected,
        "set": figures.set,
        "precision": kept.and_then(|kept| kept.precision()),
        "precision_low": kept.map(|kept| kept.low),
        "precision_high": kept.map(|kept| kept.high),
    })
}

fn table(rows: &[Row], days: u32, zone: chrono_tz::Tz) {
    let mut table = out::table(["rule", "does", "hits", "last hit", "corrected", "right"]);
    for Row { rule, does, figures } in rows {
        let right = kept(figures).map_or_else(String::new, |kept| {
            let share = kept.precision().unwrap_or_default() * 100.0;
            format!(
                "{} of {} ({share:.0} %, likely {:.0} to {:.0} %)",
                kept.right,
                kept.count(),
                kept.low * 100.0,
                kept.high * 100.0
            )
        });
        let last = figures.last_hit_at.map_or_else(|| "never".to_owned(), |at| out::when(at, zone));
        let corrected = if figures.judged > 0 {
            format!("{} of {} judged", figures.corrected, figures.judged)
        } else {
            String::new()
        };
        table.add_row([rule.clone(), out::short(does, 40), figures.hits.to_string(), last, corrected, right]);
    }
    out::line(table.to_string());
    let silent = rows.iter().filter(|row| row.figures.hits == 0).count();
    out::line(format!("{} rules; in {days} days {silent} of them never held", rows.len()));
    out::line(
        "right: of the decisions whose request type, queue, priority or article the rule set, those nobody corrected (Wilson, 95 %)",
    );
}
