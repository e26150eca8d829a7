//! What stands in an issue and its comments: the request catalogue's fields, and the mark a repeat is known by.

use crate::domain::{Language, Notice, NoticeEvent, Outbound, Timestamp};

const SUMMARY_CHARS: usize = 250;
const VALUE_CHARS: usize = 2_000;

pub(super) fn summary(notice: &Notice) -> String {
    let mark = if notice.urgent { "[!] " } else { "" };
    format!("{mark}[{}] {}", notice.ticket, notice.title).chars().take(SUMMARY_CHARS).collect()
}

pub(super) fn description(outbound: &Outbound, notice: &Notice, mark: &str) -> String {
    let language = outbound.language;
    let words = words(language);
    let mut lines: Vec<(String, String)> = vec![
        (words.request_type.to_owned(), notice.request_type.clone().unwrap_or_else(|| "-".to_owned())),
        (words.requester.to_owned(), notice.requester.clone()),
        (words.queue.to_owned(), either(&notice.shown.queue, &notice.queue).to_owned()),
        (words.priority.to_owned(), either(&notice.shown.priority, notice.priority.as_str()).to_owned()),
        (words.first_response.to_owned(), time(&notice.shown.first_response_due, notice.first_response_due_at)),
        (words.resolution.to_owned(), time(&notice.shown.resolution_due, notice.resolution_due_at)),
    ];
    lines.extend(notice.details.iter().map(|detail| (detail.title.clone(), detail.value.clone())));
    if let Some(link) = notice.alert.as_ref().and_then(|alert| alert.link.clone()) {
        lines.push((words.link.to_owned(), link));
    }
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("- {name}: {}", cut(value))).collect();
    format!("{}\n\n{}\n\n[{mark}]", cut(&notice.because), lines.join("\n"))
}

pub(super) fn comment(outbound: &Outbound, notice: &Notice, mark: &str) -> String {
    let what = match (notice.event, outbound.language) {
        (NoticeEvent::Escalated, Language::Ja) => "エスカレーション",
        (NoticeEvent::Escalated, Language::En) => "Escalated",
        (NoticeEvent::Opened, Language::Ja) => "発生",
        (NoticeEvent::Opened, Language::En) => "Opened",
        (NoticeEvent::Acknowledged, Language::Ja) => "対応開始",
        (NoticeEvent::Acknowledged, Language::En) => "Taken",
        (NoticeEvent::Changed, Language::Ja) => "更新",
        (NoticeEvent::Changed, Language::En) => "Changed",
        (NoticeEvent::Resolved, Language::Ja) => "解決",
        (NoticeEvent::Resolved, Language::En) => "Resolved",
        (NoticeEvent::Reopened, Language::Ja) => "再開",
        (NoticeEvent::Reopened, Language::En) => "Reopened",
    };
    let words = words(outbound.language);
    let assignee = notice.assignee.as_deref().unwrap_or("-");
    format!(
        "{what}: {}\n\n- {}: {}\n- {}: {}\n- {}: {assignee}\n\n[{mark}]",
        cut(&notice.because),
        words.priority,
        either(&notice.shown.priority, notice.priority.as_str()),
        words.queue,
        either(&notice.shown.queue, &notice.queue),
        words.assignee,
    )
}

struct Words {
    request_type: &'static str,
    requester: &'static str,
    queue: &'static str,
    priority: &'static str,
    assignee: &'static str,
    first_response: &'static str,
    resolution: &'static str,
    link: &'static str,
}

const fn words(language: Language) -> Words {
    match language {
        Language::Ja => Words {
            request_type: "依頼種別",
            requester: "依頼者",
            queue: "窓口",
            priority: "優先度",
            assignee: "担当",
            first_response: "初回応答の期限",
            resolution: "解決の期限",
            link: "監視画面",
        },
        Language::En => Words {
            request_type: "Request type",
            requester: "Requester",
            queue: "Queue",
            priority: "Priority",
            assignee: "Assignee",
            first_response: "First response due",
            resolution: "Solution due",
            link: "Monitoring",
        },
    }
}

/// What people read, or what stands in notices written before that was kept.
const fn either<'a>(shown: &'a str, kept: &'a str) -> &'a str {
    if shown.is_empty() { kept } else { shown }
}

fn time(shown: &str, at: Option<Timestamp>) -> String {
    if shown.is_empty() { at.map_or_else(|| "-".to_owned(), Timestamp::rfc3339) } else { shown.to_owned() }
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_words_and_their_own_time() {
        let at = Some(Timestamp(1_795_327_200_000));
        assert_eq!((either("緊急", "critical"), either("", "critical")), ("緊急", "critical"));
        assert_eq!(time("2026年11月22日(日) 15:00", at), "2026年11月22日(日) 15:00");
        assert_eq!((time("", at).as_str(), time("", None).as_str()), ("2026-11-22T06:00:00.000Z", "-"));
    }
}
