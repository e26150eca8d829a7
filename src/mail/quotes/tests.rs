use super::*;

/// Every kind of quote header over the same answer and the same quoted text.
const ABOVE_MARKED: &[&str] = &[
    // English
    "On Tue, Mar 5, 2024 at 9:14 AM Desk Support <desk@help.example> wrote:",
    "On Tue, Mar 5, 2024 at 9:14 AM Desk Support <\ndesk@help.example> wrote:",
    "On 5 Mar 2024, at 09:14, Desk Support wrote:",
    "On 05/03/2024 09:14, Desk Support via Helpdesk wrote:",
    "On Tuesday, March 5th, 2024 at 09:14, Desk Support <desk@help.example> wrote:",
    "On Tue, 05 Mar 2024 09:14:22 +0000\nDesk Support <desk@help.example> wrote:",
    "At Tue, 05 Mar 2024 09:14:22 +0000,\nDesk Support wrote:",
    "In message <20240305@help.example>, Desk Support writes:",
    "Desk Support <desk@help.example> writes:",
    "*On Tue, Mar 5, 2024 at 9:14 AM, Desk <desk@help.example> wrote:*",
    "2024-03-05 9:14 GMT+01:00 Desk Support <desk@help.example>:",
    // German, French, Spanish, Italian, Portuguese, Dutch
    "Am 05.03.24 um 09:14 schrieb Desk Support:",
    "Am Di., 5. März 2024 um 09:14 Uhr schrieb Desk Support <desk@help.example>:",
    "Le mar. 5 mars 2024 à 09:14, Desk Support <desk@help.example> a écrit :",
    "Le 05/03/2024 à 09:14, Desk Support a écrit\u{a0}:",
    "El mar, 5 mar 2024 a las 9:14, Desk Support (<desk@help.example>) escribió:",
    "El 5 de marzo de 2024, 9:14, Desk Support <desk@help.example> escribió:",
    "Il giorno mar 5 mar 2024 alle ore 09:14 Desk Support <desk@help.example> ha scritto:",
    "Em ter., 5 de mar. de 2024 às 09:14, Desk Support <desk@help.example> escreveu:",
    "Op di 5 mrt 2024 om 09:14 schreef Desk Support <desk@help.example>:",
    "Op 5 mrt. 2024, om 09:14 heeft Desk Support <desk@help.example> het volgende geschreven:",
    // Northern and eastern Europe
    "Den tis 5 mars 2024 kl 09:14 skrev Desk Support <desk@help.example>:",
    "På 5 mars 2024 kl. 09:14:03, Desk Support (desk@help.example) skrev:",
    "ti 5. maalisk. 2024 klo 9.14 Desk Support <desk@help.example> kirjoitti:",
    "W dniu 5 marca 2024 09:14 użytkownik Desk Support <desk@help.example> napisał:",
    "út 5. 3. 2024 v 9:14 odesílatel Desk Support <desk@help.example> napsal:",
    "вт, 5 мар. 2024 г. в 09:14, Desk Support <desk@help.example>:",
    "5 марта 2024, 09:14, Desk Support <desk@help.example> написал:",
    "Vào Th 3, 5 thg 3, 2024 vào lúc 09:14 Desk Support <desk@help.example> đã viết:",
    // Japanese
    "2024年3月5日(火) 9:14 窓口サポート <desk@help.example>:",
    "2024年3月5日(火) 9:14 窓口サポート（東日本担当）\n<desk@help.example>:",
    "2024/03/05 9:14 \"窓口サポート\" <desk@help.example>:",
    "2024/03/05 9:14、窓口サポート <desk@help.example>のメール:",
    "2024年3月5日 火曜日 9:14:03 JST、窓口サポート <desk@help.example> のメール：",
    "2024/03/05 9:14, 窓口サポート さんは書きました:",
    "(2024/03/05 9:14), 窓口サポート wrote:",
    "On 2024/03/05 9:14, 窓口サポート wrote:",
    "「Tue, 5 Mar 2024 09:14:03 +0900」に「窓口サポート <desk@help.example>」さんは書きました:",
    "窓口サポート さんの 2024/03/05 9:14 のメールから引用:",
    "2024/03/05 9:14 に 窓口サポート さんが書きました。",
    "----- 窓口サポート <desk@help.example> さんのメッセージ (2024/03/05 9:14) -----",
    "--- desk@help.example からのメッセージ ---",
    "窓口サポートさんは書きました:",
    "----- Original Message -----\n> From: 窓口サポート <desk@help.example>\n> Date: 2024/3/5, Tue 9:14",
    "In message \"Re: printer\"\n   on 24/03/05, Desk <desk@help.example> writes:",
    "In article <20240305@help.example>,\n  Desk <desk@help.example> writes:",
    "At 9:14 AM +0900 24.3.5, Desk wrote:",
    "From: 窓口サポート <desk@help.example>\nSubject: プリンター\nDate: Tue, 5 Mar 2024 09:14:03 +0900",
    "窓口サポートさんからのメール:",
    "desk@help.example さんは書きました：",
    "窓口サポート <desk@help.example> さん wrote in <20240305.4711@help.example>",
    "---- 窓口サポート さんが書きました ----",
    "On Tue, Mar 5, 2024 at 9:14 AM 窓口サポート（東日本担当）\n<desk@help.example> wrote:",
    // Chinese
    "窗口 <desk@help.example> 于2024年3月5日周二 09:14写道：",
    // No header at all
    "",
];

/// Headers whose quote carries no marks: all below goes.
const ABOVE_BARE: &[&str] = &[
    "-----Original Message-----\nFrom: Desk <desk@help.example>\nSent: Tuesday, March 5, 2024 9:14 AM\nTo: me@customer.example\nSubject: RE: printer",
    "________________________________\nFrom: Desk <desk@help.example>\nSent: Tuesday, March 5, 2024 9:14 AM\nTo: Me <me@customer.example>\nCc: A <a@customer.example>;\n\tB <b@customer.example>\nSubject: RE: printer",
    "*From:* Desk [mailto:desk@help.example]\n*Sent:* Tuesday, March 5, 2024 9:14 AM\n*To:* Me\n*Subject:* RE: printer",
    "From: desk@help.example\nDate: Tue, 5 Mar 2024 09:14:22 +0000",
    "Date: Tue, 5 Mar 2024 09:14:22 +0000\nSubject: printer\nFrom: desk@help.example\nTo: me@customer.example",
    "Von: Desk <desk@help.example>\nGesendet: Dienstag, 5. März 2024 09:14\nAn: Ich\nBetreff: AW: Drucker",
    "-----Ursprüngliche Nachricht-----\nVon: Desk\nGesendet: Dienstag, 5. März 2024 09:14\nAn: Ich\nBetreff: AW: Drucker",
    "De : Desk <desk@help.example>\nEnvoyé : mardi 5 mars 2024 09:14\nÀ : Moi\nObjet : RE: imprimante",
    "De: Desk <desk@help.example>\nEnviado el: martes, 5 de marzo de 2024 9:14\nPara: Yo\nAsunto: RE: impresora",
    "Da: Desk <desk@help.example>\nInviato: martedì 5 marzo 2024 09:14\nA: Io\nOggetto: R: stampante",
    "Van: Desk <desk@help.example>\nVerzonden: dinsdag 5 maart 2024 09:14\nAan: Ik\nOnderwerp: RE: printer",
    "Från: Desk <desk@help.example>\nSkickat: den 5 mars 2024 09:14\nTill: Jag\nÄmne: SV: skrivare",
    "Fra: desk@help.example\nSendt: 5. marts 2024 09:14\nTil: Mig\nEmne: SV: printer",
    "От: Desk <desk@help.example>\nОтправлено: 5 марта 2024 г. 9:14\nКому: Я\nТема: RE: принтер",
    "________________________________\n差出人: 窓口 <desk@help.example>\n送信日時: 2024年3月5日 9:14\n宛先: 私 <me@customer.example>\n件名: RE: プリンター",
    "-----元のメッセージ-----\n差出人: 窓口\n送信日時: 2024年3月5日火曜日 9:14\n宛先: me@customer.example\n件名: RE: プリンター",
    "-------- 元のメッセージ --------\n差出人: 窓口 <desk@help.example>\n日付: 2024/03/05 9:14 (GMT+09:00)\n宛先: me@customer.example\n件名: Re: プリンター",
    "差出人: 窓口 <desk@help.example>\n送信済み: 2024年3月5日 9:14\n宛先: 私 <me@customer.example>\n件名: RE: プリンター",
    "==== 以下、元メール ====\n差出人: 窓口\n日付: 2024/03/05 9:14\n件名: Re: プリンター",
    ">>> 窓口 <desk@help.example> 2024/03/05 9:14 >>>",
    "差出人:\t窓口 <desk@help.example>\n宛先:\tme@customer.example\n日付:\t2024/03/05 09:14\n件名:\tプリンター",
    "发件人: 窗口 <desk@help.example>\n发送时间: 2024年3月5日 9:14\n收件人: 我\n主题: 打印机",
    "## この行より上に返信してください ##",
    "-- 回答はこの線より上に入力してください --",
    "##- Please type your reply above this line -##",
    "On Tue, Mar 5, 2024 at 9:14 AM Desk Support <desk@help.example> wrote:",
    "2024年3月5日(火) 9:14 窓口サポート <desk@help.example>:",
    "Tue, 05 Mar 2024 09:14:22 +0400 от Desk <desk@help.example>:",
];

const ANSWER: &str = "お世話になっております。\n\nIt prints again. 直りました。\nよろしくお願いいたします。";

#[test]
fn quotes_below_an_answer_are_cut_for_every_client() {
    for header in ABOVE_MARKED {
        for gap in ["\n", "\n\n"] {
            let mail = format!("{ANSWER}\n\n{header}{gap}> 私様\n>\n> Please restart it.\n> > older\n");
            assert_eq!(newly_written(&mail, None, "Re: printer"), ANSWER, "{mail}");
        }
    }
    for header in ABOVE_BARE {
        let mail = format!("{ANSWER}\n\n{header}\n\n私様\n\nPlease restart it.\n");
        assert_eq!(newly_written(&mail, None, "Re: printer"), ANSWER, "{mail}");
    }
}

#[test]
fn answers_below_and_between_quotes_stay() {
    for header in ABOVE_MARKED {
        let mail = format!(
            "{header}\n\n> 1) version?\n\n6.4 です。\n\n> 2) host?\nweb01\n>\n> thanks\n\n以上です。\n\n-- \n山田\n"
        );
        assert_eq!(newly_written(&mail, None, ""), "6.4 です。\n\nweb01\n\n以上です。", "{mail}");
    }
    let bars = "田中さんの 2024/03/05 9:14 のメールから引用:\n| 版は?\n\n6.4\n\n| 台数は?\n\n3台";
    assert_eq!(newly_written(bars, None, ""), "6.4\n\n3台");
}

#[test]
fn what_is_forwarded_stays() {
    let cases = [
        (
            "Fwd: 警告",
            "本物でしょうか。\n\niPhoneから送信\n\n---------- Forwarded message ---------\nFrom: x <x@y.example>\nDate: 2024年3月5日(火) 9:14\nSubject: 警告\n\n> 更新してください",
        ),
        (
            "Fwd: 警告",
            "本物でしょうか。\n\niPhoneから送信\n\n転送されたメッセージ：\n\n> 差出人: x\n> 日付: 2024年3月5日\n> 件名: 警告\n>\n> 更新してください",
        ),
        (
            "FW: 警告",
            "本物でしょうか。\n\n________________________________\n差出人: x <x@y.example>\n送信日時: 2024年3月5日 9:14\n宛先: me\n件名: 警告\n\n更新してください",
        ),
        (
            "WG: Warnung",
            "本物でしょうか。\n\n-----Ursprüngliche Nachricht-----\nVon: x\nGesendet: 5. März 2024\nAn: ich\nBetreff: Warnung\n\n更新してください",
        ),
        (
            "TR : alerte",
            "本物でしょうか。\n\nDébut du message réexpédié :\n\n> De: x\n> Date: 5 mars 2024\n>\n> 更新してください",
        ),
    ];
    for (subject, mail) in cases {
        let written = newly_written(mail, None, subject);
        assert!(
            written.starts_with("本物でしょうか。") && written.contains("更新してください"),
            "{mail}\n=> {written}"
        );
        assert!(!written.contains("iPhone"), "{written}");
    }
    let answered = newly_written(
        "了解です。\n\nFrom: a <a@b.example>\nSent: Tue, 5 Mar 2024 9:14\nTo: me\nSubject: Fwd: x\n\n本文",
        None,
        "Re: Fwd: x",
    );
    assert_eq!(answered, "了解です。");
}

#[test]
fn text_that_only_looks_like_a_quote_stays() {
    for mail in [
        "次のように打ちました。\n\nadmin@db:~$ cat <<EOF > a.sh\n> #!/bin/sh\n> df -h\n> EOF\nadmin@db:~$ exit\n\n合っていますか。",
        "Python です。\n\n>>> import ssl\n>>> ssl.OPENSSL_VERSION\n'OpenSSL 3'\n\nこれで動きません。",
        "> SELECT count(*) FROM t;\n81\n> exit()\n\n遅いです。",
        "ログです。\n```\n> 10:00 error\n---\nFrom: 203.0.113.24\n```\n直りますか。",
        "MAIL FROM:<a@b.example>\n250 Ok\nDATA\nFrom: a@b.example\nTo: c@d.example\nDate: Tue, 5 Mar 2024 09:14:22 +0900\nSubject: test\n\n.\n250 queued\n届きません。",
        "届かないのは下記のメールです。\n\n差出人: a@b.example\n宛先: c@d.example\n件名: テスト\n日時: 2024年3月5日 9:14\n\nお調べください。",
        "転送の設定です。\n\n差出人: form@b.example\n宛先: c@d.example\n件名: お問い合わせ\n\nこの内容でお願いします。",
        "ヘッダーです。\n\nReturn-Path: <a@b.example>\nReceived: from x\nFrom: a@b.example\nDate: Tue, 5 Mar 2024\nX-Mailer: y\n\nなぜでしょうか。",
        "こう書いてありました。\n\nFrom: a@b.example\nDate: Tue, 5 Mar 2024\nX-Mailer: y\n\nなぜでしょうか。",
        "On 3/4 we moved the server to the new rack:\n\nweb01 is gone since. Why?",
        "On your host you can run:\n\n  telnet 127.0.0.1\n\nand it fails.",
        "2024/03/05 10:23 に taro@b.example から送ると次のエラーが出ます:\n\n550 denied\n\n原因を教えてください。",
        "「さんは書きました:」と引用が付くのは問題ありませんか？\niPhoneから送信できません。",
        "設定です。\n-- 受信 --\nimap / 993\n-- 送信 --\nsmtp / 465\nよろしいですか。",
        "手順は 1 > 2 > 3 です。\n-> ここで止まります。\n--> その次も。",
        "| 項目 | 値 |\n|------|----|\n| 台数 | 3 |\n\n表のとおりです。",
        "下記が届きました。\n\n --------------\n容量 > 90%\n --------------\n\n増やせますか。",
        "CSR です。\n\n-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n-----END CERTIFICATE REQUEST-----\n\nお願いします。",
        "はい。\n\n > 行頭の不等号は私の文章です。\n\n以上。",
        "Thanks for the update.\n\nPlease reply above the fold if you can?",
        "<http://a.example> <http://b.example>",
    ] {
        assert_eq!(newly_written(mail, None, "質問"), mail.trim(), "{mail}");
    }
}

#[test]
fn a_mail_without_words_of_its_own_is_empty_and_one_of_a_signature_is_kept() {
    assert_eq!(
        newly_written("\niPhoneから送信\n\n2024/03/05 9:14、窓口 <d@h.example>のメール:\n\n> はい", None, ""),
        ""
    );
    assert_eq!(newly_written("", None, ""), "");
    assert_eq!(newly_written("Sent from my iPhone", None, ""), "Sent from my iPhone");
}

#[test]
fn html_shows_the_quote_that_text_does_not_mark() {
    let html = "<div>はい、お願いします。</div><blockquote type=\"cite\"><div>ke 5.3. X:</div><div>Käynnistä uudelleen</div></blockquote>";
    let text = "はい、お願いします。\n\nke 5.3. X:\nKäynnistä uudelleen";
    assert_eq!(newly_written(text, Some(html), "Re: x"), "はい、お願いします。");
    let whole = "<div class=\"gmail_quote\"><div>はい、お願いします。</div></div>";
    assert_eq!(newly_written("はい、お願いします。", Some(whole), "Re: x"), "はい、お願いします。");
    let between = format!("{html}<div>Wait, one more thing.</div><blockquote>more</blockquote><p>And this too.</p>");
    let text = format!("{text}\n\nWait, one more thing.\nmore\nAnd this too.");
    assert_eq!(newly_written(&text, Some(&between), "Re: x"), text);
}

#[test]
fn time_grows_with_length_only() {
    for line in [
        "> ",
        ">",
        "On ",
        "From: a\n",
        "-",
        "-----Original Message",
        "--\n",
        "2024/01/01 10:00 ",
        "___",
        "_______\n",
        "```\n",
        "\n",
        "<<\n> a\n",
        "a@b.example\n",
    ] {
        let mail = line.repeat(300_000 / line.len());
        let started = std::time::Instant::now();
        let _ = newly_written(&mail, Some(&mail), "Fwd: x");
        let elapsed = started.elapsed();
        assert!(elapsed.as_secs() < 5, "{line:?} took {elapsed:?}");
    }
}
