//! Complete mails, and what stands in their headers.

use super::*;
use crate::domain::{Address, Outbound};

fn token(scene: &Scene) -> String {
    ring().sign(TicketId::from(scene.message.inbox_id))
}

fn only(scene: &Scene) -> Outbound {
    let changes = scene.planned();
    assert_eq!(changes.outbound.len(), 1, "{:?}", changes.settled);
    changes.outbound[0].clone()
}

#[test]
fn an_acknowledgement_reads_whole_in_japanese() {
    let scene = Scene::new("Re: 再起動のお願い", "web-1 を")
        .rule("restart_server")
        .slot("operation", "restart")
        .slot("host", "web-1");
    let sent = only(&scene);
    let wanted = format!(
        "山田 花子 様\n\nお問い合わせいただきありがとうございます。サンプル窓口でございます。\n以下のとおり受け付けいたしました。\n\n\
        受付番号: T-1042\n件名: 再起動のお願い\n\n担当者が内容を確認し、11月24日(火) 19:00 までにご連絡いたします。\n\n\
        補足がございましたら、このままご返信ください。\n\n--\nサンプル窓口\nref: {}",
        token(&scene)
    );
    assert_eq!(sent.text, wanted);
    assert_eq!(sent.subject, "Re: 再起動のお願い [T-1042]");
    assert_eq!((sent.kind, sent.dedupe_key.as_str()), (OutboundKind::Acknowledgement, "reply:1042:0"));
    assert_eq!(sent.message_id, format!("{}.reply-1042-0@desk.example", token(&scene)));
    assert_eq!(ring().verify(&sent.message_id), Some(TicketId(1042)));
    assert_eq!((sent.in_reply_to.as_deref(), sent.references.len()), (Some("m1@client.example"), 1));
    assert_eq!((sent.to.len(), sent.cc.len(), sent.to[0].address.as_str()), (1, 0, "hanako@client.example"));
}

#[test]
fn an_answer_reads_whole_in_english() {
    let scene = Scene::new("VPN", "does not connect").article("vpn", 0.97).with(|s| {
        s.message.language = Language::En;
        s.message.from.name = "Hana".into();
    });
    let sent = only(&scene);
    let wanted = format!(
        "Hello Hana,\n\nThank you for contacting サンプル窓口. This should answer your question:\n\n\
        [When the VPN does not connect]\n\nRestart the app. See the guide (https://kb.example/vpn).\n\nDid that solve it?\n\
        - If it did, reply \"that solved it\".\n\
        - If it did not, or if you would rather talk to a person, just say so in a reply and a person will take over.\n\n\
        Ticket: T-1042\nThis answer was sent automatically.\n\n--\nサンプル窓口\nref: {}",
        token(&scene)
    );
    assert_eq!(sent.text, wanted);
    let changes = scene.planned();
    let ticket = &changes.tickets[0];
    assert_eq!((ticket.status, ticket.article.as_deref(), ticket.automatic_sent), (Status::Answered, Some("vpn"), 1));
    assert_eq!((ticket.due.resolution, ticket.first_response_at), (None, None), "no person has answered");
    assert_eq!(changes.settled.unwrap().article.as_deref(), Some("vpn"));
}

#[test]
fn a_question_reads_whole_in_japanese() {
    let scene = Scene::new("再起動", "再起動してください").rule("restart_server").slot("operation", "restart");
    let wanted = format!(
        "山田 花子 様\n\nお問い合わせいただきありがとうございます。サンプル窓口でございます。\n\
        「サーバの再起動」のご依頼として受け付けいたしました(受付番号: T-1042)。\n\n次の内容を承りました。\n\n・操作: restart\n\n\
        恐れ入りますが、対応を進めるため、次の点をお知らせください。\n\n・ホスト名: ホスト名を教えてください。\n\n\
        このままご返信ください。担当者への相談をご希望の場合は、その旨をお書きください。\n\n--\nサンプル窓口\nref: {}",
        token(&scene)
    );
    assert_eq!(only(&scene).text, wanted);
    let changes = scene.planned();
    let ticket = &changes.tickets[0];
    assert_eq!(
        (ticket.status, ticket.questions_asked, ticket.missing.as_slice()),
        (Status::Waiting, 1, &["host".to_owned()][..])
    );
    assert_eq!(ticket.due.resolution, None, "the clock starts with the details");
}

#[test]
fn a_suggestion_also_files_and_a_status_report_tells_where_it_stands() {
    let scene = Scene::new("料金", "いくらですか").article("vpn", 0.7).article("price", 0.65).article("only-ja", 0.1);
    let sent = only(&scene);
    assert_eq!(scene.decided().decision, Decision::Suggest { articles: vec!["vpn".into(), "price".into()] });
    for part in ["【VPN につながらないとき】\n1. アプリを再起動します。", "【料金】", "11月24日(火) 19:00 まで"]
    {
        assert!(sent.text.contains(part), "{part}: {}", sent.text);
    }
    assert_eq!(scene.planned().tickets[0].status, Status::New);
    let known = Ticket {
        due: crate::domain::Due { resolution: Some(NOW.plus_ms(DAY_MS)), ..Default::default() },
        ..ticket(Status::Open)
    };
    let report = only(&Scene::reply(known, "状況は?").wishes(&[Wish::Status]));
    for part in [
        "受付番号 T-7 の状況",
        "受付日時: 2026年11月20日(金) 15:00",
        "状況: 対応中",
        "対応予定: 11月23日(月) 15:00 まで",
    ] {
        assert!(report.text.contains(part), "{part}: {}", report.text);
    }
    assert_eq!(report.subject, "Re: VPN につながらない [T-7]");
}

#[test]
fn hostile_words_stay_words() {
    let scene = Scene::new("hi\r\nBcc: victim@x.example\u{0}\u{202e}", "y").with(|s| {
        s.message.from.name = "Eve\r\nBcc: victim@x.example {{ desk }}\u{202e}".into();
        s.message.message_id = Some("id>\r\nBcc: x".into());
        s.message.references = vec!["ok@x.example".into(), "x".repeat(2_000), String::new()];
    });
    let sent = only(&scene);
    let headers = [&sent.subject, &sent.message_id, &sent.to[0].name, &sent.to[0].address];
    assert!(headers.into_iter().chain(&sent.references).all(|value| !value.chars().any(char::is_control)), "{sent:?}");
    assert_eq!(sent.references, ["ok@x.example"]);
    assert!(!sent.text.contains("victim@x.example {{"), "a name with an address in it greets nobody: {}", sent.text);
    let advert = Scene::new("x", "y").with(|s| s.message.from.name = "Win at https://evil.example".into());
    assert!(!only(&advert).text.contains("evil.example"));
    let honoured =
        Scene::new("x", "y").with(|s| s.message.from = Address { name: "山田様".into(), ..s.message.from.clone() });
    assert!(only(&honoured).text.starts_with("山田 様\n"));
}

#[test]
fn long_threads_keep_their_first_id_and_the_newest() {
    let ids: Vec<String> = (0..50).map(|n| format!("{n}@x.example")).collect();
    let scene = Scene::new("x", "y").with(|s| s.message.references = ids.iter().rev().cloned().collect());
    let sent = only(&scene);
    assert_eq!(sent.references.len(), 20);
    assert_eq!((sent.references[0].as_str(), sent.references[19].as_str()), ("0@x.example", "m1@client.example"));
    assert_eq!(sent.references[1], "32@x.example");
    assert_eq!(sent.in_reply_to.as_deref(), Some("m1@client.example"));
}

#[test]
fn a_time_that_has_passed_is_not_promised() {
    let scene = Scene::new("x", "y").with(|s| s.message.arrived_at = NOW.plus_ms(-30 * DAY_MS));
    let sent = only(&scene);
    assert!(sent.text.contains("あらためてご連絡いたします") && !sent.text.contains("までに"), "{}", sent.text);
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    fn scenes() -> impl Strategy<Value = Scene> {
        let texts = (".{0,40}", "(?s).{0,80}", ".{0,40}", "(?s).{0,30}");
        let states = (
            prop::option::of(prop::sample::select(Status::ALL)),
            prop::collection::vec(prop::sample::select(Wish::ALL), 0..3),
        );
        (texts, states, 0.0..1.0f64, any::<bool>()).prop_map(
            |((subject, text, sender, id), (status, wishes), sure, english)| {
                let mut scene = Scene::new(&subject, &text)
                    .article("vpn", sure)
                    .intent("restart_server", 1.0 - sure)
                    .wishes(&wishes);
                scene.message.from.name.clone_from(&sender);
                scene.message.references = vec![id.clone(), sender];
                scene.message.message_id = Some(id);
                scene.message.language = if english { Language::En } else { Language::Ja };
                scene.known.ticket = status.map(ticket);
                scene
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_written_the_changes_are_whole(scene in scenes()) {
            let changes = scene.planned();
            let settled = changes.settled.unwrap();
            prop_assert_eq!(settled.ticket.is_some(), settled.fate != Fate::Ignored);
            prop_assert!(changes.tickets.iter().all(|ticket| ticket.status != Status::Waiting || scene.known.ticket.is_some() || !changes.outbound.is_empty()));
            for sent in &changes.outbound {
                let mut headers = vec![&sent.subject, &sent.message_id, &sent.to[0].name, &sent.to[0].address];
                headers.extend(&sent.references);
                headers.extend(&sent.in_reply_to);
                prop_assert!(headers.iter().all(|value| !value.chars().any(char::is_control)), "{:?}", sent);
                prop_assert!(sent.to.iter().all(|to| to.address == "hanako@client.example") && sent.cc.is_empty());
                prop_assert!(sent.text.lines().last().unwrap().starts_with("ref: T"));
                prop_assert!(sent.subject.starts_with("Re: ") && sent.subject.matches("[T-").count() >= 1);
            }
        }
    }
}
