use super::*;

#[test]
fn every_pattern_compiles() {
    for pattern in [&OWN_NAME, &OWN_NAME_EN, &THING, &PLAIN] {
        assert!(pattern.is_some());
    }
    assert!(compile(&AROUND.join("|")).is_some());
}

#[test]
fn greetings_and_what_desks_say_around_an_answer_go() {
    for (text, wanted) in [
        (
            "佐藤様\n\nお問い合わせありがとうございます。サンプル窓口の青木です。\n\nVPNの証明書を入れ直してください。\n手順は次のとおりです。\n1. 設定を開く\n\nご不明な点がございましたらお知らせください。\nよろしくお願いいたします。",
            "VPNの証明書を入れ直してください。\n手順は次のとおりです。\n1. 設定を開く",
        ),
        (
            "Dear Ann,\n\nThank you for contacting us.\nPlease renew the certificate: open Settings, then VPN.\n\nPlease let us know if you have any further questions.\n\nBest regards,",
            "Please renew the certificate: open Settings, then VPN.",
        ),
        ("VPNが切れます。", "VPNが切れます。"),
        ("", ""),
    ] {
        assert_eq!(without_courtesy(text), wanted);
    }
}

fn names() -> Names {
    let mut names = Names::default();
    names.person("佐藤 花子");
    names.person("Kenji Suzuki");
    names.person("林 大");
    names.address("hanako@client.example");
    names.said(
        "サンプル商事の高橋と申します。web-prod01 と契約 AB-20934、10.20.30.40 でエラー 5.7.1 と 0x80070057 が出ます。",
    );
    names.said("My name is Maria Lopez.\nIt fails on db03.");
    names
}

#[test]
fn whatever_points_at_somebody_goes() {
    for (text, wanted) in [
        ("佐藤様の端末", "[name]の端末"),
        ("佐藤花子さんへ", "[name]へ"),
        ("高橋です", "[name]です"),
        ("林様、林檎", "[name]、林檎"),
        ("Hi kenji, ask Maria", "Hi [name], ask [name]"),
        ("web-prod01 を再起動", "[name] を再起動"),
        ("契約 AB-20934 と 20260001234", "契約 [name] と [number]"),
        ("www.client.example と client.example", "www.client.example と [name]"),
        ("接続先 10.20.30.40 と 192.0.2.7", "接続先 [name] と [address]"),
        ("株式会社サンプル の hanako@client.example 03-1234-5678", "[company] の [mail] [phone]"),
        // What everybody may meet stays.
        (
            "エラー 5.7.1 と 0x80070057、ポート443、TLS1.2、30分、100GB",
            "エラー 5.7.1 と 0x80070057、ポート443、TLS1.2、30分、100GB",
        ),
        ("受付 T-1042 の件", "受付 [number] の件"),
    ] {
        assert_eq!(without_names(text, &names()), wanted, "{text}");
    }
}

#[test]
fn words_of_the_knowledge_base_stay() {
    let mut names = Names::default();
    names.said("php8.3 と panel.desk.example と web77");
    names.except(&known_words(["PHP8.3 を panel.desk.example で選びます"].into_iter()));
    assert_eq!(
        without_names("php8.3 と panel.desk.example と web77", &names),
        "php8.3 と panel.desk.example と [name]"
    );
}

#[test]
fn questions_are_one_line_and_cut() {
    let names = names();
    let text = "お世話になっております。サンプル商事の高橋です。\nVPNに\nつながりません。\nよろしくお願いします。";
    assert_eq!(question("件名", text, &names, 80), "VPNに つながりません。");
    let text = "Hello,\nmy name is Kenji Suzuki from Sample Inc. VPN fails.";
    assert_eq!(question("", text, &names, 80), "VPN fails.");
    let (text, mut signed) = ("The VPN fails.\n\nBest regards,\nAnna Weber", Names::default());
    signed.said(text);
    assert_eq!(question("", text, &signed, 80), "The VPN fails. [name]");
    let (text, mut signed) = ("総務部の山本です。VPNが切れます。山本まで", Names::default());
    signed.said(text);
    assert_eq!(question("", text, &signed, 80), "VPNが切れます。[name]まで");
    assert_eq!(question("高橋の件", "お世話になっております。", &names, 80), "[name]の件");
    assert_eq!(question("", "VPNにつながりません", &names, 3), "VPN…");
}

#[test]
fn texts_are_cut_into_sentences() {
    assert_eq!(
        sentences("VPNが切れます。直りますか?\nv1.2 is out. bye"),
        ["VPNが切れます。", "直りますか?", "v1.2 is out.", "bye"]
    );
}
