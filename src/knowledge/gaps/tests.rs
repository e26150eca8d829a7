use super::*;

fn asked(id: i64, text: &str, language: Language) -> Asked {
    Asked {
        inbox_id: InboxId(id),
        ticket: TicketId(id),
        subject: String::new(),
        text: text.into(),
        language,
        sender: format!("user{}@client.example", id % 3),
        sender_name: "佐藤 花子".into(),
        arrived_at: Timestamp(id * 1000),
        decision: if id % 2 == 0 { "file" } else { "suggest" }.into(),
        intent: Some("general-question".into()),
        wrong: false,
    }
}

fn all() -> Vec<Asked> {
    use Language::{En, Ja};
    let texts = [
        (Ja, "お世話になっております。サンプル商事の佐藤と申します。ドローンの飛行許可はどこで申請できますか。"),
        (Ja, "ドローンの飛行許可の申請方法を教えてください"),
        (En, "Hello, where do I apply for a drone flight permit? My number is 03-1234-5678."),
        (Ja, "ドローンの飛行許可はどこで申請できますか"),
        (En, "how to apply for a drone flight permit"),
        (Ja, "会議室のプロジェクターが映りません"),
        (Ja, "ドローンの飛行許可はどこで申請できますか"),
    ];
    (1..).zip(texts).map(|(id, (language, text))| asked(id, text, language)).collect()
}

fn found(asked: &[Asked], spent: &[(i64, i64)]) -> Vec<Gap> {
    let spent = spent.iter().map(|(ticket, minutes)| (TicketId(*ticket), minutes * MINUTE_MS)).collect();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (content, _) = crate::content::load(&root.join("intents"), &root.join("knowledge-base"));
    let examples = content.intents.iter().flat_map(|intent| intent.examples.iter().cloned());
    let questions =
        content.articles.iter().flat_map(|one| one.questions.iter().map(|text| (one.language, text.clone())));
    let words = Wording { synonyms: Synonyms::default(), texts: examples.chain(questions).collect() };
    assert!(words.texts.len() > 1000);
    gaps(asked, &(0..asked.len()).collect::<Vec<_>>(), &spent, &words)
}

#[test]
fn alike_questions_come_together_in_each_language() {
    let asked = all();
    let gaps = found(&asked, &[(1, 10), (4, 7), (6, 30)]);
    let outline: Vec<(&str, Language, usize, i64)> =
        gaps.iter().map(|gap| (gap.id.as_str(), gap.language, gap.places.len(), gap.minutes)).collect();
    let (ja, en) = (Language::Ja, Language::En);
    assert_eq!(outline, [("G-6", ja, 1, 30), ("G-1", ja, 4, 17), ("G-3", en, 2, 0)]);
    let drone = &gaps[1];
    assert_eq!((drone.people, drone.first_at, drone.last_at), (2, Timestamp(1000), Timestamp(7000)));
    assert_eq!(drone.decisions, BTreeMap::from([("file".into(), 2), ("suggest".into(), 2)]));
    assert_eq!(drone.intent.as_deref(), Some("general-question"));
    let shown: String = gaps.iter().flat_map(|gap| gap.examples.iter().map(String::as_str)).collect();
    assert!(!shown.contains("佐藤") && !shown.contains("お世話に") && !shown.contains("1234"), "{shown}");
    assert!(drone.examples[0].contains("ドローンの飛行許可"));
    assert_eq!(found(&asked, &[(1, 10), (4, 7), (6, 30)]), gaps);
}

#[test]
fn any_message_of_a_gap_names_it() {
    let asked = all();
    let gaps = found(&asked, &[]);
    for (id, wanted) in
        [("G-1", Some(1)), ("g-4", Some(1)), ("G-7", Some(1)), ("G-5", Some(3)), ("G-99", None), ("T-1", None)]
    {
        let wanted = wanted.map(|first| format!("G-{first}"));
        assert_eq!(find(&gaps, &asked, id).map(|gap| gap.id.clone()), wanted, "{id}");
    }
}

#[test]
fn why_an_article_was_not_given_is_told() {
    let asked = all();
    let gap = found(&asked, &[]).remove(0);
    let article = Article {
        id: "drone".into(),
        language: gap.language,
        title: "t".into(),
        questions: vec!["q".into()],
        body: "b".into(),
        tags: Vec::new(),
        visibility: Visibility::Public,
        answer_alone: true,
        review_by: None,
        status: ArticleStatus::Active,
    };
    let suggested = Article { answer_alone: false, ..article.clone() };
    let foreign = Article { language: Language::En, ..article.clone() };
    let wrong = Gap { wrong: gap.places.len(), ..gap.clone() };
    for (gap, article, probability, threshold, wanted) in [
        (&gap, &article, 0.5, 0.95, Why::NotSure),
        (&gap, &article, 0.96, 0.95, Why::AnsweredNow),
        (&gap, &article, 0.96, 0.99, Why::Measured),
        (&gap, &article, 0.93, 0.92, Why::AnsweredNow),
        (&gap, &suggested, 0.99, 0.95, Why::OnlySuggested),
        (&gap, &foreign, 0.99, 0.95, Why::OtherLanguage),
        (&wrong, &article, 0.99, 0.95, Why::Wrong),
    ] {
        assert_eq!(why(gap, Some(article), (probability, threshold, 0.95)), wanted, "{probability} {threshold}");
    }
}
