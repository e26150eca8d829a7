//! The engine on a small desk: rules, slots, wishes, abstention.

use std::sync::OnceLock;

use super::*;
use crate::domain::catalog::{Desk, Rule, SendLimits, Slot, Thresholds};
use crate::domain::schedule::Objective;
use crate::domain::{Article, ArticleStatus, Bilingual, Handling, Intent, Level, Visibility, Wish};

pub(super) fn catalog(intents: Vec<Intent>, articles: Vec<Article>, synonyms: Vec<Vec<String>>) -> Catalog {
    Catalog {
        content: String::new(),
        version: "test".to_owned(),
        desk: Desk {
            name: "desk".to_owned(),
            language: Language::Ja,
            timezone: chrono_tz::Asia::Tokyo,
            mailboxes: Vec::new(),
            chats: Vec::new(),
            triage: Vec::new(),
        },
        intents,
        articles,
        synonyms,
        rulebook: crate::domain::Rulebook::default(),
        queues: Vec::new(),
        calendars: Vec::new(),
        thresholds: Thresholds { answer: 0.9, suggest: 0.5, intent: 0.5 },
        limits: SendLimits {
            automatic_per_sender_day: 10,
            automatic_per_ticket: 5,
            questions_per_ticket: 2,
            reopen_within_days: 14,
        },
        policy: crate::domain::Policy::default(),
        service: crate::domain::ServiceRules::default(),
    }
}

fn article(id: &str, language: Language, title: &str, (questions, body): (&[&str], &str)) -> Article {
    Article {
        id: id.to_owned(),
        language,
        title: title.to_owned(),
        questions: questions.iter().map(|question| (*question).to_owned()).collect(),
        body: body.to_owned(),
        tags: Vec::new(),
        visibility: Visibility::Public,
        answer_alone: true,
        review_by: None,
        status: ArticleStatus::Active,
    }
}

pub(super) fn intent(id: &str, handling: Handling, examples: &[&str]) -> Intent {
    Intent {
        id: id.to_owned(),
        title: Bilingual::default(),
        examples: examples
            .iter()
            .map(|text| (crate::text::language::detect(text).unwrap_or(Language::En), (*text).to_owned()))
            .collect(),
        rules: Vec::new(),
        slots: Vec::new(),
        queue: "support".to_owned(),
        impact: Level::Medium,
        urgency: Level::Medium,
        objective: Objective::BusinessDays(1),
        handling,
        approval: false,
        reply: Bilingual::default(),
    }
}

fn power() -> Intent {
    let examples = &[
        "web01を再起動してください",
        "サーバーを停止してほしい",
        "db02を起動お願いします",
        "please restart web01",
        "could you stop the server app03",
    ];
    let mut power = intent("server-power", Handling::File, examples);
    power.rules =
        vec![Rule { id: "restart-host".to_owned(), pattern: r"[a-z]+[0-9]+を再起動".to_owned(), certain: true }];
    let slot = |name: &str, find: &[&str], choices: &[(&str, &str)]| Slot {
        name: name.to_owned(),
        title: Bilingual::default(),
        required: true,
        find: find.iter().map(|pattern| (*pattern).to_owned()).collect(),
        choices: choices
            .iter()
            .map(|(value, pattern)| crate::domain::Choice {
                value: (*value).to_owned(),
                pattern: (*pattern).to_owned(),
                title: crate::domain::Bilingual::default(),
            })
            .collect(),
        ask: Bilingual::default(),
    };
    power.slots = vec![
        slot("host", &[r"(?P<value>[a-z]+-?[0-9]+)"], &[]),
        slot("operation", &[], &[("restart", "再起動|restart"), ("stop", "停止|stop"), ("start", "起動|start")]),
    ];
    power
}

fn small_intents() -> Vec<Intent> {
    let restore = &[
        "スナップショットから戻してください",
        "昨日のバックアップからリストアをお願いします",
        "please restore the file from backup",
        "restore the snapshot of yesterday",
    ];
    let password = &[
        "パスワードを忘れてログインできません",
        "アカウントがロックされました",
        "I forgot my password",
        "my account is locked",
    ];
    vec![power(), intent("restore", Handling::File, restore), intent("password-trouble", Handling::FaqFirst, password)]
}

fn small_articles() -> Vec<Article> {
    let ja =
        |id: &str, title: &str, questions: &[&str], body: &str| article(id, Language::Ja, title, (questions, body));
    let en =
        |id: &str, title: &str, questions: &[&str], body: &str| article(id, Language::En, title, (questions, body));
    let incident = ja("mail-incident", "メール障害の過去事例", &["メールが全社で届かない障害"], "過去の対応記録。");
    vec![
        ja(
            "password-reset",
            "パスワードを忘れたとき",
            &[
                "パスワードを忘れました",
                "パスワードの再設定方法を教えてください",
                "パスワードが分からずログインできません",
            ],
            "ログイン画面の「パスワードを忘れた」から再設定します。",
        ),
        en(
            "password-reset",
            "I forgot my password",
            &["How do I reset my password?", "Forgot password and cannot log in"],
            "Use the link on the sign-in page.",
        ),
        ja(
            "vpn-connect",
            "VPNに接続できない",
            &["VPNにつながりません", "VPNの接続エラーが出ます"],
            "再起動してください。",
        ),
        en(
            "vpn-connect",
            "VPN does not connect",
            &["I cannot connect to the VPN", "VPN connection error"],
            "Restart it.",
        ),
        Article { visibility: Visibility::Internal, ..incident },
    ]
}

fn small() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let synonyms = vec![vec!["パスワード".to_owned(), "pw".to_owned(), "password".to_owned()]];
        Engine::build(&catalog(small_intents(), small_articles(), synonyms)).unwrap()
    })
}

#[test]
fn rules_decide_and_details_are_read() {
    let found = small().classify_text("", "至急 Web01を再起動してください", None);
    assert_eq!(found.language, Language::Ja);
    assert_eq!(found.rules[0].rule, "restart-host");
    assert_eq!(found.rules[0].matched, "web01を再起動");
    assert_eq!(found.intents[0].intent, "server-power");
    assert!(found.intents[0].probability > 0.9);
    assert_eq!(found.slots["host"], "Web01");
    assert_eq!(found.slots["operation"], "restart");
    assert_eq!(found.wishes, vec![Wish::High]);
    assert!(found.articles.iter().all(|article| article.probability < 0.7), "{:?}", found.articles);
}

#[test]
fn articles_are_found_in_the_language_of_the_question() {
    for (text, id, language) in [
        ("パスワードを忘れてしまいました", "password-reset", Language::Ja),
        ("pwを忘れました", "password-reset", Language::Ja),
        ("How can I reset my pasword?", "password-reset", Language::En),
        ("VPNに繋がりません", "vpn-connect", Language::Ja),
    ] {
        let found = small().classify_text("", text, None);
        let first = found.articles.first().unwrap_or_else(|| panic!("{text}: nothing found"));
        assert_eq!((first.article.as_str(), first.language), (id, language), "{text}");
        assert!(first.features.iter().any(|(name, _)| name == "nearest question"));
    }
}

#[test]
fn internal_articles_are_never_named() {
    let found = small().classify_text("", "メールが全社で届かない障害", None);
    assert!(found.articles.iter().all(|article| article.article != "mail-incident"), "{:?}", found.articles);
    assert!(found.articles.iter().all(|article| article.probability < 0.5), "{:?}", found.articles);
}

#[test]
fn nothing_is_made_of_nothing() {
    for text in ["", " \n", "???", "。。。", "😀", "Ω≈ç√", "12345"] {
        let found = small().classify_text("", text, None);
        assert!(found.articles.iter().all(|article| article.probability < 0.5), "{text}: {:?}", found.articles);
        assert!(found.intents.iter().all(|intent| intent.probability < 0.5), "{text}: {:?}", found.intents);
    }
    let empty = Engine::build(&catalog(Vec::new(), Vec::new(), Vec::new())).unwrap();
    let found = empty.classify_text("subject", "text", None);
    assert!(found.articles.is_empty() && found.intents.is_empty());
}

#[test]
fn very_long_texts_are_bounded() {
    let text = "VPNにつながりません。サーバーの設定を確認しました。".repeat(5_000);
    assert!(small().classify_text("", &text, None).articles.len() <= 5);
}

#[test]
fn wishes_are_found_and_not_imagined() {
    let wishes = Wishes::build().unwrap();
    for (text, wanted) in [
        ("ありがとうございました。", &[Wish::Thanks][..]),
        ("ご対応ありがとうございます!助かりました。", &[Wish::Thanks]),
        ("早速のご回答ありがとうございます。\nよろしくお願いいたします。", &[Wish::Thanks]),
        ("承知しました。ありがとうございます。", &[Wish::Thanks]),
        ("Thank you so much for your help!", &[Wish::Thanks]),
        ("Great, thanks!", &[Wish::Thanks]),
        ("thanks", &[Wish::Thanks]),
        ("ありがとうございます。もう一つ質問があります。", &[]),
        ("ありがとうございます。まだつながりません。", &[Wish::NotSolved]),
        ("ありがとうございます。vpnの設定も教えてください", &[]),
        ("Thanks, but how do I do that?", &[]),
        ("thanks for the reply. the printer in room 5", &[]),
        ("ありがとうございます。解決しました。", &[Wish::Solved]),
        ("無事ログインできました。ありがとうございました。", &[Wish::Solved]),
        ("It works now, thank you!", &[Wish::Solved]),
        ("Problem solved. You can close the ticket.", &[Wish::Solved]),
        ("解決しません。", &[Wish::NotSolved]),
        ("試しましたがだめでした", &[Wish::NotSolved]),
        ("やはりつながりません", &[Wish::NotSolved]),
        ("That didn't help.", &[Wish::NotSolved]),
        ("it is still not working", &[Wish::NotSolved]),
        ("人と話したいです", &[Wish::Person]),
        ("担当者に代わってください", &[Wish::Person]),
        ("オペレーターをお願いします", &[Wish::Person]),
        ("I want to talk to a human", &[Wish::Person]),
        ("can I speak with an agent?", &[Wish::Person]),
        ("新しい人に権限を付与してください", &[]),
        ("その後の状況はいかがでしょうか", &[Wish::Status]),
        ("進捗を教えてください", &[Wish::Status]),
        ("any update on my ticket?", &[Wish::Status]),
        ("where is the status page", &[]),
        ("至急対応をお願いします", &[Wish::High]),
        ("please fix this asap", &[Wish::High]),
        ("急ぎではありませんが教えてください", &[Wish::Low]),
        ("no rush, whenever you have time", &[Wish::Low]),
        ("this is not urgent", &[Wish::Low]),
        ("対応がひどすぎます。責任者を出してください", &[Wish::Complaint]),
        ("this is unacceptable, I want to make a complaint", &[Wish::Complaint]),
        ("ホームページが改ざんされました", &[Wish::Security]),
        ("our site was hacked", &[Wish::Security]),
        ("ランサムウェアに感染したかもしれません", &[Wish::Security]),
        ("パスワードを忘れました", &[]),
        ("I forgot my password", &[]),
    ] {
        let text = normalise(text);
        assert_eq!(wishes.find(&text, &text), wanted, "{text}");
    }
}

#[test]
fn an_engine_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Engine>();
}
