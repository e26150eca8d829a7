//! Subjects and sentences by which machines say what they are.

use super::super::quotes;

/// `Re:`, `Fwd:`, `転送:` and the like: what follows is another mail's subject.
pub(in crate::mail) fn is_reply_subject(subject: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "re", "fw", "fwd", "aw", "wg", "sv", "vs", "antw", "rif", "res", "enc", "tr", "rv", "odp", "ynt", "返信",
        "回复", "回覆", "転送", "答复", "转发", "ref",
    ];
    let Some((prefix, _)) = subject.trim_start().split_once([':', '：']) else { return false };
    let prefix = prefix.trim().to_lowercase();
    let prefix = prefix.split(['[', '^', '(']).next().unwrap_or_default().trim();
    PREFIXES.contains(&prefix)
}

/// Stand before a colon or alone in brackets, lower case.
const AWAY_PREFIXES: &[&str] = &[
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "auto",
    "out of office",
    "out of the office",
    "out-of-office",
    "out of office autoreply",
    "out of office reply",
    "vacation reply",
    "on vacation",
    "away from office",
    "自動応答",
    "自動返信",
    "自動回答",
    "不在通知",
    "不在応答",
    "不在",
    "外出中",
    "休暇中",
    "abwesenheitsnotiz",
    "automatische antwort",
    "abwesend",
    "réponse automatique",
    "absence du bureau",
    "absent du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "afwezig",
    "resposta automática",
    "fora do escritório",
    "automatiskt svar",
    "autosvar",
    "automatisk svar",
    "fravær",
    "frånvarande",
    "automaattinen vastaus",
    "poissa",
    "odpowiedź automatyczna",
    "autoodpowiedź",
    "automatická odpověď",
    "автоответ",
    "автоматический ответ",
    "otomatik yanıt",
    "自动回复",
    "自動回覆",
    "자동 회신",
    "부재중",
];

/// Whole subjects.
const AWAY_WHOLE: &[&str] = &[
    "out of office",
    "out of the office",
    "out of office autoreply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "automatic reply",
    "vacation",
    "自動返信",
    "自動応答",
    "不在通知",
    "不在のお知らせ",
    "自動返信メール",
    "i am out of the office",
    "away",
    "on vacation",
];

/// Beginnings that only an absence has.
const AWAY_STARTS: &[&str] = &[
    "ただいま休暇中",
    "現在不在",
    "away until ",
    "away from my mail",
    "out of office until",
    "out of office from",
    "i'm out of the office",
    "i am out of the office",
];

/// Subjects only autoresponders write: the words stand as a prefix with a colon, or in brackets at the start.
pub(super) fn is_away_subject(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    if AWAY_WHOLE.contains(&subject.trim_end_matches(['.', '!', '。', ')', ' ']))
        || AWAY_STARTS.iter().any(|start| subject.starts_with(start))
    {
        return true;
    }
    let bracketed = subject.strip_prefix(['【', '[', '(', '［', '（', '<', '＜']);
    if let Some(inner) = bracketed {
        let inner = inner.split(['】', ']', ')', '］', '）', '>', '＞']).next().unwrap_or_default().trim();
        let inner = inner.trim_end_matches("メール").trim_end_matches("のお知らせ");
        return AWAY_PREFIXES.contains(&inner) && inner != "auto"
            || inner.starts_with("自動返信")
            || inner.starts_with("自動送信")
            || inner.starts_with("自動配信");
    }
    subject
        .split_once([':', '：'])
        .is_some_and(|(prefix, _)| AWAY_PREFIXES.contains(&prefix.trim_end_matches([' ', '\u{a0}'])))
}

/// Subjects of monitoring systems.
pub(super) fn is_alert_subject(subject: &str) -> bool {
    let lower = subject.trim().to_lowercase();
    [
        "** problem",
        "** recovery",
        "** acknowledgement",
        "alarm: \"",
        "ok: \"",
        "障害:",
        "障害：",
        "復旧:",
        "復旧：",
        "problem:",
        "resolved:",
        "[alert]",
        "[alerting]",
        "[firing",
        "[resolved",
        "[monitor alert]",
        "[triggered]",
        "[recovered]",
        "cron <",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}

/// Bodies of monitoring systems: fields they print on lines of their own.
pub(super) fn is_alert_text(text: &str) -> bool {
    const MARKS: &[&str] = &[
        "Original problem ID:",
        "Notification Type:",
        "Problem started at",
        "Problem name:",
        "Problem has been resolved",
        "障害が発生しました:",
        "障害名:",
        "Alarm Details:",
        "The monitor was last triggered",
        "***** Nagios *****",
        "Severity:",
        "深刻度:",
        "Trigger:",
        "Alertname",
        "alertname =",
    ];
    // A person who quotes an alert writes above it.
    let own = quotes::before_quote(text);
    MARKS.iter().any(|mark| own.lines().any(|line| line.trim_start().starts_with(mark)))
}

/// A sentence that says the mail itself was sent by a machine, outside of quotes and quotation marks.
pub(super) fn says_automatic(text: &str) -> bool {
    const HINTS: &[&str] = &[
        "自動",
        "送信専用",
        "automat",
        "auto-generated",
        "auto-reply",
        "do not reply",
        "not reply to this",
        "unattended",
        "unmonitored",
    ];
    let lower = text.get(..text.len().min(64 * 1024)).unwrap_or(text).to_lowercase();
    if !HINTS.iter().any(|hint| lower.contains(hint)) {
        return false;
    }
    quotes::before_quote(text).lines().filter(|line| line.len() < 600).any(is_automatic_sentence)
}

fn is_automatic_sentence(line: &str) -> bool {
    if line.contains(['「', '」', '？', '『']) || line.trim_end().ends_with('?') || line.contains("\"this") {
        return false;
    }
    let line = line
        .trim()
        .trim_start_matches(['※', '*', '＊', '-', '・', '●', '■', '(', '（', '<', '_', ' ', '\u{3000}'])
        .to_lowercase();
    is_japanese_statement(&line) || is_english_statement(&line)
}

/// `このメールは…自動…`: this mail is the subject of the sentence, and the sentence states it.
fn is_japanese_statement(line: &str) -> bool {
    const SUBJECTS: &[&str] = &[
        "このメール",
        "本メール",
        "当メール",
        "このeメール",
        "本eメール",
        "本電子メール",
        "このメッセージ",
        "本メッセージ",
        "この通知",
        "本通知",
        "本状",
        "こちらのメール",
        "このお知らせ",
    ];
    const MACHINE: &[&str] = &[
        "自動返信",
        "自動送信",
        "自動配信",
        "自動応答",
        "自動で",
        "自動的に",
        "自動にて",
        "自動通知",
        "自動生成",
        "送信専用",
    ];
    const DOUBTS: &[&str] = &[
        "でしょうか",
        "ですか",
        "ますか",
        "ません",
        "と書",
        "とあり",
        "と表示",
        "という",
        "のですが",
        "ようですが",
        "届か",
        "できない",
        "でき",
    ];
    let Some(at) = SUBJECTS.iter().filter_map(|subject| line.find(subject)).min() else { return false };
    let rest = &line[at..];
    let topic = SUBJECTS
        .iter()
        .any(|subject| rest.strip_prefix(subject).is_some_and(|after| after.starts_with(['は', 'に', '、', 'を'])));
    let Some(machine) = MACHINE.iter().filter_map(|word| rest.find(word)).min() else { return false };
    let clause = rest[machine..].split('。').next().unwrap_or_default();
    topic && at < 90 && machine < 240 && !DOUBTS.iter().any(|doubt| clause.contains(doubt))
}

fn is_english_statement(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "this is an automated",
        "this is an automatic",
        "this is an automatically",
        "this is an auto-generated",
        "this is an auto-reply",
        "this is an auto reply",
        "this is an autoreply",
        "this is a system-generated",
        "this is a system generated",
        "this message is an automated",
        "this email is an automated",
        "this message was automatically",
        "this email was automatically",
        "this e-mail was automatically",
        "this mail was automatically",
        "this message was sent automatically",
        "this email was sent automatically",
        "this email has been automatically",
        "this message has been automatically",
        "this email is automatically",
        "this message is automatically",
        "this message was generated automatically",
        "this email was generated automatically",
        "this message was created automatically",
        "please do not reply to this",
        "please don't reply to this",
        "do not reply to this",
        "this e-mail was sent automatically",
        "this is a automated",
        "dies ist eine automatisch",
        "diese e-mail wurde automatisch",
        "ceci est un message automatique",
        "este es un mensaje automático",
        "esta es una respuesta automática",
        "questo è un messaggio automatico",
    ];
    STARTS.iter().any(|start| line.starts_with(start) || line.contains(&format!(". {start}")))
}
