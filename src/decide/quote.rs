//! What an agent's mail answers, quoted below it (RFC 3676 §4.5), so that whoever reads it alone knows what it is about.

use chrono_tz::Tz;

use super::wording::{date_and_time, one_line};
use crate::domain::{Language, StoredMessage};

/// Lines and characters of a line that are quoted; who wrote them has the rest.
const MOST_LINES: usize = 60;
const MOST_CHARS: usize = 300;
const NAME_CHARS: usize = 80;

/// What `message` newly said, each line behind `> `, below a line that says when and who; `None` when it said nothing.
pub(super) fn quote(message: &StoredMessage, zone: Tz, language: Language) -> Option<String> {
    let said = message.reply_text.trim();
    if said.is_empty() {
        return None;
    }
    let name = if message.from.name.trim().is_empty() { &message.from.address } else { &message.from.name };
    let name = one_line(name, NAME_CHARS);
    let at = date_and_time(message.arrived_at, zone, language)?;
    let mut quoted = match language {
        Language::Ja => format!("{at}、{name} 様からのメール:"),
        Language::En => format!("On {at}, {name} wrote:"),
    };
    let lines = said.lines().map(|line| line.trim_end().chars().take(MOST_CHARS).collect::<String>());
    for line in lines.take(MOST_LINES) {
        quoted.push_str(if line.is_empty() { "\n>" } else { "\n> " });
        quoted.push_str(&line);
    }
    if said.lines().count() > MOST_LINES {
        quoted.push_str("\n> […]");
    }
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::stored;
    use super::*;

    #[test]
    fn the_newly_written_text_is_quoted_with_its_writer() {
        let zone = chrono_tz::Asia::Tokyo;
        let mut message = stored(9, 7);
        message.from.name = "山田\r\nBcc: x".to_owned();
        message.reply_text = "一行目\n\n二行目  \n".to_owned();
        let quoted = quote(&message, zone, Language::Ja).unwrap();
        let (first, rest) = quoted.split_once('\n').unwrap();
        assert!(first.ends_with("、山田 Bcc: x 様からのメール:"), "{first}");
        assert_eq!(rest, "> 一行目\n>\n> 二行目");
        assert!(quote(&message, zone, Language::En).unwrap().starts_with("On "));
        message.reply_text = "x\n".repeat(200);
        let long = quote(&message, zone, Language::En).unwrap();
        assert_eq!((long.lines().count(), long.lines().last()), (MOST_LINES + 2, Some("> […]")));
        message.reply_text = " \n".to_owned();
        assert_eq!(quote(&message, zone, Language::En), None);
    }
}
