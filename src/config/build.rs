//! From sections as written to settings that hold together. What is wrong is reported and replaced by its default, so that the next fault is found too.

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::document::Document;
use super::{
    Config, DiscordSettings, Learning, SlackSettings, alerts, calendars, chat, closing, escalation, faults, mail,
    maintenance, routing, satisfaction, sections, sla, upkeep,
};
use crate::domain::catalog::SendLimits;
use crate::domain::routing::{Line, Routing};
use crate::domain::schedule::Calendar;
use crate::domain::{Bilingual, Language, Queue, ReportTerms};

const SECTIONS: &str = "desk, database, console, content, triage, queues, mailboxes, slack, discord, calendars, sla, vip, \
                         priority_matrix, priority, notify, escalations, agents, customers, contacts, routing, closing, problems, satisfaction, maintenance, http, scanner, limits, learn, report, retention, backup, log";

/// The queues the shipped intents name: name, Japanese, English, second line.
const QUEUES: [(&str, &str, &str, Option<&str>); 7] = [
    ("support", "サポート窓口", "Support", Some("operations")),
    ("operations", "運用", "Operations", None),
    ("network", "ネットワーク", "Network", Some("operations")),
    ("accounts", "アカウント管理", "Accounts", Some("operations")),
    ("billing", "契約・請求", "Contracts and billing", None),
    ("complaints", "ご意見・苦情", "Complaints", None),
    ("security", "セキュリティ", "Security", None),
];

pub(super) fn build(document: &mut Document<'_>, file: &Path, base: &Path) -> Config {
    let desk: sections::Desk = document.section("desk").unwrap_or_default();
    let database: sections::Database = document.section("database").unwrap_or_default();
    let console: sections::Console = document.section("console").unwrap_or_default();
    let content: sections::Content = document.section("content").unwrap_or_default();
    let triage: sections::Triage = document.section("triage").unwrap_or_default();
    let learning = learning(document);
    let retention = upkeep::retention(document);
    let (mut report, reported) = upkeep::report(document);
    let log: sections::Log = document.section("log").unwrap_or_default();
    let timezone = timezone(document, &desk.timezone, "desk");
    let language = language(document, &desk.language);
    shares(document, &triage);
    let calendars = calendars::calendars(document, base, timezone);
    let (queues, staffing) = queues(document, &calendars);
    let mailboxes = mailboxes(document, base, &queues);
    let slack = slack(document, base, &queues);
    let discord = discord(document, base, &queues);
    let people = routing::people(document, &queues, staffing, timezone);
    let ways = escalation::Ways { mailboxes: &mailboxes, slack: slack.as_ref(), discord: discord.as_ref(), base };
    let (mut service, alerts, max_body_bytes) =
        service(document, (&calendars, &queues), (people, timezone, &mut report), ways);
    service.intents.extend(reported);
    let data_dir = base.join(desk.data_dir);
    let config = Config {
        file: file.to_path_buf(),
        desk_name: desk.name,
        language,
        timezone,
        backup: upkeep::backup(document, base, &data_dir),
        data_dir,
        database_url: database_url(document, &database, base),
        listen: listen(document, &console),
        public_url: console.public_url,
        intents: base.join(content.intents),
        knowledge_base: base.join(content.knowledge_base),
        dictionary: content.dictionary.map(|directory| base.join(directory)),
        answer_precision: triage.answer_precision,
        suggest_precision: triage.suggest_precision,
        intent_probability: triage.intent_probability,
        learning,
        retention,
        report,
        queues,
        calendars,
        service,
        mailboxes,
        slack,
        discord,
        alerts,
        max_body_bytes,
        scanner: scanner(document, base),
        limits: send_limits(document),
        log_json: log_format(document, &log),
        log_dir: log.dir.map(|dir| base.join(dir)),
        log_level: log.level,
    };
    document.finish(SECTIONS);
    config
}

fn language(document: &mut Document<'_>, written: &str) -> Language {
    written.parse().unwrap_or_else(|fault| {
        let line = document.line_of("desk", "language");
        document.fault(line, format!("[desk] language: {fault}"));
        Language::Ja
    })
}

/// Service levels, who works and is told, and where alerts come from.
fn service(
    document: &mut Document<'_>,
    (calendars, queues): (&[Calendar], &[Queue]),
    (mut people, zone, report): (Routing, chrono_tz::Tz, &mut ReportTerms),
    ways: escalation::Ways<'_>,
) -> (sla::ServiceSettings, Vec<super::AlertSettings>, usize) {
    let nobody = sla::Known { calendars, queues, customers: &[] };
    let vips = routing::customers(document, &mut people, nobody);
    let customers = people.customers.clone();
    let known = sla::Known { customers: &customers, ..nobody };
    let mut service = sla::service(document, known);
    service.vips.extend(vips.into_iter().map(|(_, vip)| vip));
    service.routing = people;
    escalation::targets(document, &mut service, ways);
    routing::ways(document, &mut service, known);
    escalation::rules(document, &mut service, known);
    closing::closing(document, &mut service, known);
    (service.questions, report.own) = satisfaction::satisfaction(document);
    service.maintenance = maintenance::maintenance(document, &customers, zone);
    let (alerts, max_body_bytes) = alerts::alerts(document, &mut service, known, ways);
    (service, alerts, max_body_bytes)
}

fn send_limits(document: &mut Document<'_>) -> SendLimits {
    let limits: sections::Limits = document.section("limits").unwrap_or_default();
    SendLimits {
        automatic_per_sender_day: limits.automatic_per_sender_day,
        automatic_per_ticket: limits.automatic_per_ticket,
        questions_per_ticket: limits.questions_per_ticket,
        reopen_within_days: limits.reopen_within_days,
    }
}

fn learning(document: &mut Document<'_>) -> Learning {
    let learn: sections::Learn = document.section("learn").unwrap_or_default();
    if learn.nightly_hour > 23 {
        let line = document.line_of("learn", "nightly_hour");
        document.fault(line, format!("[learn] nightly_hour = {} is not an hour; write 0 to 23", learn.nightly_hour));
    }
    Learning { nightly_hour: learn.nightly_hour, after_votes: learn.after_votes }
}

/// What a time zone is called, for faults.
pub(super) const IANA: &str = "write an IANA name such as Asia/Tokyo";

fn timezone(document: &mut Document<'_>, name: &str, section: &str) -> chrono_tz::Tz {
    name.parse().unwrap_or_else(|_| {
        let line = document.line_of(section, "timezone");
        document.fault(line, format!("[{section}] timezone = \"{name}\" is not a time zone; {IANA}"));
        chrono_tz::Asia::Tokyo
    })
}

fn shares(document: &mut Document<'_>, triage: &sections::Triage) {
    for (key, value) in [
        ("answer_precision", triage.answer_precision),
        ("suggest_precision", triage.suggest_precision),
        ("intent_probability", triage.intent_probability),
    ] {
        if !(0.0..=1.0).contains(&value) {
            let line = document.line_of("triage", key);
            document.fault(line, format!("[triage] {key} = {value} is not a share; write 0 to 1, for instance 0.95"));
        }
    }
    if triage.suggest_precision > triage.answer_precision {
        let line = document.line_of("triage", "suggest_precision");
        document.fault(line, "[triage] suggest_precision is above answer_precision: nothing would be suggested");
    }
}

fn database_url(document: &mut Document<'_>, database: &sections::Database, base: &Path) -> SecretString {
    let line = document.line_of("database", "url");
    let url = database.url.read(base).unwrap_or_else(|fault| {
        document.fault(line, format!("[database] url: {fault}"));
        SecretString::from("sqlite://madoguchi.db".to_owned())
    });
    let written = url.expose_secret();
    if let Some(path) = written.strip_prefix("sqlite://") {
        return SecretString::from(format!("sqlite://{}", base.join(path).display()));
    }
    if !written.starts_with("postgres://") && !written.starts_with("postgresql://") {
        document.fault(line, "[database] url: write sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME");
    }
    url
}

fn listen(document: &mut Document<'_>, console: &sections::Console) -> Option<std::net::SocketAddr> {
    if console.listen == "off" {
        return None;
    }
    let address = console.listen.parse();
    if address.is_err() {
        let line = document.line_of("console", "listen");
        let message = format!("[console] listen = \"{}\": write 127.0.0.1:8080, or off", console.listen);
        document.fault(line, message);
    }
    address.ok()
}

fn log_format(document: &mut Document<'_>, log: &sections::Log) -> bool {
    match log.format.as_str() {
        "text" => false,
        "json" => true,
        other => {
            let line = document.line_of("log", "format");
            document.fault(line, format!("[log] format = \"{other}\": write text or json"));
            false
        }
    }
}

fn queues(document: &mut Document<'_>, calendars: &[Calendar]) -> (Vec<Queue>, routing::QueueLines) {
    let mut queues: Vec<(usize, Queue)> = Vec::new();
    let mut staffing: routing::QueueLines = Vec::new();
    for (line, raw) in document.list::<sections::Queue>("queues") {
        let title = match raw.title {
            Some(sections::Title::Both { ja, en }) => Bilingual { ja, en },
            Some(sections::Title::One(text)) => Bilingual { ja: text.clone(), en: text },
            None => Bilingual { ja: raw.name.clone(), en: raw.name.clone() },
        };
        if queues.iter().any(|(_, other)| other.name == raw.name) {
            document.fault(line, format!("[[queues]] `{}` is there twice", raw.name));
        }
        let (queue, usual_line) = (raw.name.clone(), Line::First);
        let said = sections::Staffing { queue, line: raw.line, usual_line, assign: raw.assign, default: raw.default };
        staffing.push((line, said));
        queues.push((line, Queue { name: raw.name, title, calendar: raw.calendar, second_line: raw.second_line }));
    }
    if queues.is_empty() {
        queues.extend(QUEUES.iter().map(|(name, ja, en, second)| {
            let title = Bilingual { ja: (*ja).to_owned(), en: (*en).to_owned() };
            let calendar = if *name == "security" { "always" } else { "business" }.to_owned();
            (0, Queue { name: (*name).to_owned(), title, calendar, second_line: second.map(str::to_owned) })
        }));
    }
    let names: BTreeSet<String> = queues.iter().map(|(_, queue)| queue.name.clone()).collect();
    for (line, queue) in &queues {
        if !calendars.iter().any(|calendar| calendar.name == queue.calendar) {
            document.fault(
                *line,
                format!(
                    "[[queues]] {}: there is no calendar `{}`; {}",
                    queue.name,
                    queue.calendar,
                    faults::calendars(calendars)
                ),
            );
        }
        if let Some(second) = queue.second_line.as_ref().filter(|second| !names.contains(*second)) {
            let known = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message =
                format!("[[queues]] {}: second_line `{second}` is not a queue; there are: {known}", queue.name);
            document.fault(*line, message);
        }
    }
    routing::circles(document, &queues);
    let ups: BTreeSet<&String> = queues.iter().filter_map(|(_, queue)| queue.second_line.as_ref()).collect();
    if staffing.is_empty() {
        staffing = queues.iter().map(|(line, queue)| (*line, sections::Staffing::of(&queue.name))).collect();
    }
    for (_, said) in &mut staffing {
        said.usual_line = if ups.contains(&said.queue) { Line::Second } else { Line::First };
    }
    (queues.into_iter().map(|(_, queue)| queue).collect(), staffing)
}

fn mailboxes(document: &mut Document<'_>, base: &Path, queues: &[Queue]) -> Vec<mail::MailboxSettings> {
    let mut mailboxes: Vec<mail::MailboxSettings> = Vec::new();
    for (line, raw) in document.list::<sections::Mailbox>("mailboxes") {
        let name = raw.name.clone();
        let mut fault = |message: String| document.fault(line, format!("[[mailboxes]] {name}: {message}"));
        let plain = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control() || c.is_whitespace());
        if !plain(&raw.name) || raw.name.contains('/') {
            fault("a name has no blanks and no slash".into());
        }
        let parts = raw.address.rsplit_once('@');
        if !plain(&raw.address) || parts.is_none_or(|(local, domain)| local.is_empty() || domain.is_empty()) {
            fault(format!("address = \"{}\" is not a mail address", raw.address));
        }
        if let Some(queue) = raw.queue.as_ref().filter(|queue| !queues.iter().any(|known| known.name == **queue)) {
            fault(format!("queue = \"{queue}\" is not a queue; {}", faults::queues(queues)));
        }
        if mailboxes.iter().any(|other| other.name == raw.name) {
            fault("is there twice".into());
        }
        let reply_to = mail::reply_to(raw.reply_to.as_deref()).map_err(&mut fault).unwrap_or_default();
        let imap = raw.imap.and_then(|imap| mail::imap(imap, base).map_err(&mut fault).ok());
        let smtp = raw.smtp.and_then(|smtp| mail::smtp(smtp, base).map_err(&mut fault).ok());
        mailboxes.push(mail::MailboxSettings {
            name: raw.name,
            address: raw.address,
            queue: raw.queue,
            authserv_id: raw.authserv_id,
            reply_to,
            imap,
            smtp,
        });
    }
    mailboxes
}

fn slack(document: &mut Document<'_>, base: &Path, queues: &[Queue]) -> Option<SlackSettings> {
    let raw: sections::Slack = document.section("slack")?;
    let settings = chat::slack(raw, base).and_then(|found| check_queue(found.queue.as_ref(), queues).map(|()| found));
    settings.map_err(|message| section_fault(document, "slack", &message)).ok()
}

fn discord(document: &mut Document<'_>, base: &Path, queues: &[Queue]) -> Option<DiscordSettings> {
    let raw: sections::Discord = document.section("discord")?;
    let settings = chat::discord(raw, base).and_then(|found| check_queue(found.queue.as_ref(), queues).map(|()| found));
    settings.map_err(|message| section_fault(document, "discord", &message)).ok()
}

fn check_queue(queue: Option<&String>, queues: &[Queue]) -> Result<(), String> {
    match queue {
        Some(queue) if !queues.iter().any(|known| known.name == *queue) => {
            Err(format!("queue = \"{queue}\" is not a queue; {}", faults::queues(queues)))
        }
        Some(_) | None => Ok(()),
    }
}

/// Reports a fault at the line of the key its message begins with.
fn section_fault(document: &mut Document<'_>, section: &str, message: &str) {
    let key: String = message.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let line = document.line_of(section, &key);
    document.fault(line, format!("[{section}] {message}"));
}

fn scanner(document: &mut Document<'_>, base: &Path) -> Option<mail::ClamdSettings> {
    let raw: sections::Scanner = document.section("scanner")?;
    match mail::clamd(&raw, base) {
        Ok(settings) => Some(settings),
        Err(message) => {
            let line = document.line_of("scanner", "clamd");
            document.fault(line, format!("[scanner] {message}"));
            None
        }
    }
}
