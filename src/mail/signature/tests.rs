use super::super::quotes::newly_written;

const LETTER: &str = "お世話になっております。\n\nIt fails since noon. 印刷できません。\n\nよろしくお願いいたします。";

const SIGNATURES: &[&str] = &[
    "-- \nTaro Yamada\nExample Inc.",
    "--\n山田 太郎\nTEL 03-0000-0000",
    "—\nTaro",
    "Sent from my iPhone",
    "Sent from Outlook for iOS",
    "Sent from Mail for Windows",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent via BlackBerry",
    "Get Outlook for Android<https://aka.ms/x>",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Enviado do meu iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Отправлено с iPhone",
    "iPhoneから送信",
    "Androidから送信",
    "私のiPadから送信",
    "Xperiaスマートフォンから送信",
    "Xperia(TM)スマートフォンから送信しました。",
    "~~~~~~~~~~~~~~~~~~~~~~~~\n例株式会社\n山田 太郎\nTEL 03-0000-0000\n~~~~~~~~~~~~~~~~~~~~~~~~",
    "Yahoo!メール(iPhone)から送信",
    "Windows 10 版のメールから送信",
    "iOS 版 Outlook を入手<https://aka.ms/o0ukef>",
    "Outlook for Android を入手<https://aka.ms/AAb9ysg>",
    "-Taro Yamada",
    "―――――――――――――――\n株式会社例\n山田 太郎\nTEL：03-0000-0000\n―――――――――――――――",
    "＝＝＝＝＝＝＝＝＝＝＝＝\n例商店　山田\nmail: yamada@example.jp\n＝＝＝＝＝＝＝＝＝＝＝＝",
    "*-*-*-*-*-*-*-*-*-*-*\n  山田 太郎\n  taro@example.jp\n*-*-*-*-*-*-*-*-*-*-*",
    "_/_/_/_/_/_/_/_/_/_/\n例株式会社 営業部\n山田太郎\n内線 1234\n_/_/_/_/_/_/_/_/_/_/",
    "◇◆◇◆◇◆◇◆◇◆\n　雑貨の店　やまだ\n　https://yamada.example.jp/\n　Instagram @yamada\n◇◆◇◆◇◆◇◆◇◆",
    "┌──────────────\n│山田会計　山田\n│yamada@example.jp\n└──────────────",
    "〓〓〓〓〓〓〓〓〓〓\n例堂　山田\n電話 03-0000-0000\n〓〓〓〓〓〓〓〓〓〓",
    "- - - - - - - - - -\n山田 太郎\ntaro@example.jp\n- - - - - - - - - -",
    "☆★☆★☆★☆★☆★\n例サロン　はなこ\nhttps://hanako.example.jp\n☆★☆★☆★☆★☆★",
    "-----【例株式会社】-----\n山田 太郎\nTEL 03-0000-0000\nmail: taro@example.jp\n------------------------",
    "+--------------------------+\n| 山田 太郎\n| taro@example.jp\n+--------------------------+",
    "ーーーーーーーーーーー\n例株式会社\n山田　携帯 090-0000-0000\nーーーーーーーーーーー",
    "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCgAdFiEE\n=abcd\n-----END PGP SIGNATURE-----",
    "このメールは機密情報を含んでいることがあります。お心当たりのない方は削除してください。",
    "*********************\n例株式会社\n*********************\n山田 太郎\nTEL 03-0000-0000\n*********************",
    "------------------------------\n山田 太郎\n総務部\n------------------------------",
    "━━━━━━━━━━━━━━\n例株式会社\n山田 太郎\n〒000-0000 東京都架空区1-2-3\nTEL 03-0000-0000\nE-mail yamada@example.jp\nお気軽にご相談ください！\n━━━━━━━━━━━━━━",
    "例株式会社 総務部\n山田 太郎\nTEL: 03-0000-0000 / FAX: 03-0000-0001\nE-mail: yamada@example.jp",
    "設備課　山田 太郎\n内線 1234 / PHS 5678\nyamada@example.jp",
    "John Smith\nHead of IT, Example Ltd\nPhone: +44 20 7946 0000\njohn@example.co.uk\nwww.example.co.uk",
    "This message is confidential and intended only for the addressee. If you have received it in error, delete it.",
    "本メールには機密情報が含まれている場合があります。誤って受信された場合は、破棄してください。",
    "―――――――――――\n【注意】\n本電子メールは機密情報を含みます。誤って受信された場合は直ちに削除してください。\n無断での複製は禁止されています。\n―――――――――――",
    "Virus-free. www.avast.com",
    "_______________________________________________\nusers mailing list\nusers@lists.example.org\nhttps://lists.example.org/users",
    "--\n________________\nTaro Yamada\nExample Ltd, Tokyo\ntaro@example.jp\n\nNOTICE: this communication may contain privileged or confidential information.\nIf you are not the intended recipient, notify the sender.",
    "-- \n山田\n\nSent from my iPhone",
    "山田商店　山田\nTEL 03-0000-0000\nmail@example.jp\n\niPhoneから送信",
];

#[test]
fn signatures_and_disclaimers_are_cut_with_or_without_a_quote_below() {
    for signature in SIGNATURES {
        for below in [
            "",
            "\n\nOn Tue, Mar 5, 2024 at 9:14 AM Desk <desk@help.example> wrote:\n> hello\n",
            "\n\n-----Original Message-----\nFrom: Desk\nSent: Tue, 5 Mar 2024\nTo: me\nSubject: x\n\nhello",
        ] {
            let mail = format!("{LETTER}\n\n{signature}{below}");
            assert_eq!(newly_written(&mail, None, "Re: x"), LETTER, "{mail}");
        }
    }
}

#[test]
fn a_postscript_below_a_signature_stays() {
    let mail = format!(
        "{LETTER}\n\n------------------\n例株式会社 山田\nTEL 03-0000-0000\n------------------\n\n追伸\n残りは消さないでください。\n"
    );
    assert_eq!(newly_written(&mail, None, ""), format!("{LETTER}\n\n追伸\n残りは消さないでください。"));
}

#[test]
fn greetings_closings_and_what_is_told_stay() {
    for mail in [
        "Hi,\n\nit works.\n\nBest regards,\nTaro",
        "Hello\n\nThanks,\nAlex",
        "直りました。\n\n以上、よろしくお願いいたします。\n山田",
        "Sent from my desk, is much easier than my phone.",
        "iPhoneから送信しようとするとエラーになります。",
        "This is a fix -- not a signature.\n\nbye",
        "契約者の情報を次のとおり変更してください。\n\n会社名：例株式会社\n住所：〒000-0000 東京都架空区1-2-3\nTEL：03-0000-0000\nE-mail：a@example.jp",
        "追加するのは以下の2名です。\n\nyamada@example.jp\nsuzuki@example.jp",
        "ログです。\n\n----------------\n2024-09-02 ERROR connect failed\nFrom: imap.example.jp:993\n----------------",
        "エラーの画面です。\n\n--------\nhttps://panel.example.jp/error?id=1\n--------",
        "新しい担当者です。\n\n*************\nお名前：山田\nメール：yamada@example.jp\n*************\n\n登録してください。",
        "次の文面を送ります。\n\n━━━━━━━━━━━\n冬のフェア開催\n━━━━━━━━━━━\n◆全品20％オフ\n\n送っても問題ないでしょうか。",
        "誤送信してしまいました。\n\n機密情報が入っているので、削除していただくことはできますか。",
        "items:\n- one\n- two\n- Three",
    ] {
        assert_eq!(newly_written(mail, None, "質問"), mail, "{mail}");
    }
}

#[test]
fn a_closing_above_a_card_stays_with_its_name() {
    let mail =
        "It works.\n\nKind regards,\nJohn Smith\nHead of IT, Example Ltd\nPhone: +44 20 7946 0000\njohn@example.co.uk";
    assert_eq!(newly_written(mail, None, ""), "It works.\n\nKind regards,\nJohn Smith");
}
