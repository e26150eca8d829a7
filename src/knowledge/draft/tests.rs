use super::*;

fn case(id: i64, text: &str, replies: &[&str]) -> Case {
    Case {
        ticket: TicketId(id),
        subject: "Re: お問い合わせ".into(),
        text: text.into(),
        replies: replies
            .iter()
            .map(|reply| format!("{reply}\n\n--\nサンプル窓口\n受付番号: T-{id}\nref: abc"))
            .collect(),
        customers: vec!["高橋 一郎".into()],
        addresses: vec!["ichiro@client.example".into()],
        agents: vec!["青木".into()],
        details: vec!["web-prod01".into()],
        resolved: true,
    }
}

fn drafted(cases: &[Case]) -> Option<Draft> {
    let (known, synonyms) = (BTreeSet::new(), Synonyms::default());
    draft(
        cases,
        &About {
            id: None,
            language: Language::Ja,
            intent: Some("general-question".into()),
            desk: "サンプル窓口",
            known: &known,
            synonyms: &synonyms,
            today: chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        },
    )
}

const QUESTION: &str = "お世話になっております。総務部の高橋です。web-prod01 の証明書の更新方法を教えてください。連絡先は 03-1234-5678 です。\nよろしくお願いいたします。";
const ANSWER: &str = "高橋様\n\nお問い合わせありがとうございます。サンプル窓口の青木です。\n\nweb-prod01 の証明書は管理画面で更新できます。\n1. 「証明書」を開きます。\n2. 「更新」を押します。5分ほどで終わります。\n\nご不明な点がございましたらお知らせください。\nよろしくお願いいたします。\nサンプル窓口 青木";

#[test]
fn a_resolved_ticket_becomes_a_draft_without_anybody_in_it() {
    let draft =
        drafted(&[case(1042, QUESTION, &["確認します。少々お待ちください。どの画面でしょうか？", ANSWER])]).unwrap();
    let article = &draft.article;
    assert_eq!(
        (article.status, article.visibility, article.answer_alone),
        (ArticleStatus::Draft, Visibility::Internal, false)
    );
    assert_eq!(article.title, "[name] の証明書の更新方法を教えてください");
    assert_eq!(
        article.body,
        "[name] の証明書は管理画面で更新できます。\n1. 「証明書」を開きます。\n2. 「更新」を押します。5分ほどで終わります。"
    );
    assert_eq!(
        (article.id.as_str(), article.tags.as_slice()),
        ("draft-name-1042", &["general-question".to_owned()][..])
    );
    let whole = format!("{article:?}");
    for gone in ["高橋", "青木", "web-prod01", "1234", "お世話", "client.example", "受付番号"] {
        assert!(!whole.contains(gone), "{gone}: {whole}");
    }
    assert_eq!(draft.answer_from, Some(TicketId(1042)));
}

#[test]
fn several_tickets_give_their_ways_to_ask_each_once() {
    let cases = [
        case(3, "証明書の更新方法を教えてください。", &[ANSWER]),
        case(5, "証明書の更新方法を教えてください！", &[]),
        case(8, "サーバー証明書を更新したいのですが、どうすればいいですか。", &["再度ご連絡します。"]),
    ];
    let draft = drafted(&cases).unwrap();
    assert_eq!(draft.article.questions.len(), 2, "{:?}", draft.article.questions);
    assert_eq!(draft.answer_from, Some(TicketId(3)));
    assert!(draft.notes[0].contains("T-3, T-5, T-8"));
}

#[test]
fn what_only_two_sentences_say_together_is_one_way_to_ask() {
    let cases = [
        case(3, "プロジェクターの映像が映りません。直し方を教えてください。\n電話 03-1234-5678", &[ANSWER]),
        case(5, "プロジェクターの映像が映らないのですが、直し方を教えてください。", &[]),
    ];
    let questions = drafted(&cases).unwrap().article.questions;
    assert!(questions[0].contains("プロジェクター") && questions[0].contains("直し方"), "{questions:?}");
    assert!(questions.iter().all(|way| !way.starts_with("電話")), "{questions:?}");
}

#[test]
fn without_a_reply_the_answer_is_still_to_be_written() {
    let draft = drafted(&[case(7, "証明書の更新方法を教えてください。", &[])]).unwrap();
    assert_eq!((draft.answer_from, draft.article.body.starts_with("(回答を")), (None, true));
    assert_eq!(drafted(&[case(7, "", &[ANSWER])]), None);
    assert_eq!(drafted(&[]), None);
}

#[test]
fn ids_are_ids() {
    for (title, wanted) in [
        ("VPN に Windows 11 から接続できない", "draft-vpn-windows-9"),
        ("証明書の更新", "draft-9"),
        ("How to reset the VPN profile on my phone", "draft-how-reset-the-vpn-9"),
    ] {
        assert_eq!(id(title, 9), wanted);
    }
}
