//! Which articles need care, and what to do about each: past their review date, never used, often wrong, doubled, contradicting each
//! other, not translated, waiting for approval.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::classify::likeness::{Features, features};
use crate::domain::words::words;
use crate::domain::{Article, ArticleStatus, Bilingual, Language, Measured, Policy, Timestamp, Use, Visibility};
use crate::text::normalise;
use crate::text::synonyms::Synonyms;

use super::figures::{Facts, facts};
use super::groups::{Index, Scores};

/// Two ways to ask this alike mean the same.
const ALIKE: f32 = 0.8;
/// Two ways to ask this alike are the same.
const EQUAL: f32 = 0.97;
/// Articles that share this part of the ways to ask of one of them are doubles.
const SHARED: f64 = 0.4;
/// Answers to the same question less alike than this say different things.
const OTHER_ANSWER: f32 = 0.2;
/// With fewer judgements nothing is said of an article's precision.
const FEWEST: u32 = 3;
const DAY_MS: i64 = 86_400_000;

words! {
    /// What is the matter, the worst first.
    Trouble {
        /// Two articles answer the same question in different ways.
        Contradiction = "contradiction",
        /// Too many of its answers were wrong.
        LowPrecision = "low_precision",
        /// The two languages give different figures.
        TranslationDiffers = "translation_differs",
        /// Two articles answer the same question.
        NearDuplicate = "near_duplicate",
        /// It should have been looked at.
        Overdue = "overdue",
        /// It exists in one language only.
        MissingTranslation = "missing_translation",
        /// Nobody has approved it yet.
        DraftWaiting = "draft_waiting",
        /// It answered nothing and was not offered.
        NeverUsed = "never_used",
    }
}

impl Trouble {
    /// Its name for people.
    #[must_use]
    pub fn title(self) -> Bilingual {
        let (ja, en) = match self {
            Self::Contradiction => ("答えが食い違う記事", "answers that contradict each other"),
            Self::LowPrecision => ("正解率が低い記事", "too often wrong"),
            Self::TranslationDiffers => ("日本語と英語で数字が違う記事", "the languages give different figures"),
            Self::NearDuplicate => ("ほぼ同じ質問の記事", "asked the same"),
            Self::Overdue => ("見直し期限を過ぎた記事", "review is overdue"),
            Self::MissingTranslation => ("片方の言語しかない記事", "not translated"),
            Self::DraftWaiting => ("承認待ちの下書き", "drafts that wait for approval"),
            Self::NeverUsed => ("使われていない記事", "not used"),
        };
        Bilingual { ja: ja.to_owned(), en: en.to_owned() }
    }
}

/// Something a support lead should look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The article.
    pub article: String,
    /// Its language.
    pub language: Language,
    /// What is the matter.
    pub trouble: Trouble,
    /// The other article, where there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// What it rests on, in words.
    pub because: Bilingual,
    /// What to do.
    pub advice: Bilingual,
    /// How many of its answers were right, for [`Trouble::LowPrecision`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

/// What is known beside the articles.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// How right the answers were.
    pub policy: &'a Policy,
    /// The share of answers that must be right.
    pub wanted: f64,
    /// How often each article was used in the last `unused_days`.
    pub uses: &'a [Use],
    /// When the desk got its first message; `None` while it has none.
    pub first_message_at: Option<Timestamp>,
    /// An article that was not used for this long is not needed.
    pub unused_days: i64,
    /// What time it is.
    pub now: Timestamp,
    /// The day it is at the desk.
    pub today: chrono::NaiveDate,
}

/// What is the matter with `articles` (drafts among them), the worst first.
#[must_use]
pub fn findings(articles: &[&Article], known: &Known<'_>, synonyms: &Synonyms) -> Vec<Finding> {
    let active: Vec<&Article> =
        articles.iter().copied().filter(|article| article.status == ArticleStatus::Active).collect();
    let mut all = pairs(&active, synonyms);
    all.extend(active.iter().filter_map(|article| overdue(article, known)));
    all.extend(active.iter().filter_map(|article| unused(article, known)));
    all.extend(translations(&active));
    let mut ids = BTreeSet::new();
    let first = active.iter().filter(|article| ids.insert(&article.id));
    all.extend(first.filter_map(|article| imprecise(article, known)));
    let drafts = articles.iter().filter(|article| article.status == ArticleStatus::Draft);
    all.extend(drafts.map(|article| waiting(article)));
    all.sort_by(|a, b| {
        (a.trouble, &a.article, a.language, &a.other).cmp(&(b.trouble, &b.article, b.language, &b.other))
    });
    all
}

fn finding(article: &Article, trouble: Trouble, because: [String; 2], advice: [&str; 2]) -> Finding {
    let [ja, en] = because;
    Finding {
        article: article.id.clone(),
        language: article.language,
        trouble,
        other: None,
        because: Bilingual { ja, en },
        advice: Bilingual { ja: advice[0].to_owned(), en: advice[1].to_owned() },
        measured: None,
    }
}

fn overdue(article: &Article, known: &Known<'_>) -> Option<Finding> {
    let day = article.review_by.filter(|day| *day < known.today)?;
    let days = (known.today - day).num_days();
    let because =
        [format!("見直し期限 {day} を {days} 日過ぎています"), format!("its review was due on {day}, {days} days ago")];
    let advice = ["内容を確かめ、review_by を先の日付にする", "check what it says and set review_by to a later day"];
    Some(finding(article, Trouble::Overdue, because, advice))
}

fn unused(article: &Article, known: &Known<'_>) -> Option<Finding> {
    let long_enough = known.now.plus_ms(-known.unused_days.saturating_mul(DAY_MS));
    // A desk that is younger than that has not had the time to use everything.
    known.first_message_at.filter(|first| *first <= long_enough)?;
    let used = known.uses.iter().find(|one| one.article == article.id);
    if article.visibility == Visibility::Internal || used.is_some_and(|one| one.count > 0) {
        return None;
    }
    let days = known.unused_days;
    let because = match used.and_then(|one| one.last_at.utc()) {
        Some(last) => {
            let last = last.date_naive();
            [
                format!("{days} 日間使われていません(最後は {last})"),
                format!("not used in {days} days; the last time was {last}"),
            ]
        }
        None => [format!("{days} 日間一度も使われていません"), format!("not used once in {days} days")],
    };
    let advice =
        ["質問例を見直すか、status = \"retired\" にする", "look at its ways to ask, or set status = \"retired\""];
    Some(finding(article, Trouble::NeverUsed, because, advice))
}

fn imprecise(article: &Article, known: &Known<'_>) -> Option<Finding> {
    let measured = known.policy.articles.get(&article.id)?.measured;
    let precision = measured.precision().filter(|_| measured.count() >= FEWEST)?;
    if precision >= known.wanted {
        return None;
    }
    let [share, low, high, wanted] = [precision, measured.low, measured.high, known.wanted].map(|share| share * 100.0);
    let (right, count) = (measured.right, measured.count());
    let sure = measured.high < known.wanted;
    let because = [
        format!(
            "評価された {count} 件中 {right} 件が正解 ({share:.0} %、95 % 区間 {low:.0}〜{high:.0} %)。目標 {wanted:.0} %{}",
            if sure { "" } else { "。件数が少なく、まだ断定できません" }
        ),
        format!(
            "{right} of {count} judged answers were right ({share:.0} %, likely {low:.0} to {high:.0} %); {wanted:.0} % are wanted{}",
            if sure { "" } else { ", which so few cannot settle" }
        ),
    ];
    let advice = [
        "外れた質問を kb contradictions と ask --explain で確かめ、質問例を直すか answer_alone = false にする",
        "look at what it was given for (ask --explain), mend its ways to ask, or set answer_alone = false",
    ];
    let found = finding(article, Trouble::LowPrecision, because, advice);
    Some(Finding { measured: Some(measured), ..found })
}

fn waiting(article: &Article) -> Finding {
    let because = ["承認待ちの下書きです".to_owned(), "a draft that nobody has approved".to_owned()];
    let advice = [
        "読んで直し、visibility と answer_alone を決めて status を消す。不要なら削除する",
        "read and mend it, set visibility and answer_alone, take status out; or delete it",
    ];
    finding(article, Trouble::DraftWaiting, because, advice)
}

/// Public articles without the other language, and figures that differ between the languages.
fn translations(active: &[&Article]) -> Vec<Finding> {
    let languages: BTreeSet<Language> = active.iter().map(|article| article.language).collect();
    let of = |id: &str, language: Language| active.iter().find(|one| one.id == id && one.language == language);
    let mut found = Vec::new();
    if languages.len() < 2 {
        return found;
    }
    for article in active.iter().filter(|article| article.visibility == Visibility::Public) {
        for other in Language::ALL.iter().filter(|other| **other != article.language) {
            match of(&article.id, *other) {
                None => {
                    let because = [format!("{other} の記事がありません"), format!("there is no article in `{other}`")];
                    let advice = [
                        "訳した記事を同じ id で置く。それまではその言語には自動で回答しません",
                        "add its translation under the same id; until then nothing is answered with it in that language",
                    ];
                    found.push(finding(article, Trouble::MissingTranslation, because, advice));
                }
                // Told once, of the Japanese one.
                Some(twin) if article.language == Language::Ja => found.extend(differing(article, twin)),
                Some(_) => {}
            }
        }
    }
    found
}

fn differing(article: &Article, twin: &Article) -> Option<Finding> {
    let (a, b) = (facts(&article.body), facts(&twin.body));
    let told: Vec<String> = a.differing_figures(&b);
    if told.is_empty() {
        return None;
    }
    let told = told.join("; ");
    let because =
        [format!("日本語と英語で数字が違います: {told}"), format!("the languages give different figures: {told}")];
    let advice = ["正しい方に合わせる", "make both say what is right"];
    Some(finding(article, Trouble::TranslationDiffers, because, advice))
}

/// What two articles of one language have in common.
struct Pair {
    /// The nearest ways to ask.
    best: f32,
    nearest: (usize, usize),
    /// Ways to ask of the first that the second has too.
    shared: BTreeSet<usize>,
}

/// Articles that answer the same question.
fn pairs(active: &[&Article], synonyms: &Synonyms) -> Vec<Finding> {
    let mut found = Vec::new();
    for language in Language::ALL {
        let own: Vec<&Article> = active.iter().copied().filter(|one| one.language == *language).collect();
        let ways: Vec<(usize, &str)> = own
            .iter()
            .enumerate()
            .flat_map(|(number, article)| {
                std::iter::once(&article.title).chain(&article.questions).map(move |way| (number, way.as_str()))
            })
            .collect();
        let vectors = features(&ways.iter().map(|(_, way)| *way).collect::<Vec<_>>(), &[], synonyms);
        let bodies = features(&own.iter().map(|article| article.body.as_str()).collect::<Vec<_>>(), &[], synonyms);
        for ((a, b), pair) in alike(&ways, &vectors) {
            let texts = [ways[pair.nearest.0].1, ways[pair.nearest.1].1];
            found.extend(told([own[a], own[b]], &pair, texts, bodies[a].cosine(&bodies[b])));
        }
    }
    found
}

fn alike(ways: &[(usize, &str)], vectors: &[Features]) -> BTreeMap<(usize, usize), Pair> {
    let index = Index::of(vectors);
    let mut scores = Scores::default();
    let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    for (place, vector) in vectors.iter().enumerate() {
        let own = ways[place].0;
        for (other, score) in scores.above(&index, vector, ALIKE) {
            let theirs = ways[other].0;
            if own < theirs {
                let pair = pairs.entry((own, theirs)).or_insert_with(|| Pair {
                    best: 0.0,
                    nearest: (place, other),
                    shared: BTreeSet::new(),
                });
                pair.shared.insert(place);
                if score > pair.best {
                    (pair.best, pair.nearest) = (score, (place, other));
                }
            }
        }
    }
    pairs
}

#[expect(clippy::cast_precision_loss, reason = "an article has few ways to ask")]
fn told([a, b]: [&Article; 2], pair: &Pair, [way, other_way]: [&str; 2], bodies: f32) -> Option<Finding> {
    let share = pair.shared.len() as f64 / a.questions.len().min(b.questions.len()).max(1) as f64;
    if share < SHARED && pair.best < EQUAL {
        return None;
    }
    let same_text = normalise(&a.body) == normalise(&b.body);
    let mut differ = contradicting(&facts(&a.body), &facts(&b.body));
    if differ.is_empty() && !same_text && bodies < OTHER_ANSWER {
        differ.push("—".to_owned());
    }
    let asked = format!("「{way}」/「{other_way}」");
    let asked_en = format!("\"{way}\" / \"{other_way}\"");
    let found = if !differ.is_empty() && !same_text {
        let told = differ.join("; ");
        let (ja, en) = if told == "—" {
            ("答えが別のことを述べています".to_owned(), "their answers say different things".to_owned())
        } else {
            (format!("答えが食い違います: {told}"), format!("their answers differ: {told}"))
        };
        let because =
            [format!("`{}` と同じ質問 {asked}。{ja}", b.id), format!("asks what `{}` asks: {asked_en}; {en}", b.id)];
        let advice = [
            "どちらが正しいか確かめて直し、一つにまとめる",
            "find out which is right, mend the other, or make them one",
        ];
        finding(a, Trouble::Contradiction, because, advice)
    } else {
        let because = [
            format!("`{}` と質問がほぼ同じです: {asked} ほか {} 件", b.id, pair.shared.len().saturating_sub(1)),
            format!("asks what `{}` asks: {asked_en} and {} more", b.id, pair.shared.len().saturating_sub(1)),
        ];
        let advice = [
            "一つにまとめ、もう一方を status = \"retired\" にする",
            "make them one and set status = \"retired\" in the other",
        ];
        finding(a, Trouble::NearDuplicate, because, advice)
    };
    Some(Finding { other: Some(b.id.clone()), ..found })
}

fn contradicting(a: &Facts, b: &Facts) -> Vec<String> {
    let mut told = a.contrary_figures(b);
    told.extend(a.other_links(b));
    told
}

#[cfg(test)]
mod tests;
