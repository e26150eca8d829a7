//! Who somebody is, their language, and what they say outside of threads.

use super::*;
use crate::domain::{Link, PersonChange};

#[test]
fn words_outside_of_every_thread_go_on_with_the_last_ticket() {
    let with = |text: &str, status, wishes: &[Wish]| {
        spoken(text).wishes(wishes).with(|s| s.known.recent = vec![in_chat(ticket(status))])
    };
    let direct = |scene: Scene| scene.with(|s| s.message.place = Some(Place { direct: true, thread: None, ..place() }));
    let elsewhere = |scene: Scene| scene.with(|s| s.message.place = Some(Place { room: "C9".into(), ..place() }));
    let cases = vec![
        ("thanks", with("ありがとう", Status::Answered, &[Wish::Thanks]), "follow_up.thanks"),
        ("thanks elsewhere", elsewhere(with("ありがとう", Status::Answered, &[Wish::Thanks])), "chat.courtesy"),
        ("thanks of a stranger", spoken("ありがとう").wishes(&[Wish::Thanks]), "chat.courtesy"),
        ("solved", with("直りました", Status::Answered, &[Wish::Solved]), "follow_up.solved"),
        ("not solved", with("だめでした", Status::Answered, &[Wish::NotSolved]), "follow_up.unsolved"),
        ("a person", with("人と話したい", Status::Answered, &[Wish::Person]), "follow_up.person"),
        (
            "a person, another matter",
            with("再起動の担当者と", Status::Answered, &[Wish::Person]).rule("restart_server"),
            "escalate.person",
        ),
        ("status", with("状況は?", Status::Answered, &[Wish::Status]), "chat.status_list"),
        ("status without tickets", spoken("状況は?").wishes(&[Wish::Status]), "file"),
        ("a complaint", with("ひどい", Status::Answered, &[Wish::Complaint, Wish::Status]), "escalate.complaint"),
        ("an answer in a room", with("web-1", Status::Waiting, &[]), "file"),
        ("an answer alone with the desk", direct(with("web-1", Status::Waiting, &[])), "follow_up.returns"),
        ("something new alone with the desk", direct(with("web-1", Status::Open, &[])), "file"),
    ];
    for (what, scene, check) in cases {
        assert_eq!(settling_check(&scene), check, "{what}");
    }
    let list = with("状況は?", Status::Answered, &[Wish::Status]).planned();
    assert_eq!(list.outbound[0].text, "お問い合わせの状況です。\n・T-7「VPN につながらない」: 回答済み");
    assert_eq!((list.tickets.len(), list.settled.unwrap().reason.as_str()), (0, "status_list"));
}

#[test]
fn people_are_learnt_only_from_what_is_vouched_for() {
    let mail = "hanako@client.example".to_owned();
    let vouched = |s: &mut Scene| {
        s.message.verified_mail = Some("Hanako@client.example".into());
        s.known.is_newly_vouched = true;
    };
    let met = spoken("x").planned().people;
    assert!(matches!(met.as_slice(), [PersonChange::Met { address, .. }] if address == "slack:u1"), "{met:?}");
    let same = spoken("x").with(vouched).planned().people;
    let wanted = vec!["slack:u1".to_owned(), mail.clone()];
    assert!(matches!(same.as_slice(), [PersonChange::Same { addresses, .. }] if *addresses == wanted), "{same:?}");
    let known =
        |s: &mut Scene| s.known.person = Some(Person { id: 1, addresses: vec!["slack:u1".into()], language: None });
    assert_eq!(spoken("x").with(known).planned().people, []);
    // A machine's mail makes nobody known.
    let machine =
        Scene::new("x", "y").rule("restart_server").with(|s| s.message.automatic = Some(Automatic::Notification));
    assert_eq!(machine.planned().people, []);
}

#[test]
fn a_chosen_language_goes_before_the_messages() {
    let english = |s: &mut Scene| {
        s.known.person = Some(Person { id: 1, addresses: vec!["slack:u1".into()], language: Some(Language::En) });
    };
    let opened = spoken("VPN につながりません").article("vpn", 0.97).with(english).planned();
    assert!(opened.outbound[0].text.starts_with("[When the VPN does not connect]"), "{}", opened.outbound[0].text);
    assert_eq!(opened.message.unwrap().language, Language::Ja, "the message stays what it is");
    let back = below(ticket(Status::Answered), "まだつながりません").wishes(&[Wish::NotSolved]);
    assert!(back.clone().with(english).planned().outbound[0].text.starts_with("A person now has T-7."));
    assert!(back.planned().outbound[0].text.starts_with("受付番号 T-7 は"));
    let switched =
        below(ticket(Status::Answered), "It still does not work for me").wishes(&[Wish::NotSolved]).planned();
    assert_eq!(switched.tickets[0].language, Language::En);
    let unclear = below(ticket(Status::Answered), "NG").wishes(&[Wish::NotSolved]).planned();
    assert_eq!(unclear.tickets[0].language, Language::Ja);
}

#[test]
fn a_code_is_given_in_private_and_taken_five_times_an_hour() {
    let alone = |s: &mut Scene| s.message.place = Some(Place { direct: true, thread: None, ..place() });
    let ask = || spoken("").with(|s| s.message.act = Some(Act::Links { code: None }));
    let public = ask().planned();
    assert_eq!(public.people, []);
    let private = ask().with(alone).planned();
    let [PersonChange::Met { .. }, PersonChange::Code { address, code, expires_at }] = private.people.as_slice() else {
        panic!("{:?}", private.people)
    };
    let given = ring().link_code(private.settled.as_ref().unwrap().inbox_id);
    assert!(private.outbound[0].text.contains(&given));
    assert_eq!(*code, crate::domain::reply_token::code_digest(&given.to_lowercase().replace('-', " ")));
    assert_eq!((address.as_str(), *expires_at), ("slack:u1", NOW.plus_ms(600_000)));
    let typed = |owner: Option<&str>, within_hour| {
        spoken("").with(|s| {
            s.message.act = Some(Act::Links { code: Some("ABCD-EFGH".into()) });
            s.known.link = Link { owner: owner.map(Into::into), tries_within_hour: within_hour, tries: within_hour };
        })
    };
    let names = |scene: &Scene| {
        let people = scene.planned().people;
        people
            .iter()
            .map(|change| serde_json::to_value(change).unwrap()["learnt"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&typed(Some("a@x.example"), 4)), ["met", "tried", "used", "same"]);
    assert_eq!(names(&typed(None, 4)), ["tried"]);
    assert_eq!(names(&typed(Some("a@x.example"), 5)), [""; 0], "not even looked at");
    assert_eq!(names(&typed(Some("slack:u1"), 0)), [""; 0], "their own");
}
