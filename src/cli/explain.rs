//! `ask --explain`: why a message is decided the way it is, in the words of a support lead.

use super::ask::Answer;
use super::rules_words;
use crate::domain::{ArticleCandidate, Bar, Bilingual, Language, Measured, RuleHit, Wish};
use crate::workers::live::Rules;

/// Shares of the logit below this are not worth a word.
const WORTH: f64 = 0.05;
/// Candidates and shares that are shown.
const CANDIDATES: usize = 5;
const SHARES: usize = 6;

/// What the trace calls its checks.
const CHECKS: &[(&str, &str, &str)] = &[
    ("guard", "受け付けるか", "taken in at all"),
    ("follow_up", "既存のチケットか", "belongs to a ticket"),
    ("escalate", "すぐ二次窓口へ", "straight to the second line"),
    ("answer", "記事で答えるか", "an article answers"),
    ("ask", "足りない項目を聞くか", "ask for details"),
    ("file", "担当者へ", "goes to people"),
    ("intent", "依頼の種類", "request type"),
    ("priority", "優先度", "priority"),
    ("rule", "窓口のルール", "desk rule"),
    ("route", "担当窓口", "queue"),
    ("reply", "返信", "reply"),
];

/// What the features of an article are called.
const FEATURES: &[(&str, &str, &str)] = &[
    ("bias", "出発点", "starting point"),
    ("nearest question", "最も近い質問例", "nearest question of the article"),
    ("second question", "次に近い質問例", "second nearest question"),
    ("question in query", "質問例が文中にある", "its question is in the text"),
    ("query in article", "文が記事にある", "the text is in the article"),
    ("search score", "検索の点", "search score"),
    ("dictionary words", "辞書の語", "dictionary words"),
    ("lead over next", "次の候補との差", "lead over the next"),
    ("amount of evidence", "手がかりの量", "amount of evidence"),
    ("same request type", "依頼の種類が同じ", "same request type"),
    ("heaviest word missing", "大事な語が記事にない", "an important word is missing"),
    ("unknown words", "知らない語", "unknown words"),
    ("unknown names", "知らない名前", "unknown names"),
    ("asks to do", "作業の依頼", "asks for work to be done"),
    ("letters", "文字の並びの近さ", "likeness of letters"),
];

/// The explanation, line by line.
pub(super) fn lines(answer: &Answer, rules: &Rules, language: Language) -> Vec<String> {
    let tell = Tell { language };
    let mut lines = vec![String::new(), tell.pick("理由", "why").to_owned()];
    for step in &answer.decided.trace {
        let mark = if step.decided { "→" } else { " " };
        let name = step.check.split('.').next().unwrap_or(&step.check);
        lines.push(format!("  {mark} {} [{}]: {}", tell.name(CHECKS, name), step.check, step.because));
    }
    let found = &answer.classification;
    lines.extend(rules_words::explained(answer, rules, language));
    lines.push(tell.pick("一致した規則と語", "rules and the words they matched").to_owned());
    lines.extend(found.rules.iter().map(|hit| tell.rule(hit)));
    lines.extend(found.wishes.iter().map(|wish| tell.wish(*wish)));
    if found.rules.is_empty() && found.wishes.is_empty() {
        lines.push(format!("  {}", tell.pick("なし", "none")));
    }
    lines.push(tell.pick("依頼の種類の候補", "request types that may be meant").to_owned());
    for candidate in &found.intents {
        let title = rules.catalog.intent(&candidate.intent).map_or("", |intent| intent.title.get(language));
        lines.push(format!("  {:>5.1} %  {} {title}", candidate.probability * 100.0, candidate.intent));
    }
    lines.push(tell.thresholds(rules));
    lines.push(tell.pick("記事の候補", "articles that may answer").to_owned());
    for candidate in found.articles.iter().take(CANDIDATES) {
        lines.extend(tell.article(candidate, rules));
    }
    if found.articles.is_empty() {
        lines.push(format!("  {}", tell.pick("なし", "none")));
    }
    lines
}

struct Tell {
    language: Language,
}

impl Tell {
    fn pick<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    /// The name people know something under; its own where there is none.
    fn name<'a>(&self, names: &[(&str, &'a str, &'a str)], of: &'a str) -> &'a str {
        names.iter().find(|(name, ..)| *name == of).map_or(of, |(_, ja, en)| self.pick(ja, en))
    }

    fn rule(&self, hit: &RuleHit) -> String {
        let sure = if hit.certain { self.pick("確定", "certain") } else { self.pick("参考", "adds weight") };
        format!("  {} → {} ({sure}): 「{}」", hit.rule, hit.intent, hit.matched)
    }

    fn wish(&self, wish: Wish) -> String {
        let words = match wish {
            Wish::Person => Bilingual { ja: "担当者と話したい".into(), en: "wants a person".into() },
            Wish::Thanks => Bilingual { ja: "お礼だけ".into(), en: "thanks, and nothing more".into() },
            Wish::Solved => Bilingual { ja: "解決した".into(), en: "says it is solved".into() },
            Wish::NotSolved => Bilingual { ja: "解決しなかった".into(), en: "says it did not help".into() },
            Wish::Status => Bilingual { ja: "状況を知りたい".into(), en: "asks how it stands".into() },
            Wish::High => Bilingual { ja: "急ぎ".into(), en: "in a hurry".into() },
            Wish::Low => Bilingual { ja: "急がない".into(), en: "no hurry".into() },
            Wish::Complaint => Bilingual { ja: "苦情".into(), en: "a complaint".into() },
            Wish::Security => {
                Bilingual { ja: "セキュリティ事故の語".into(), en: "words of a security incident".into() }
            }
        };
        format!("  {}", words.get(self.language))
    }

    fn thresholds(&self, rules: &Rules) -> String {
        let shipped = rules.catalog.thresholds;
        let policy = &rules.catalog.policy;
        let alone = policy.overall.as_ref().map_or(shipped.answer, |bar| bar.threshold);
        let measured = policy.overall.as_ref().map(|bar| bar.measured).filter(|measured| measured.count() > 0);
        let so_far = measured.map_or_else(
            || self.pick("まだ評価された回答はありません", "no answer was judged yet").to_owned(),
            |measured| self.figures(&measured),
        );
        match self.language {
            Language::Ja => format!(
                "基準: 確率 {alone:.3} 以上で回答、{:.3} 以上で候補を提示。回答の正解率の目標 {:.0} %、実績: {so_far}",
                shipped.suggest,
                shipped.answer * 100.0
            ),
            Language::En => format!(
                "thresholds: answers from {alone:.3} on, offers from {:.3} on; {:.0} % of answers are to be right; so far: {so_far}",
                shipped.suggest,
                shipped.answer * 100.0
            ),
        }
    }

    fn figures(&self, measured: &Measured) -> String {
        let precision = measured.precision().unwrap_or_default() * 100.0;
        let (right, count) = (measured.right, measured.count());
        let (low, high) = (measured.low * 100.0, measured.high * 100.0);
        match self.language {
            Language::Ja => {
                format!("評価された {count} 件中 {right} 件が正解 ({precision:.0} %、95 % 区間 {low:.0}〜{high:.0} %)")
            }
            Language::En => {
                format!("{right} of {count} judged were right ({precision:.0} %, likely {low:.0} to {high:.0} %)")
            }
        }
    }

    fn article(&self, candidate: &ArticleCandidate, rules: &Rules) -> Vec<String> {
        let catalog = &rules.catalog;
        let article = catalog.article(&candidate.article, self.language);
        let title = article.map_or("", |article| article.title.as_str());
        let mut lines = vec![format!("  {:>5.1} %  {} {title}", candidate.probability * 100.0, candidate.article)];
        if article.is_some_and(|article| !article.answer_alone) {
            let alone = self.pick("この記事は自動では送らず、候補としてだけ示します", "never sent alone, only offered");
            lines.push(format!("           {alone}"));
        }
        lines.extend(catalog.policy.articles.get(&candidate.article).map(|bar| self.bar(bar)));
        let mut shares: Vec<&(String, f64)> =
            candidate.features.iter().filter(|(_, share)| share.abs() >= WORTH).collect();
        shares.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let shown: Vec<String> = shares
            .into_iter()
            .take(SHARES)
            .map(|(name, share)| format!("{} {share:+.1}", self.name(FEATURES, name)))
            .collect();
        if !shown.is_empty() {
            lines.push(format!("           {}", shown.join(self.pick("、", ", "))));
        }
        lines
    }

    fn bar(&self, bar: &Bar) -> String {
        let figures = if bar.measured.count() > 0 {
            self.figures(&bar.measured)
        } else {
            self.pick("回答としてはまだ評価がありません", "no answer with it was judged").to_owned()
        };
        let from = match (bar.threshold > 1.0, self.language) {
            (true, Language::Ja) => "自動では送りません".to_owned(),
            (true, Language::En) => "it is only offered".to_owned(),
            (false, Language::Ja) => format!("確率 {:.3} 以上で回答", bar.threshold),
            (false, Language::En) => format!("answers from {:.3} on", bar.threshold),
        };
        format!("           {figures}{}{from}", self.pick("。", "; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Learned;

    #[test]
    fn every_check_and_feature_has_a_name_in_both_languages() {
        for (name, ja, en) in CHECKS.iter().chain(FEATURES) {
            assert!(!name.is_empty() && !ja.is_ascii() && en.is_ascii(), "{name}");
        }
    }

    #[test]
    fn an_explanation_shows_figures_and_why_an_article_is_held_back() {
        let config = crate::config::Config::parse(std::path::Path::new("madoguchi.toml"), "", &[]).unwrap();
        let mut learned = Learned::default();
        let measured = Measured { right: 1, wrong: 2, low: 0.06, high: 0.79 };
        learned.policy.wanted = 0.95;
        learned.policy.overall = Some(Bar { threshold: 0.95, measured });
        learned.policy.articles.insert("password-reset".into(), Bar { threshold: 1.1, measured });
        let rules = crate::app::rules_with(&config, &learned).unwrap();
        let answer = super::super::ask::answer(
            &rules,
            |message| message,
            ("", "パスワードを忘れてしまいログインできません"),
            None,
        );
        assert_eq!(answer.decided.decision.name(), "suggest");
        let ja = lines(&answer, &rules, Language::Ja).join("\n");
        for word in
            ["理由", "3 件中 1 件が正解", "33 %", "6〜79 %", "自動では送りません", "最も近い質問例", "answer.measured"]
        {
            assert!(ja.contains(word), "no {word}:\n{ja}");
        }
        let en = lines(&answer, &rules, Language::En).join("\n");
        for word in
            ["why", "1 of 3 judged were right (33 %, likely 6 to 79 %)", "it is only offered", "nearest question"]
        {
            assert!(en.contains(word), "no {word}:\n{en}");
        }
    }
}
