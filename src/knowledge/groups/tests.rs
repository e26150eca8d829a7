//! Groups of the ways to ask of the shipped articles: each article is what its questions ask for.

use std::path::Path;
use std::time::Instant;

use super::*;
use crate::classify::likeness::features;
use crate::content;
use crate::domain::Language;
use crate::text::synonyms::Synonyms;

/// Questions of one language with the number of their article.
fn shipped(language: Language) -> (Vec<String>, Vec<usize>, Synonyms) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (content, _) = content::load(&root.join("intents"), &root.join("knowledge-base"));
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    for (number, article) in content.articles.iter().enumerate().filter(|(_, one)| one.language == language) {
        texts.extend(article.questions.iter().cloned());
        labels.resize(texts.len(), number);
    }
    assert!(texts.len() > 300);
    (texts, labels, Synonyms::new(&content.synonyms))
}

/// B-cubed precision and recall (Bagga and Baldwin, 1998).
#[expect(clippy::cast_precision_loss, reason = "counts of texts are small")]
fn b_cubed(groups: &[Group], labels: &[usize]) -> (f64, f64) {
    let (mut precision, mut recall) = (0.0, 0.0);
    for group in groups {
        for member in &group.members {
            let alike = group.members.iter().filter(|other| labels[**other] == labels[*member]).count() as f64;
            let all = labels.iter().filter(|label| **label == labels[*member]).count() as f64;
            precision += alike / group.members.len() as f64;
            recall += alike / all;
        }
    }
    (precision / labels.len() as f64, recall / labels.len() as f64)
}

#[test]
#[ignore = "prints what the thresholds were chosen by"]
fn thresholds() {
    for language in Language::ALL {
        let (texts, labels, synonyms) = shipped(*language);
        let found = features(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &[], &synonyms);
        for near in [0.2, 0.25, 0.3, 0.35] {
            for same in [0.2, 0.25, 0.3, 0.4] {
                let groups = group(&found, &[], Nearness { near, same });
                let (p, r) = b_cubed(&groups, &labels);
                let f = 2.0 * p * r / (p + r);
                println!("{language} near {near} same {same}: {} groups, p {p:.3} r {r:.3} f {f:.3}", groups.len());
            }
        }
    }
}

#[test]
fn questions_of_one_article_come_together() {
    for (language, least_precise, least_whole) in [(Language::Ja, 0.65, 0.2), (Language::En, 0.55, 0.15)] {
        let (texts, labels, synonyms) = shipped(language);
        let found = features(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &[], &synonyms);
        let groups = group(&found, &[], Nearness::default());
        let (precision, recall) = b_cubed(&groups, &labels);
        assert!(precision > least_precise && recall > least_whole, "{language}: {precision} {recall}");
        let mut all: Vec<usize> = groups.iter().flat_map(|group| group.members.iter().copied()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..texts.len()).collect::<Vec<_>>(), "every text is in one group");
        assert_eq!(group(&found, &[], Nearness::default()), groups);
    }
}

#[test]
fn nothing_and_empty_texts_are_no_fault() {
    assert_eq!(group(&[], &[], Nearness::default()), []);
    let empty = vec![Features::default(); 3];
    assert_eq!(group(&empty, &[], Nearness::default()).len(), 3);
}

#[test]
#[ignore = "prints a time"]
fn twenty_thousand_questions() {
    let (texts, _, synonyms) = shipped(Language::Ja);
    let ends = ["", "至急です", "教えてください", "昨日からです", "web01です", "困っています", "どうすればいいですか"];
    let many: Vec<String> =
        (0..20_000).map(|n| format!("{}{}{}", texts[n % texts.len()], ends[n / texts.len() % ends.len()], n)).collect();
    let at = Instant::now();
    let found = features(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[], &synonyms);
    let featured = at.elapsed();
    let groups = group(&found, &[], Nearness::default());
    println!("{} groups, features {featured:?}, all {:?}", groups.len(), at.elapsed());
}
