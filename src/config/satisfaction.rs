//! `[satisfaction]`: what requesters are asked beside how satisfied they are, and what the desk says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::document::Document;
use crate::domain::Bilingual;
use crate::domain::reporting::OVERALL;
use crate::domain::service::Question;

/// More of them nobody answers.
const MOST_QUESTIONS: usize = 10;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    questions: Vec<RawQuestion>,
    own: BTreeMap<String, BTreeMap<String, u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    name: String,
    ja: String,
    en: String,
}

/// The questions, and the desk's ratings of itself: period, question, score.
pub(super) fn satisfaction(document: &mut Document<'_>) -> (Vec<Question>, Vec<(String, String, u8)>) {
    let raw: Raw = document.section("satisfaction").unwrap_or_default();
    let mut questions: Vec<Question> = Vec::new();
    for RawQuestion { name, ja, en } in raw.questions {
        let known = questions.iter().any(|other| other.name == name || other.title.ja == ja || other.title.en == en);
        let plain = |text: &str| !text.trim().is_empty() && !text.contains([':', '\u{ff1a}', '\n']);
        if known
            || name == OVERALL
            || questions.len() == MOST_QUESTIONS
            || ![&name, &ja, &en].iter().all(|one| plain(one))
        {
            let line = document.line_of("satisfaction", "questions");
            let message = format!(
                "[satisfaction] questions: `{name}`: write at most {MOST_QUESTIONS}, each with a name other than {OVERALL} and \
                 words without a colon, none twice"
            );
            document.fault(line, message);
        } else {
            questions.push(Question { name, title: Bilingual { ja, en } });
        }
    }
    let mut own = Vec::new();
    for (period, scores) in raw.own {
        for (question, score) in scores {
            let known = question == OVERALL || questions.iter().any(|one| one.name == question);
            if !known || !(1..=5).contains(&score) {
                let line = document.line_of("satisfaction", "own");
                let message = format!(
                    "[satisfaction] own: {period}: {question} = {score}: write {OVERALL} or the name of a question, and 1 to 5"
                );
                document.fault(line, message);
            } else {
                own.push((period.clone(), question, score));
            }
        }
    }
    (questions, own)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;

    #[test]
    fn questions_and_the_desks_own_ratings_are_read_and_faults_named() {
        let read = |text: &str| Config::parse(Path::new("desk/madoguchi.toml"), text, &[]);
        let speed = "{ name = \"speed\", ja = \"対応の早さ\", en = \"Speed\" }";
        let text =
            format!("[satisfaction]\nquestions = [{speed}]\nown = {{ \"2026-10\" = {{ overall = 4, speed = 3 }} }}\n");
        let config = read(&text).unwrap();
        assert_eq!(
            (config.service.questions[0].name.as_str(), config.service.questions[0].title.ja.as_str()),
            ("speed", "対応の早さ")
        );
        let own: Vec<(&str, u8)> =
            config.report.own.iter().map(|(_, question, score)| (question.as_str(), *score)).collect();
        assert_eq!(own, [("overall", 4), ("speed", 3)]);
        for (old, new, line) in [
            ("overall = 4", "overall = 6", 3),
            ("speed = 3", "words = 3", 3),
            ("\"speed\", ja", "\"overall\", ja", 2),
            ("対応の早さ", "早さ:", 2),
            (speed, &format!("{speed}, {speed}"), 2),
        ] {
            let faults = read(&text.replacen(old, new, 1)).unwrap_err();
            assert!(faults.iter().any(|fault| fault.line == line), "{new}: {faults:?}");
        }
    }
}
