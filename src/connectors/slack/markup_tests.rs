use proptest::prelude::*;

use super::*;

#[test]
fn markdown_becomes_slacks_markup() {
    for (markdown, wanted) in [
        ("## Reset **it**", "*Reset it*"),
        ("- one\n  * two", "• one\n  • two"),
        ("a **bold** word", "a *bold* word"),
        ("see [the page](https://x.example/?a=1&b=2).", "see <https://x.example/?a=1&amp;b=2|the page>."),
        ("https://x.example/a.", "<https://x.example/a>."),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
        ("> quoted <b>", "> quoted &lt;b&gt;"),
        ("`a<b` and ``", "`a&lt;b` and ``"),
        ("```sh\n**x** <y>\n```", "```\n**x** &lt;y&gt;\n```"),
        ("```\nopen", "```\nopen\n```"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[a|b](https://x.example)", "<https://x.example|a/b>"),
        ("xhttp://a", "xhttp://a"),
    ] {
        assert_eq!(from_markdown(markdown), wanted, "{markdown}");
    }
}

#[test]
fn nothing_in_a_text_can_ping() {
    for text in [
        "<!here>",
        "<!channel|x>",
        "<@U123>",
        "[<!here>](https://x.example)",
        "[x](https://x.example|<!here>)",
        "`<!everyone>`",
        "**<@U1>**",
        "https://x.example/<!here>",
        "> <!subteam^S1>",
    ] {
        let safe = from_markdown(text);
        assert!(!safe.contains("<!") && !safe.contains("<@") && !safe.contains("<#"), "{text} -> {safe}");
    }
}

#[test]
fn long_text_is_cut_between_lines_and_code_stays_code() {
    let text = format!("intro\n```\n{}\n```\nend", "code line\n".repeat(50).trim_end());
    let parts = pieces(&text, 100);
    assert!(parts.len() > 3);
    for part in &parts {
        assert!(part.chars().count() <= 100, "{part}");
        assert_eq!(part.matches(FENCE).count() % 2, 0, "{part}");
    }
}

proptest! {
    #[test]
    fn every_opening_bracket_is_a_link_of_ours(text in "(\\PC|[<>&!@#|`*\\[\\]()\n]|https://a\\.b|<!here>|<@U1>|&lt;|```){0,60}") {
        let safe = from_markdown(&text);
        for (at, _) in safe.match_indices('<') {
            prop_assert!(safe[at..].starts_with("<http://") || safe[at..].starts_with("<https://"), "{safe}");
        }
    }

    #[test]
    fn pieces_keep_every_word_and_every_escape_whole(text in "([a-z&<> \n]|https://a\\.b/c|```\n){0,400}", limit in 40usize..200) {
        let safe = from_markdown(&text);
        let parts = pieces(&safe, limit);
        for part in &parts {
            prop_assert!(part.chars().count() <= limit, "{} > {limit}", part.chars().count());
            for (at, _) in part.match_indices('&') {
                prop_assert!(["&amp;", "&lt;", "&gt;"].iter().any(|escape| part[at..].starts_with(escape)), "{part}");
            }
        }
        let words = |text: &str| text.replace(FENCE, "").split_whitespace().collect::<String>();
        prop_assert_eq!(words(&parts.join("\n")), words(&safe));
    }
}
