//! The block of header fields Outlook, Notes, phones and others write above a quote:
//!
//! ```text
//! From: … / Von: … / 差出人: …        (any order, bold marks, tabs, wrapped address lists)
//! Sent: … / Gesendet: … / 送信日時: …  (a date field is what makes it a header: people list the other fields too)
//! To: … / An: … / 宛先: …
//! Subject: … / Betreff: … / 件名: …
//! ```

use super::line::{LONG, is_blank, quote_depth};

const MAX_FIELDS: usize = 14;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    From,
    Date,
    To,
    Subject,
    Other,
}

/// The line after the header block that begins at `at`.
pub(super) fn block(lines: &[&str], at: usize) -> Option<usize> {
    let (first, _) = field(lines[at])?;
    // The middle of a block that was looked at whole.
    let is_middle = at.checked_sub(1).is_some_and(|above| field(lines[above]).is_some());
    if first == Field::Other || is_middle {
        return None;
    }
    let block = read(lines, at);
    let kinds = block.seen.iter().filter(|kind| **kind != Field::Other).count();
    let is_person = block.has(Field::From) || block.has(Field::To);
    let is_header = block.has(Field::Date) && !block.raw && is_person && (kinds >= 3 || block.addressed);
    (is_header && !is_listed(lines, at)).then_some(block.end)
}

/// Whether the fields are what the person tells: an SMTP session goes on here, or the sentence above announces them and
/// no rule of a mail program stands between.
fn is_listed(lines: &[&str], at: usize) -> bool {
    let Some(above) = lines[..at].iter().rev().take(4).find(|text| !is_blank(text)) else { return false };
    let above = above.trim();
    let code = above.as_bytes();
    let is_reply_code = code.len() > 4
        && code[..3].iter().all(u8::is_ascii_digit)
        && matches!(code[3], b' ' | b'-')
        && code[4].is_ascii_alphabetic();
    above == "DATA" || is_raw(above) || is_reply_code || super::signature::promises_data(above)
}

/// The line after what fields follow at `at`, blank lines before them skipped; `at` itself when there are none.
pub(super) fn after_marker(lines: &[&str], at: usize) -> usize {
    let Some(first) = super::next_written(lines, at).filter(|first| *first <= at + 2) else { return at };
    if field(unquoted(lines[first])).is_none() {
        return at;
    }
    if quote_depth(lines[first]) > 0 { at } else { read(lines, first).end }
}

struct Block {
    /// The kinds of fields seen; a date counts only with a digit in it.
    seen: Vec<Field>,
    /// A sender or recipient with an address.
    addressed: bool,
    /// Holds fields that only a raw header has.
    raw: bool,
    /// The line after the last field.
    end: usize,
}

impl Block {
    fn has(&self, kind: Field) -> bool {
        self.seen.contains(&kind)
    }

    /// The next field; `false` when it belongs to another block.
    fn add(&mut self, kind: Field, value: &str) -> bool {
        if kind == Field::From && self.has(kind) {
            return false;
        }
        let is_digit = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c);
        if !self.has(kind) && (kind != Field::Date || value.contains(is_digit)) {
            self.seen.push(kind);
        }
        self.addressed |= matches!(kind, Field::From | Field::To) && value.contains('@');
        true
    }
}

fn read(lines: &[&str], at: usize) -> Block {
    let mut block = Block { seen: Vec::new(), addressed: false, raw: false, end: at };
    let mut last = Field::Other;
    for (offset, text) in lines[at..].iter().take(MAX_FIELDS).enumerate() {
        let next = lines.get(at + offset + 1);
        if is_blank(text) {
            // Some HTML forms put a blank line between the fields.
            let more = next.and_then(|next| field(next)).is_some_and(|(kind, _)| kind != Field::From);
            if more && block.end > at && !block.has(Field::Subject) {
                continue;
            }
            break;
        }
        if let Some((kind, value)) = field(text) {
            if !block.add(kind, value) {
                break;
            }
            last = kind;
        } else {
            block.raw |= is_raw(text);
            let closes = next.is_none_or(|next| is_blank(next) || field(next).is_some());
            if text.len() > LONG || !continues(text, last, closes) {
                break;
            }
        }
        block.end = at + offset + 1;
    }
    block
}

/// Whether a line without a label goes on with the field before it: an address list, or the end of a long subject.
fn continues(text: &str, last: Field, closes: bool) -> bool {
    let is_list = text.starts_with([' ', '\t']) || text.contains('@') || text.trim_end().ends_with(['>', ';', ',']);
    match last {
        Field::From | Field::To | Field::Other => is_list,
        Field::Subject => closes && text.len() < 120 && text.starts_with(' '),
        Field::Date => false,
    }
}

/// `Received: …`, `X-Mailer: …`: somebody pasted the header of a mail.
fn is_raw(text: &str) -> bool {
    let Some((name, _)) = text.split_once(':') else { return false };
    let name = name.to_ascii_lowercase();
    name.starts_with("x-")
        || matches!(
            name.as_str(),
            "received"
                | "return-path"
                | "mime-version"
                | "content-type"
                | "dkim-signature"
                | "delivered-to"
                | "authentication-results"
                | "received-spf"
                | "arc-seal"
        )
}

fn unquoted(text: &str) -> &str {
    text.trim_start_matches(['>', '＞', ' '])
}

/// The kind of header field a line is, with its value.
fn field(text: &str) -> Option<(Field, &str)> {
    let text = text.trim_start_matches([' ', '\t', '*', '\u{a0}', '\u{3000}', '\u{feff}']);
    let at = text.find([':', '：'])?;
    if at > 40 || at == 0 {
        return None;
    }
    let colon = text[at..].chars().next().map_or(1, char::len_utf8);
    let value = text[at + colon..].trim_start_matches('*').trim();
    let label: String = text[..at].chars().filter(|c| !matches!(c, '*' | '_' | '\u{3000}')).collect();
    let label = label.trim().to_lowercase();
    // Half-width Japanese labels are padded to one width: `件 名`.
    let label = if label.is_ascii() || !label.contains(' ') || label.chars().any(char::is_lowercase) {
        label
    } else {
        label.replace(' ', "")
    };
    Some((kind(&label)?, value))
}

/// What the line with the date begins with.
const DATES: &[&str] = &[
    "sent",
    "date",
    "gesendet",
    "datum",
    "envoyé",
    "envoyé le",
    "date d'envoi",
    "enviado",
    "enviado el",
    "fecha",
    "enviada em",
    "enviado em",
    "enviada",
    "data",
    "inviato",
    "data invio",
    "verzonden",
    "skickat",
    "dato",
    "sendt",
    "wysłano",
    "отправлено",
    "дата",
    "lähetetty",
    "päivämäärä",
    "päiväys",
    "gönderildi",
    "tarih",
    "gönderme tarihi",
    "odesláno",
    "送信日時",
    "日時",
    "日付",
    "送信日",
    "送信済み",
    "送信済",
    "受信日時",
    "发送时间",
    "日期",
    "寄件日期",
    "時間",
    "时间",
    "보낸 날짜",
    "날짜",
    "sent at",
    "date sent",
];

fn kind(label: &str) -> Option<Field> {
    Some(match label {
        "from" | "von" | "de" | "da" | "van" | "från" | "fra" | "od" | "от" | "від" | "lähettäjä" | "kimden"
        | "expéditeur" | "remitente" | "mittente" | "absender" | "差出人" | "送信者" | "送信元" | "发件人"
        | "寄件者" | "寄件人" | "보낸 사람" | "보낸사람" | "desde" => Field::From,
        label if DATES.contains(&label) => Field::Date,
        "to" | "an" | "à" | "para" | "a" | "aan" | "till" | "til" | "do" | "кому" | "vastaanottaja" | "kime"
        | "komu" | "pour" | "destinataire" | "宛先" | "あて先" | "宛て先" | "送信先" | "收件人" | "收件者"
        | "받는 사람" | "받는사람" => Field::To,
        "subject" | "betreff" | "objet" | "asunto" | "assunto" | "oggetto" | "onderwerp" | "ämne" | "emne"
        | "temat" | "тема" | "aihe" | "konu" | "předmět" | "件名" | "題名" | "标题" | "主题" | "主旨" | "主題"
        | "제목" => Field::Subject,
        "cc" | "bcc" | "kopie" | "copie" | "kopia" | "ｃｃ" | "reply-to" | "reply to" | "antwort an" | "répondre à"
        | "返信先" | "importance" | "重要度" | "priority" | "attachments" | "添付ファイル" | "添付" | "anlagen"
        | "message-id" | "organization" | "抄送" | "副本" | "参照" => Field::Other,
        _ => return None,
    })
}
