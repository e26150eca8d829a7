//! `[report]`, `[retention]`, `[backup]`: what the desk says of its work, and how long it keeps what.

use std::path::{Path, PathBuf};

use chrono::{NaiveTime, Timelike};
use serde::Deserialize;

use super::document::Document;
use super::sections;
use crate::domain::{ReportTerms, SavedMinutes};

/// How long what is kept. 0 days: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days a message's text may be learnt from.
    pub texts_days: u32,
    /// Days until the raw form of a decided message is removed, with its files.
    pub raw_mail_days: u32,
    /// Days until the text of a message whose ticket has ended is erased.
    pub messages_days: u32,
    /// Days log files are kept; at least one.
    pub log_days: u32,
    /// Days the audit log reaches back.
    pub audit_days: u32,
}

/// The daily backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupSettings {
    /// Minutes after midnight in the desk's zone.
    pub minute: u32,
    /// How many are kept; at least one.
    pub generations: u32,
    /// Where they lie.
    pub dir: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Report {
    reply_minutes: f64,
    change_minutes: f64,
    slo_share: f64,
    sla_share: f64,
    mttr_minutes: f64,
    longest_minutes: f64,
    outages: u32,
    incident_types: Option<Vec<String>>,
    complaint_types: Option<Vec<String>>,
    minutes: Minutes,
}

/// Minutes a person would have needed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Minutes {
    filed: f64,
    escalated: f64,
    answered: f64,
    suggested: f64,
    asked: f64,
    informed: f64,
    joined: f64,
}

impl Default for Report {
    fn default() -> Self {
        let terms = ReportTerms::default();
        Self {
            reply_minutes: terms.reply_minutes,
            change_minutes: terms.change_minutes,
            slo_share: terms.slo_share,
            sla_share: terms.sla_share,
            mttr_minutes: terms.mttr_minutes,
            longest_minutes: terms.longest_minutes,
            outages: terms.outages,
            incident_types: None,
            complaint_types: None,
            minutes: Minutes::default(),
        }
    }
}

impl Default for Minutes {
    fn default() -> Self {
        let SavedMinutes { filed, escalated, answered, suggested, asked, informed, joined } =
            ReportTerms::default().saved;
        Self { filed, escalated, answered, suggested, asked, informed, joined }
    }
}

/// The terms of reports, and the request types that are written there with their lines: checked once the content is read.
pub(super) fn report(document: &mut Document<'_>) -> (ReportTerms, Vec<(usize, String)>) {
    let raw: Report = document.section("report").unwrap_or_default();
    let Minutes { filed, escalated, answered, suggested, asked, informed, joined } = raw.minutes;
    for (key, minutes) in [
        ("reply_minutes", raw.reply_minutes),
        ("change_minutes", raw.change_minutes),
        ("mttr_minutes", raw.mttr_minutes),
        ("longest_minutes", raw.longest_minutes),
        ("minutes.filed", filed),
        ("minutes.escalated", escalated),
        ("minutes.answered", answered),
        ("minutes.suggested", suggested),
        ("minutes.asked", asked),
        ("minutes.informed", informed),
        ("minutes.joined", joined),
    ] {
        if !(0.0..=10_000.0).contains(&minutes) {
            let line = document.line_of("report", key);
            document.fault(line, format!("[report] {key} = {minutes}: write minutes, 0 to 10000"));
        }
    }
    for (key, share) in [("slo_share", raw.slo_share), ("sla_share", raw.sla_share)] {
        if !(0.0..=1.0).contains(&share) {
            let line = document.line_of("report", key);
            document.fault(line, format!("[report] {key} = {share} is not a share; write 0 to 1, for instance 0.95"));
        }
    }
    let mut named = Vec::new();
    for (key, types) in [("incident_types", &raw.incident_types), ("complaint_types", &raw.complaint_types)] {
        let line = document.line_of("report", key);
        named.extend(types.iter().flatten().map(|name| (line, name.clone())));
    }
    let usual = ReportTerms::default();
    let terms = ReportTerms {
        saved: SavedMinutes { filed, escalated, answered, suggested, asked, informed, joined },
        reply_minutes: raw.reply_minutes,
        change_minutes: raw.change_minutes,
        slo_share: raw.slo_share,
        sla_share: raw.sla_share,
        mttr_minutes: raw.mttr_minutes,
        longest_minutes: raw.longest_minutes,
        outages: raw.outages,
        own: Vec::new(),
        incident_types: raw.incident_types.unwrap_or(usual.incident_types),
        complaint_types: raw.complaint_types.unwrap_or(usual.complaint_types),
    };
    (terms, named)
}

pub(super) fn retention(document: &mut Document<'_>) -> Retention {
    let raw: sections::Retention = document.section("retention").unwrap_or_default();
    if raw.log_days == 0 {
        let line = document.line_of("retention", "log_days");
        document.fault(
            line,
            "[retention] log_days = 0: log files are kept for at least one day; leave [log] dir out to write none",
        );
    }
    Retention {
        texts_days: raw.texts_days,
        raw_mail_days: raw.raw_mail_days,
        messages_days: raw.messages_days,
        log_days: raw.log_days,
        audit_days: raw.audit_days,
    }
}

/// `None` when it is off.
pub(super) fn backup(document: &mut Document<'_>, base: &Path, data_dir: &Path) -> Option<BackupSettings> {
    let raw: sections::Backup = document.section("backup").unwrap_or_default();
    if raw.generations == 0 {
        let line = document.line_of("backup", "generations");
        document.fault(line, "[backup] generations = 0: keep at least one, or write at = \"off\"");
    }
    if raw.at == "off" {
        return None;
    }
    let Ok(time) = NaiveTime::parse_from_str(&raw.at, "%H:%M") else {
        let line = document.line_of("backup", "at");
        document.fault(line, format!("[backup] at = \"{}\" is no time of day; write 04:00, or off", raw.at));
        return None;
    };
    Some(BackupSettings {
        minute: time.num_seconds_from_midnight() / 60,
        generations: raw.generations,
        dir: raw.dir.map_or_else(|| data_dir.join("backups"), |dir| base.join(dir)),
    })
}
