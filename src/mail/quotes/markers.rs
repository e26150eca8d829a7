//! Lines that mail programs and ticket systems put between an answer and what it answers.

use super::line::{LONG, quote_depth};

/// Whether the subject says that something is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forward {
    Yes,
    No,
}

/// `Fwd:`, `FW:`, `転送:` and the same in other languages, as the first prefix only: `Re: Fwd:` answers a forward.
pub(super) fn is_forward_subject(subject: &str) -> Forward {
    const PREFIXES: &[&str] = &[
        "fw", "fwd", "wg", "tr", "rv", "enc", "vs", "vl", "vb", "i", "doorst", "転送", "转发", "轉寄", "전달", "pd",
        "ilt",
    ];
    let subject = subject.trim_start_matches(['[', '【', ' ', '(']);
    let Some((prefix, _)) = subject.split_once([':', '：']) else { return Forward::No };
    let prefix = prefix.trim();
    if prefix.len() <= 12 && PREFIXES.contains(&prefix.to_lowercase().as_str()) { Forward::Yes } else { Forward::No }
}

/// `-----Original Message-----` in the languages of Outlook, Thunderbird, Android and the Japanese phones.
pub(super) fn is_original(text: &str) -> bool {
    const TITLES: &[&str] = &[
        "original message",
        "original appointment",
        "original-nachricht",
        "ursprüngliche nachricht",
        "originalnachricht",
        "originalmeddelande",
        "ursprungligt meddelande",
        "oprindelig meddelelse",
        "original besked",
        "opprinnelig melding",
        "message d'origine",
        "message d’origine",
        "message original",
        "mensaje original",
        "mensagem original",
        "messaggio originale",
        "oorspronkelijk bericht",
        "origineel bericht",
        "alkuperäinen viesti",
        "wiadomość oryginalna",
        "oryginalna wiadomość",
        "původní zpráva",
        "исходное сообщение",
        "пересылаемое сообщение",
        "orijinal mesaj",
        "元のメッセージ",
        "元のメール",
        "元メール",
        "オリジナルメッセージ",
        "オリジナル・メッセージ",
        "返信元メッセージ",
        "受信メール",
        "原始邮件",
        "原始郵件",
        "原邮件",
        "원본 메시지",
        "original mail",
        "original e-mail",
        "reply message",
        "受信メッセージ",
        "元メッセージ",
        "元のメッセージ内容",
        "引用元メッセージ",
        "以前のメッセージ",
    ];
    // 以下、元のメッセージ: "here follows", said first.
    let bare = |title: &str| {
        let title = title.strip_prefix("以下").unwrap_or(title).trim_start_matches(['、', ',', 'は', ' ', '\u{3000}']);
        TITLES.contains(&title)
    };
    dashed(text).is_some_and(|title| bare(&title))
}

/// The line above a forwarded message.
pub(super) fn is_forward(text: &str) -> bool {
    const DASHED: &[&str] = &[
        "forwarded message",
        "forwarded by",
        "forwarded mail",
        "forwarded email",
        "weitergeleitete nachricht",
        "message transféré",
        "message transmis",
        "mensaje reenviado",
        "messaggio inoltrato",
        "mensagem encaminhada",
        "mensagem reencaminhada",
        "doorgestuurd bericht",
        "vidarebefordrat meddelande",
        "videresendt meddelelse",
        "videresendt melding",
        "välitetty viesti",
        "przekazana wiadomość",
        "přeposlaná zpráva",
        "пересылаемое сообщение",
        "пересланное сообщение",
        "転送メッセージ",
        "転送されたメッセージ",
        "転送メール",
        "转发的邮件",
        "转发邮件",
        "轉寄的郵件",
        "전달된 메시지",
    ];
    const BARE: &[&str] = &[
        "begin forwarded message",
        "anfang der weitergeleiteten nachricht",
        "anfang der weitergeleiteten e-mail",
        "début du message réexpédié",
        "début du message transféré",
        "inicio del mensaje reenviado",
        "inizio messaggio inoltrato",
        "início da mensagem reencaminhada",
        "begin doorgestuurd bericht",
        "vidarebefordrat brev",
        "start på videresendt besked",
        "转发的邮件",
        "転送されたメッセージ",
        "以下は転送されたメッセージ",
    ];
    if quote_depth(text) > 0 {
        return false;
    }
    if let Some(title) = dashed(text) {
        return DASHED.iter().any(|known| title.starts_with(known));
    }
    let text = text.trim();
    text.len() < 120
        && text.ends_with([':', '：'])
        && BARE.contains(&text.trim_end_matches([':', '：', ' ', '\u{a0}']).to_lowercase().as_str())
}

/// `## この行より上に返信 ##`, `Please type your reply above this line`: ticket systems put it above their own text.
pub(super) fn is_reply_above(text: &str) -> bool {
    const PHRASES: &[&str] = &[
        "この行より上",
        "この線より上",
        "この行の上に",
        "この線の上に",
        "この上に返信",
        "reply above this line",
        "reply above the line",
        "type your reply above",
        "write above this line",
        "enter your reply above",
        "write your reply above",
        "respond above this line",
        "antworten oberhalb dieser zeile",
        "au-dessus de cette ligne",
        "por encima de esta línea",
        "请在此行上方回复",
    ];
    let text = text.trim();
    if text.len() > 160 || quote_depth(text) > 0 || text.contains(['「', '？']) || text.ends_with(['?', '。']) {
        return false;
    }
    let decorated =
        text.starts_with(['#', '-', '=', '*', '_', '~', '+', '[', '(', '―', '─', '—', '＝', '－', '＃', '▲', '↑']);
    let lower = text.to_lowercase();
    if PHRASES
        .iter()
        .any(|phrase| lower.contains(phrase) && (decorated || lower.starts_with("please") || lower == *phrase))
    {
        return true;
    }
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let japanese = has(&["返信", "回答", "入力", "ご記入"])
        && has(&["上", "うえ"])
        && has(&["この行", "この線", "このライン", "ここより", "この区切り"]);
    let english =
        has(&["reply", "type", "write", "respond", "answer"]) && has(&["above"]) && has(&["line", "delimiter"]);
    decorated && (japanese || english)
}

/// The lower-case words between two runs of dashes: `-----Original Message-----`.
pub(super) fn dashed(text: &str) -> Option<String> {
    const DASHES: [char; 7] = ['-', '_', '=', '―', '─', '—', '－'];
    let text = text.trim();
    if text.len() > LONG || !text.starts_with(DASHES) {
        return None;
    }
    let inner = text.trim_start_matches(DASHES);
    let opening = text[..text.len() - inner.len()].chars().count();
    let title = inner.trim_end_matches(DASHES).trim();
    let closing = inner.trim_end().len() > inner.trim_end_matches(DASHES).len();
    (opening >= 2 && closing && !title.is_empty()).then(|| title.to_lowercase())
}
