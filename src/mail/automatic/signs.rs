//! Header fields and addresses of machines.

use super::super::{Header, ParsedMail, Policy};

/// Header fields by name, in any case.
pub(super) struct Headers<'a>(&'a [Header]);

impl<'a> Headers<'a> {
    pub(super) const fn new(headers: &'a [Header]) -> Self {
        Self(headers)
    }

    pub(super) fn all(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    pub(super) fn first(&self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// `report-type` of a `multipart/report` (RFC 6522 §3), lower case.
    pub(super) fn report_type(&self) -> Option<String> {
        report_type(self.first("content-type")?)
    }

    /// A list or bulk sender wrote or relayed it, and the list is not the desk's own mailbox.
    pub(super) fn is_from_list(&self, policy: &Policy) -> bool {
        const NAMES: &[&str] = &[
            "list-id",
            "list-post",
            "list-unsubscribe",
            "list-subscribe",
            "list-help",
            "list-archive",
            "mailing-list",
            "x-mailing-list",
            "x-ml-name",
            "x-mlserver",
            "x-mail-count",
            "x-mailman-version",
            "x-listname",
            "feedback-id-list",
            "x-campaign-id",
            "x-campaignid",
            "x-mc-user",
            "x-mailchimp-campaign-id",
        ];
        NAMES.iter().any(|name| self.first(name).is_some()) && !self.is_own_list(policy)
    }

    /// A group whose address is one of the desk's: everybody's mail to the desk comes through it.
    pub(super) fn is_own_list(&self, policy: &Policy) -> bool {
        let fields = ["list-id", "list-post", "x-google-group-id", "mailing-list"]
            .into_iter()
            .filter_map(|name| self.first(name));
        let fields = fields.map(str::to_ascii_lowercase).collect::<Vec<_>>();
        policy.own_addresses.iter().any(|own| {
            let id = own.replace('@', ".");
            fields.iter().any(|field| field.contains(own.as_str()) || field.contains(&format!("<{id}>")))
        })
    }
}

/// The first word of a structured value, lower case, comments and parameters dropped.
pub(super) fn keyword(value: &str) -> String {
    let value = value.split([';', '(']).next().unwrap_or_default();
    value.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
}

/// `report-type` of a Content-Type value.
pub(in crate::mail) fn report_type(content_type: &str) -> Option<String> {
    let lower = content_type.to_ascii_lowercase();
    let media_type = lower.split(';').next()?.trim();
    match media_type {
        "message/feedback-report" => return Some("feedback-report".to_owned()),
        "message/disposition-notification" => return Some("disposition-notification".to_owned()),
        "message/delivery-status" => return Some("delivery-status".to_owned()),
        _ => {}
    }
    if media_type != "multipart/report" {
        return None;
    }
    let (_, rest) = lower.split_once("report-type")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches('"');
    Some(value.split(['"', ';', ' ', '\t']).next().unwrap_or_default().to_owned())
}

/// Abuse reports that are not in the form of RFC 5965.
pub(super) fn is_feedback(mail: &ParsedMail, headers: &Headers<'_>) -> bool {
    let local = local_part(&mail.from.address);
    headers.first("x-hmxmroriginalrecipient").is_some()
        || headers.first("x-loop-feedback").is_some()
        || matches!(local.as_str(), "feedbackloop" | "fbl" | "fbl-no-reply" | "complaints-noreply")
        || (mail.subject.to_ascii_lowercase().starts_with("complaint about message from")
            && matches!(local.as_str(), "staff" | "abuse" | "fbl"))
        || (mail.text.contains("\"notificationType\":\"Complaint\"") && mail.text.trim_start().starts_with('{'))
}

/// Read receipts that are not in the form of RFC 8098.
pub(super) fn is_receipt(mail: &ParsedMail, headers: &Headers<'_>) -> bool {
    const PREFIXES: &[&str] = &[
        "開封済み:",
        "開封済み：",
        "未開封のまま削除:",
        "read:",
        "not read:",
        "gelesen:",
        "lu :",
        "leído:",
        "letto:",
        "gelezen:",
    ];
    let subject = mail.subject.to_lowercase();
    let is_ms = headers.first("x-ms-exchange-inbox-rules-loop").is_none()
        && (headers.first("content-class").is_some_and(|value| value.contains("receipt"))
            || headers.first("x-msmail-disposition").is_some());
    is_ms
        || (PREFIXES.iter().any(|prefix| subject.starts_with(prefix))
            && mail.text.len() < 1500
            && (mail.text.contains("開封") || mail.text.contains(" read ")))
}

/// Header fields only autoresponders write (RFC 3834 and what came before it).
pub(super) fn is_autoresponder(headers: &Headers<'_>) -> bool {
    const NAMES: &[&str] = &[
        "x-autoreply",
        "x-autorespond",
        "x-auto-reply-from",
        "x-autoreply-from",
        "x-mail-autoreply",
        "x-vacation",
        "x-fc-machinegenerated",
        "x-autoresponder",
        "auto-replied",
        "x-autoreply-sender",
        "x-away-from",
        "x-cybozu-autoreply",
        "x-sieve-autoreply",
    ];
    let is_set = |value: &str| !matches!(keyword(value).as_str(), "no" | "false" | "0");
    NAMES.iter().any(|name| headers.first(name).is_some_and(is_set))
        || headers.first("x-autogenerated").is_some_and(|value| value.to_ascii_lowercase().contains("reply"))
        || headers
            .first("x-post-messageclass")
            .is_some_and(|value| value.to_ascii_lowercase().contains("autoresponder"))
        || headers.first("delivered-to").is_some_and(|value| value.eq_ignore_ascii_case("autoresponder"))
        || headers.first("preference").is_some_and(|value| value.eq_ignore_ascii_case("auto_reply"))
        || headers.first("x-precedence").is_some_and(|value| value.eq_ignore_ascii_case("auto_reply"))
}

/// The header field by which a ticket system, a monitor or a scheduler names itself.
pub(super) fn machine_header(headers: &Headers<'_>) -> Option<&'static str> {
    const NAMES: &[&str] = &[
        "X-Cron-Env",
        "X-Redmine-Host",
        "X-JIRA-FingerPrint",
        "X-GitHub-Reason",
        "X-GitLab-Project",
        "X-GitLab-Pipeline-Id",
        "X-Bugzilla-Type",
        "X-Bugzilla-Reason",
        "X-Zendesk-From-Account-Id",
        "X-Backlog-Project",
        "X-Amz-Sns-Message-Id",
        "X-Sentry-Project",
        "X-PagerDuty-Event",
        "X-Nagios-Notification-Type",
        "X-Zabbix",
        "X-Grafana",
        "X-Jenkins-Job",
        "X-Trac-Version",
        "X-Trac-Ticket-ID",
        "X-Launchpad-Bug",
        "X-OTRS-Loop",
        "X-Zammad-Auto-Response",
        "X-RT-Loop-Prevention",
        "X-ServiceNow-Generated",
        "X-Phabricator-Sent-This-Message",
        "X-Travis-Build",
        "X-Atlassian-Notification",
        "X-Slack-Notification",
        "X-Mantis-Version",
        "X-Freshdesk-Auto-Generated",
        "X-Google-Calendar-Event",
        "X-MC-Unique-Notice",
        "X-AutoGenerated",
    ];
    NAMES.iter().find(|name| headers.first(name).is_some()).copied()
}

/// The part before the `@`, lower case, without a plus tag.
pub(super) fn local_part(address: &str) -> String {
    let address = address.trim_matches(['<', '>', ' ', '"']);
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.split('+').next().unwrap_or_default().to_ascii_lowercase()
}

/// `noreply@`, `do-not-reply@` and their kin.
pub(super) fn is_no_reply(address: &str) -> bool {
    // The bounce sender of the American carriers' gateways.
    if local_part(address) == "post_master" {
        return true;
    }
    let local: String = local_part(address).chars().filter(char::is_ascii_alphanumeric).collect();
    [
        "noreply",
        "donotreply",
        "dontreply",
        "doNotReply",
        "nepasrepondre",
        "keineantwort",
        "nichtantworten",
        "noresponder",
        "nonrispondere",
    ]
    .iter()
    .any(|word| local.starts_with(word) || local.ends_with(word))
}

/// Addresses programs write from.
pub(super) fn is_machine_sender(address: &str) -> bool {
    const NAMES: &[&str] = &[
        "root",
        "cron",
        "cronjob",
        "nagios",
        "icinga",
        "zabbix",
        "monit",
        "munin",
        "prometheus",
        "alertmanager",
        "grafana",
        "alert",
        "alerts",
        "alerting",
        "notification",
        "notifications",
        "notify",
        "notifier",
        "calendar-notification",
        "jenkins",
        "gitlab",
        "github",
        "redmine",
        "jira",
        "backlog",
        "sentry",
        "pagerduty",
        "datadog",
        "newrelic",
        "logwatch",
        "smartd",
        "autoreply",
        "auto-reply",
        "autoresponder",
        "auto-confirm",
        "autoconfirm",
        "www-data",
        "apache",
        "anacron",
        "uptimerobot",
        "automailer",
        "system-notification",
        "mackerel",
        "statuspage",
    ];
    NAMES.contains(&local_part(address).as_str())
}

/// Services that send in a person's name: `Sender: Google Calendar <calendar-notification@google.com>`.
pub(super) fn is_machine_agent(sender: &str) -> bool {
    let sender = sender.to_ascii_lowercase();
    ["calendar-notification@", "notifications@github.com", "drive-shares-noreply@", "comments-noreply@docs.google.com"]
        .iter()
        .any(|known| sender.contains(known))
}

/// The mail system itself (RFC 5321 §4.5.1, RFC 3834 §2).
pub(in crate::mail) fn is_daemon(address: &str) -> bool {
    // The bounce sender of the American carriers' gateways.
    if local_part(address) == "post_master" {
        return true;
    }
    let local: String = local_part(address).chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).collect();
    ["mailerdaemon", "maildaemon", "maildeliverysystem", "maildeliverysubsystem"]
        .iter()
        .any(|name| local.starts_with(name))
        || local.starts_with("microsoftexchange") && local.len() > 40
}

/// Envelope senders of lists (RFC 3834 §2).
pub(super) fn is_list_address(address: &str) -> bool {
    let local = local_part(address);
    local.starts_with("owner-")
        || local.ends_with("-request")
        || local.ends_with("-owner")
        || local.ends_with("-bounces")
}
