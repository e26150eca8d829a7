//! The sentence above a quote, on one to four lines:
//!
//! | client | form |
//! |---|---|
//! | Gmail, Apple, Thunderbird | opener, date, time, name, `<address>`, verb, colon: `On … wrote:`, `Am … schrieb …:`, `Le … a écrit :` |
//! | Gmail in Japanese, Yandex, mail.ru | date, time, name, `<address>`, colon, no verb |
//! | Apple in Japanese | `2024/05/20 11:02、… <…>のメール:` |
//! | Japanese mailers | `… さんは書きました:`, `… のメールから引用:`, `----- … さんのメッセージ (…) -----` |
//! | EdMax, GroupWise | `Taro <…> wrote in <id>`, `>>> Taro <…> date >>>` |
//! | Unix mailers | `At …, … wrote:`, `In message <…> … writes:` |

use std::sync::LazyLock;

use regex::Regex;

use super::line::{LONG, is_blank, next_written, quote_depth};
use super::markers::dashed;

const MAX_LINES: usize = 4;

/// Verbs that stand at the end of the sentence.
const VERBS: &[&str] = &[
    "wrote",
    "writes",
    "sent",
    "schrieb",
    "schrieb am",
    "a écrit",
    "escribió",
    "escribio",
    "escreveu",
    "ha scritto",
    "scrisse",
    "skrev",
    "schreef",
    "geschreven",
    "napisał",
    "napisał(a)",
    "napisała",
    "píše",
    "napsal",
    "napsal(a)",
    "написал",
    "написал(а)",
    "написала",
    "пишет",
    "писал",
    "писал(а)",
    "пише",
    "đã viết",
    "kirjoitti",
    "yazdı",
    "写道",
    "寫道",
    "a scris",
    "書きました",
    "のメール",
    "さんの書き込み",
    "の投稿",
    "のメールから引用",
    "からの引用",
    "より引用",
    "からのメッセージ",
    "からのメール",
    "さんのメッセージ",
    "さんの発言",
    "が送信しました",
    "님이 작성",
    "님이 씀",
];

/// Verbs with the name after them, in sentences that begin with a date.
const MIDDLE_VERBS: &[&str] =
    &[" schrieb", " skrev", " wrote", " heeft ", " escribió", " a écrit", " schreef", " kirjoitti"];

static DATE_START: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^[*"(「\[<_]{0,3}\s*(?:\p{L}{1,12}[.,]*\s+){0,4}\d{1,4}\D"#).ok());
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\d{1,4}\s?[/.\-年]\s?(?:\d{1,2}|\p{L}{3,9}\.?)\s?[/.\-月]|\d{1,2}[.,]?\s(?:de\s|tháng\s)?[\p{L}\d]{1,10}[.,]*\s(?:de\s|del\s)?\d{4}|\p{L}{3,9}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4}").ok()
});
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d{1,2}[:時.h]\d{2}").ok());

/// The line after the attribution that begins at `at`.
pub(super) fn end(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines[at].trim();
    if first.len() > LONG {
        return None;
    }
    if let Some(title) = first.strip_prefix(">>> ").and_then(|rest| rest.strip_suffix(">>>")) {
        // GroupWise sets the sentence between marks and quotes without any.
        return (title.contains('@') && has_date(title)).then_some(at + 1);
    }
    if quote_depth(first) > 0 {
        return None;
    }
    if let Some(title) = dashed(first) {
        let is_message = [
            "さんのメッセージ",
            "からのメッセージ",
            "さんからのメール",
            "さんのメール",
            " wrote",
            "は書きました",
            "が書きました",
        ];
        return is_message.iter().any(|words| title.contains(words)).then_some(at + 1);
    }
    if first.contains(|c: char| c.is_ascii_digit()) && matches(&DATE_START, first) {
        let mut joined = String::with_capacity(first.len() + 64);
        for (offset, text) in lines[at..].iter().take(MAX_LINES).enumerate() {
            if is_blank(text) || joined.len() > LONG || (offset > 0 && quote_depth(text) > 0) {
                break;
            }
            if offset > 0 {
                joined.push(' ');
            }
            joined.push_str(text.trim());
            if is_attribution(&joined, lines, at, at + offset + 1) {
                return Some(at + offset + 1);
            }
        }
    }
    is_undated(first, lines, at + 1).then_some(at + 1)
}

fn is_attribution(sentence: &str, lines: &[&str], at: usize, end: usize) -> bool {
    let Some(body) = without_colon(sentence) else {
        let has_address = sentence.ends_with('>') && sentence.contains('@');
        let bare_verb = VERBS.iter().any(|verb| verb.len() > 9 && sentence.trim_end_matches('。').ends_with(verb));
        return (has_address || bare_verb) && has_date(sentence) && quote_follows(lines, end);
    };
    if !(has_date(body) || matches(&TIME, body) && starts_with_opener(body)) {
        return false;
    }
    if ends_with_verb(body) || MIDDLE_VERBS.iter().any(|verb| body.contains(verb)) {
        return true;
    }
    let after_gap = at == 0 || is_blank(lines[at - 1]);
    let has_address = body.ends_with(['>', ')']) && body.contains('@') || ends_with_address(body);
    has_address && (after_gap || matches(&TIME, body) || quote_follows(lines, end))
}

/// `Taro <taro@example.jp> wrote:`, `In message <…> Taro writes:`, `… さんの … のメールから引用:`.
fn is_undated(sentence: &str, lines: &[&str], end: usize) -> bool {
    let Some(body) = without_colon(sentence) else {
        // EdMax: the Message-ID stands at the end.
        let named = [" wrote in <", " writes in <"].iter().any(|verb| sentence.contains(verb));
        return named && sentence.ends_with('>') && quote_follows(lines, end);
    };
    if sentence.len() > 240 || !ends_with_verb(body) || body.contains(['「', '」']) && !body.contains('@') {
        return false;
    }
    let addressed = body.contains('@')
        && (body.contains(['<', '(', '[']) || body.split(' ').next().is_some_and(|word| word.contains('@')))
        && !body.starts_with(|c: char| c.is_lowercase());
    addressed || quote_follows(lines, end) || (has_date(body) && !body.is_ascii())
}

fn starts_with_opener(body: &str) -> bool {
    let word = body.split_whitespace().next().unwrap_or_default();
    matches!(
        word,
        "On" | "Op"
            | "Am"
            | "Le"
            | "El"
            | "Il"
            | "Em"
            | "Den"
            | "At"
            | "Vào"
            | "Dnia"
            | "W"
            | "В"
            | "A"
            | "Dne"
            | "Pada"
    )
}

fn without_colon(sentence: &str) -> Option<&str> {
    let body = sentence.trim_end_matches(['*', '_', ' ']);
    let body = body.strip_suffix([':', '：'])?;
    Some(body.trim_end_matches([' ', '\u{a0}', '\u{202f}', '*']))
}

fn ends_with_verb(body: &str) -> bool {
    let mut tail = body.len().saturating_sub(64);
    while !body.is_char_boundary(tail) {
        tail += 1;
    }
    let tail = body[tail..].to_lowercase();
    VERBS.iter().any(|verb| {
        tail.strip_suffix(verb).is_some_and(|before| {
            !verb.is_ascii() || before.ends_with(|c: char| !c.is_alphanumeric()) || before.is_empty()
        })
    })
}

fn ends_with_address(body: &str) -> bool {
    body.rsplit(char::is_whitespace).next().is_some_and(|word| word.contains('@') && word.contains('.'))
}

fn quote_follows(lines: &[&str], from: usize) -> bool {
    next_written(lines, from)
        .is_some_and(|at| at <= from + 6 && (quote_depth(lines[at]) > 0 || lines[at].starts_with('|')))
}

fn has_date(text: &str) -> bool {
    matches(&DATE, text)
}

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}
