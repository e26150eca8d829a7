//! How satisfied a requester is, read out of a reply: `4`, `満足度: 4 早くて助かりました`, `★★★★`. A number that may be anything else
//! is no rating: then people read the reply.

use crate::domain::service::Question;
use crate::domain::{Message, Status, Ticket};

/// Words before a number that say what it is.
const NAMES: [&str; 6] = ["満足度", "評価", "satisfaction", "rating", "score", "rate"];
/// Words before a text that belongs to a rating that is there.
const COMMENTS: [&str; 4] = ["コメント", "ご意見", "comment", "feedback"];
const MOST_CHARS: usize = 1_000;

/// The rating in a reply to a ticket that has ended and whose requester was asked: score, 1 to 5, and what was written with it.
pub(super) fn of(message: &Message, ticket: &Ticket) -> Option<(u8, String)> {
    let ended = matches!(ticket.status, Status::Resolved | Status::Closed);
    if !ended || ticket.course.asked_at.is_none() || message.act.is_some() {
        return None;
    }
    let more = || Some((ticket.course.rating.as_ref()?.score, comment(&message.reply_text)?));
    read(&message.reply_text).or_else(more)
}

/// The answers in what was written with a rating, each on a line of its own (`対応の早さ: 4`), and what is left of the text.
pub(super) fn answers(said: &str, questions: &[Question]) -> (Vec<(String, u8)>, String) {
    let mut found: Vec<(String, u8)> = Vec::new();
    let mut left = Vec::new();
    for line in said.lines() {
        match questions.iter().find_map(|question| Some((question, answer(line, question)?))) {
            Some((question, score)) => {
                found.retain(|(name, _)| *name != question.name);
                found.push((question.name.clone(), score));
            }
            None => left.push(line),
        }
    }
    (found, left.join("\n").trim().to_owned())
}

/// The score on a line that begins with the question in either language.
fn answer(line: &str, question: &Question) -> Option<u8> {
    let bare =
        |text: &str| text.trim_start_matches(|c: char| c.is_whitespace() || "・-*:\u{ff1a}".contains(c)).to_owned();
    let line = bare(line);
    let rest =
        [&question.title.ja, &question.title.en].into_iter().find_map(|title| line.strip_prefix(title.as_str()))?;
    let rest = bare(rest);
    let (score, tail) = stars(&rest).or_else(|| digit(&rest))?;
    matches!(tail.trim(), "" | "点" | "/5").then_some(score)
}

fn read(text: &str) -> Option<(u8, String)> {
    let text = text.trim();
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let named = after_name(line, &NAMES);
    let line = named.unwrap_or(line).trim();
    let (score, tail) = stars(line).or_else(|| digit(line))?;
    let tail =
        ["点です", "点", "です", "/5", "\u{ff0f}5"].iter().find_map(|unit| tail.strip_prefix(unit)).unwrap_or(tail);
    let said = tail.trim_start_matches(|c: char| c.is_whitespace() || "、。,!!:・-".contains(c));
    let parted = said.is_empty() || tail.starts_with(['、', '。', ',', '!', '\u{ff01}']);
    let counts_on = said.starts_with(|c: char| c.is_ascii_digit());
    if named.is_none() && (!parted || counts_on) {
        return None;
    }
    let whole = [said.trim(), rest.trim()].join("\n");
    Some((score, whole.trim().chars().take(MOST_CHARS).collect()))
}

fn comment(text: &str) -> Option<String> {
    let said = after_name(text.trim(), &COMMENTS)?.trim();
    (!said.is_empty()).then(|| said.chars().take(MOST_CHARS).collect())
}

/// What follows one of `names` and a colon, `は` or blanks.
fn after_name<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    let lower = text.to_lowercase();
    let name = names.iter().find(|name| lower.starts_with(**name))?;
    // Lower case of these words is as long as they are.
    let rest = text.get(name.len()..)?;
    let bare = rest.trim_start_matches(|c: char| c.is_whitespace() || ":\u{ff1a}=は".contains(c));
    (bare.len() < rest.len()).then_some(bare)
}

fn stars(text: &str) -> Option<(u8, &str)> {
    let count = text.chars().take_while(|c| *c == '★').count();
    let tail = text.trim_start_matches('★').trim_start_matches('☆');
    (1..=5).contains(&count).then(|| u8::try_from(count).ok()).flatten().map(|count| (count, tail))
}

fn digit(text: &str) -> Option<(u8, &str)> {
    let first = text.chars().next()?;
    // Full-width digits are as good as the others.
    let value = match first {
        '1'..='5' => u32::from(first) - u32::from('0'),
        '\u{ff11}'..='\u{ff15}' => u32::from(first) - 0xff10,
        _ => return None,
    };
    let tail = text.get(first.len_utf8()..)?;
    let goes_on = tail.starts_with(|c: char| c.is_ascii_digit() || ('\u{ff10}'..='\u{ff19}').contains(&c) || c == '.');
    (!goes_on).then(|| u8::try_from(value).ok()).flatten().map(|value| (value, tail))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, Scene, ticket};
    use super::*;
    use crate::domain::promise::Signal;
    use crate::domain::{Rating, Wish};

    #[test]
    fn plain_ratings_are_read_and_other_numbers_are_not() {
        for (text, wanted) in [
            ("5", Some((5, ""))),
            ("5", Some((5, ""))),
            ("4点です。", Some((4, ""))),
            ("満足度: 4 早くて助かりました", Some((4, "早くて助かりました"))),
            ("満足度は3です\n説明が長い", Some((3, "説明が長い"))),
            ("★★★★☆", Some((4, ""))),
            ("5、とても助かりました", Some((5, "とても助かりました"))),
            ("2\n\nslow answer", Some((2, "slow answer"))),
            ("Rating: 1 - nobody called back", Some((1, "nobody called back"))),
            ("5/5", Some((5, ""))),
            ("5/5, great", Some((5, "great"))),
            ("1. 再起動しましたが変わりません", None),
            ("2 servers are down again", None),
            ("3台まだ動きません", None),
            ("10", None),
            ("2, 3 and 4 are down", None),
            ("0", None),
            ("6", None),
            ("まだ動きません", None),
            ("rating", None),
            ("", None),
        ] {
            let got = read(text);
            assert_eq!(got.as_ref().map(|(score, said)| (*score, said.as_str())), wanted, "{text}");
        }
    }

    fn ended() -> Ticket {
        let mut known = ticket(Status::Resolved);
        known.resolved_at = Some(NOW.plus_ms(-1_000));
        known.course.asked_at = known.resolved_at;
        known
    }

    #[test]
    fn a_rating_stays_on_the_ticket_and_does_not_bring_it_back() {
        let changes = Scene::reply(ended(), "2\n遅い").planned();
        let after = &changes.tickets[0];
        let (by, comment) = ("hanako@client.example".to_owned(), "遅い".to_owned());
        assert_eq!(after.course.rating, Some(Rating { score: 2, comment, by, at: NOW }));
        assert_eq!((after.status, after.promises.count(Signal::Negative)), (Status::Resolved, 1));
        assert_eq!(changes.feedback[0].given.as_deref(), Some("2"));
        assert!(changes.outbound.is_empty());
        let more = Scene::reply(after.clone(), "コメント: 電話がほしかった").planned();
        let rating = more.tickets[0].course.rating.as_ref().unwrap();
        assert_eq!((rating.score, rating.comment.as_str()), (2, "電話がほしかった"));
        assert_eq!(more.tickets[0].promises.count(Signal::Negative), 1, "the same rating is not bad news twice");
    }

    #[test]
    fn answers_to_the_desks_own_questions_are_kept_apart_from_the_comment() {
        let question = |name: &str, ja: &str, en: &str| Question {
            name: name.into(),
            title: crate::domain::Bilingual { ja: ja.into(), en: en.into() },
        };
        let questions = vec![question("speed", "対応の早さ", "Speed"), question("words", "説明", "Clear words")];
        let text = "満足度: 4\n・対応の早さ: 3\n説明:5点\n説明: とても長い\nありがとう";
        let changes =
            Scene::reply(ended(), text).with(|scene| scene.catalog.service.questions.clone_from(&questions)).planned();
        let course = &changes.tickets[0].course;
        assert_eq!(course.answers, [("speed".to_owned(), 3), ("words".to_owned(), 5)]);
        let rating = course.rating.as_ref().unwrap();
        assert_eq!((rating.score, rating.comment.as_str()), (4, "説明: とても長い\nありがとう"));
        let english = answers("Speed: ★★☆☆☆\n- Clear words: 4/5\nSpeed 22", &questions);
        assert_eq!(english, (vec![("speed".to_owned(), 2), ("words".to_owned(), 4)], "Speed 22".to_owned()));
        let again = Scene::reply(changes.tickets[0].clone(), "3")
            .with(|scene| scene.catalog.service.questions.clone_from(&questions));
        assert_eq!(again.planned().tickets[0].course.answers.len(), 2, "a later rating takes no answer away");
    }

    #[test]
    fn a_rating_beside_a_wish_is_kept_and_the_wish_counts() {
        let thanked = Scene::reply(ended(), "5\nありがとうございました").wishes(&[Wish::Thanks]).planned();
        assert_eq!(thanked.tickets[0].course.rating.as_ref().map(|rating| rating.score), Some(5));
        let back = Scene::reply(ended(), "1\n解決していません").wishes(&[Wish::NotSolved]).planned();
        assert_eq!(back.tickets[0].course.rating.as_ref().map(|rating| rating.score), Some(1));
        assert_eq!(back.tickets[0].status, Status::New);
    }

    #[test]
    fn who_was_not_asked_means_something_else_by_a_number() {
        let mut unasked = ended();
        unasked.course.asked_at = None;
        assert_eq!(Scene::reply(unasked, "5").planned().tickets[0].status, Status::New);
        let open = Scene::reply(ticket(Status::Open), "5").planned();
        assert_eq!(open.tickets[0].course.rating, None);
    }
}
