use std::path::Path;

use super::*;
use crate::content;
use crate::domain::Bar;

fn article(id: &str, language: Language, question: &str, body: &str) -> Article {
    Article {
        id: id.into(),
        language,
        title: format!("{question} ({id})"),
        questions: vec![question.into()],
        body: body.into(),
        tags: Vec::new(),
        visibility: Visibility::Public,
        answer_alone: true,
        review_by: chrono::NaiveDate::from_ymd_opt(2027, 4, 1),
        status: ArticleStatus::Active,
    }
}

const NOW: Timestamp = Timestamp(1_795_375_800_000);

fn found(articles: &[Article], policy: &Policy, uses: &[Use], first: Option<Timestamp>) -> Vec<(Trouble, String)> {
    let known = Known {
        policy,
        wanted: 0.95,
        uses,
        first_message_at: first,
        unused_days: 180,
        now: NOW,
        today: chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
    };
    let articles: Vec<&Article> = articles.iter().collect();
    let found = findings(&articles, &known, &Synonyms::default());
    assert!(found.iter().all(|one| !one.advice.ja.is_empty() && !one.advice.en.is_empty()));
    found.into_iter().map(|one| (one.trouble, one.article)).collect()
}

#[test]
fn each_trouble_is_found() {
    let (ja, en) = (Language::Ja, Language::En);
    let vpn = || article("vpn", ja, "VPNの証明書の有効期限は何日ですか", "有効期限は30日です。");
    let twin = |body: &str| article("zvpn", ja, "VPNの証明書の有効期限は何日ですか", body);
    let early = chrono::NaiveDate::from_ymd_opt(2026, 11, 21);
    let long_ago = Some(NOW.plus_ms(-400 * DAY_MS));
    let used = |count: u64| Use { article: "vpn".into(), last_at: NOW, count };
    for (articles, uses, first, wanted) in [
        (vec![vpn()], vec![], None, vec![]),
        (vec![vpn()], vec![], Some(NOW), vec![]),
        (vec![vpn()], vec![], long_ago, vec![Trouble::NeverUsed]),
        (vec![vpn()], vec![used(0)], long_ago, vec![Trouble::NeverUsed]),
        (vec![vpn()], vec![used(1)], long_ago, vec![]),
        (vec![Article { visibility: Visibility::Internal, ..vpn() }], vec![], long_ago, vec![]),
        (vec![Article { review_by: early, ..vpn() }], vec![], None, vec![Trouble::Overdue]),
        (vec![Article { review_by: early, status: ArticleStatus::Retired, ..vpn() }], vec![], None, vec![]),
        (vec![Article { status: ArticleStatus::Draft, ..vpn() }], vec![], None, vec![Trouble::DraftWaiting]),
        (vec![vpn(), twin("有効期限は60日です。")], vec![], None, vec![Trouble::Contradiction]),
        (vec![vpn(), twin("有効期限は30日です。更新は画面で行います。")], vec![], None, vec![Trouble::NearDuplicate]),
        (vec![vpn(), article("lunch", ja, "食堂の営業時間", "11時からです。")], vec![], None, vec![]),
        (
            vec![vpn(), article("vpn", en, "how long is the certificate valid", "It is valid for 30 days.")],
            vec![],
            None,
            vec![],
        ),
        (
            vec![vpn(), article("vpn", en, "how long is the certificate valid", "It is valid for 90 days.")],
            vec![],
            None,
            vec![Trouble::TranslationDiffers],
        ),
        (
            vec![vpn(), article("lunch", en, "where is lunch", "In the canteen.")],
            vec![],
            None,
            vec![Trouble::MissingTranslation, Trouble::MissingTranslation],
        ),
    ] {
        let troubles: Vec<Trouble> =
            found(&articles, &Policy::default(), &uses, first).into_iter().map(|(trouble, _)| trouble).collect();
        assert_eq!(troubles, wanted, "{articles:?}");
    }
}

#[test]
fn low_precision_needs_some_judgements() {
    let measured = |right: u32, wrong: u32| {
        let (low, high) = (0.0, 0.9);
        let mut policy = Policy::default();
        policy.articles.insert("vpn".into(), Bar { threshold: 0.95, measured: Measured { right, wrong, low, high } });
        found(&[article("vpn", Language::Ja, "VPN", "答え")], &policy, &[], None)
    };
    assert_eq!(measured(1, 1), []);
    assert_eq!(measured(2, 1), [(Trouble::LowPrecision, "vpn".to_owned())]);
    assert_eq!(measured(40, 1), []);
}

#[test]
fn the_shipped_articles_are_told_apart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (content, _) = content::load(&root.join("intents"), &root.join("knowledge-base"));
    assert!(content.articles.len() > 100);
    let known = Known {
        policy: &Policy::default(),
        wanted: 0.95,
        uses: &[],
        first_message_at: None,
        unused_days: 180,
        now: NOW,
        today: chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
    };
    let articles: Vec<&Article> = content.articles.iter().collect();
    let found = findings(&articles, &known, &Synonyms::new(&content.synonyms));
    let told: Vec<String> = found
        .iter()
        .map(|one| format!("{} {} {} {:?}: {}", one.trouble, one.language, one.article, one.other, one.because.en))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}
