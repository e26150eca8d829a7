use super::*;

fn sample(language: Language) -> Values {
    let question = BTreeMap::from([("title", "ホスト名"), ("ask", "どのサーバですか。")]);
    let detail = BTreeMap::from([("title", "操作"), ("value", "restart")]);
    let article = BTreeMap::from([("title", "VPN"), ("text", "再起動します。")]);
    let one = [
        ("name", "山田 花子"),
        ("desk", "サンプル窓口"),
        ("ticket", "T-1042"),
        ("subject", "VPN"),
        ("reference", "T1042.1.ABC"),
        ("expected", "11月24日(火) 19:00"),
        ("intent", "再起動"),
        ("intent_reply", "承認後に着手します。"),
        ("article_title", "VPN"),
        ("article_text", "再起動します。"),
        ("by", "青木"),
        ("number", "2"),
        ("status", "対応中"),
        ("created", "2026年11月22日(日) 15:00"),
        ("text", if language == Language::Ja { "対応しました。" } else { "Done." }),
    ];
    let mut values: Values = one.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    values.insert("questions", Value::from(vec![question]));
    values.insert("details", Value::from(vec![detail]));
    values.insert("articles", Value::from(vec![article]));
    values
}

#[test]
fn both_languages_have_the_same_templates_and_variables() {
    let environment = TEMPLATES.as_ref().unwrap();
    assert_eq!(FILES.len(), Template::ALL.len() * 2);
    for template in Template::ALL {
        let variables =
            |language| environment.get_template(&format!("{language}/{template}")).unwrap().undeclared_variables(true);
        assert_eq!(variables(Language::Ja), variables(Language::En), "{template}");
        assert!(variables(Language::Ja).contains("reference"), "{template}");
    }
    for language in Language::ALL {
        let folder = format!("{}/templates/reply/{language}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, Template::ALL.len(), "{folder} holds a file no template uses, or misses one");
    }
}

fn chat_sample(language: Language) -> Values {
    let mut values = sample(language);
    let entry = BTreeMap::from([
        ("ticket", Value::from("T-7")),
        ("subject", Value::from("VPN")),
        ("status", Value::from("open")),
        ("expected", Value::from(())),
    ]);
    values.insert("tickets", Value::from(vec![entry]));
    for name in ["code", "priority", "queue", "assignee", "requester", "channel"] {
        values.insert(name, Value::from(name));
    }
    values
}

#[test]
fn chat_has_every_wording_in_both_languages_and_short() {
    let environment = TEMPLATES.as_ref().unwrap();
    for template in ChatTemplate::ALL {
        let variables = |language: Language| {
            environment.get_template(&format!("chat/{language}/{template}")).unwrap().undeclared_variables(true)
        };
        assert_eq!(variables(Language::Ja), variables(Language::En), "{template}");
        for language in Language::ALL {
            let text = render_chat(*template, *language, &chat_sample(*language)).unwrap();
            assert!(!text.contains("ref: ") && !text.contains("\n--"), "{language}/{template}: {text}");
            assert!(
                !text.contains("{{") && !text.contains("{%") && !text.contains("\n\n\n"),
                "{language}/{template}: {text}"
            );
        }
    }
    for language in Language::ALL {
        let folder = format!("{}/templates/reply/chat/{language}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), ChatTemplate::ALL.len(), "{folder}");
    }
    for template in Template::ALL {
        assert_eq!(ChatTemplate::from(*template).as_str(), template.as_str());
    }
}

#[test]
fn every_template_renders_and_ends_with_the_reference() {
    for language in Language::ALL {
        for template in Template::ALL {
            let text = render(*template, *language, &sample(*language)).unwrap();
            assert!(text.ends_with("\nref: T1042.1.ABC"), "{language}/{template}: {text}");
            assert!(!text.contains("\n\n\n") && !text.contains("{{") && !text.contains("{%"), "{language}/{template}");
            assert!(text.lines().all(|line| line == line.trim_end()), "{language}/{template}");
        }
    }
}

#[test]
fn a_missing_value_refuses() {
    for language in Language::ALL {
        for template in Template::ALL {
            for missing in ["desk", "reference", "ticket"] {
                let mut values = sample(*language);
                values.remove(missing);
                let fault = render(*template, *language, &values).unwrap_err();
                assert!(
                    matches!(fault, WordingFault::Template { .. }),
                    "{language}/{template} without {missing}: {fault}"
                );
                assert!(fault.in_full().contains(&format!("`{template}`")), "{}", fault.in_full());
            }
        }
    }
    let mut values = sample(Language::Ja);
    values.remove("article_text");
    assert!(render(Template::Answer, Language::Ja, &values).is_err());
}

#[test]
fn an_endless_template_runs_out_of_fuel() {
    let broken =
        environment(&[("x", "{% for a in range(9000) %}{% for b in range(9000) %}.{% endfor %}{% endfor %}")]).unwrap();
    assert!(broken.get_template("x").unwrap().render(Values::new()).is_err());
    assert!(environment(&[("x", "{% if %}")]).is_err());
}

#[test]
fn values_are_data_and_never_templates() {
    let mut values = sample(Language::En);
    values.insert("name", Value::from(one_line("{{ reference }}\r\nBcc: victim@x.example\u{202e}", 200)));
    let text = render(Template::Acknowledgement, Language::En, &values).unwrap();
    assert!(text.starts_with("Hello {{ reference }} Bcc: victim@x.example,\n"), "{text}");
}

#[test]
fn a_monstrous_text_is_not_sent() {
    let mut values = sample(Language::En);
    values.insert("article_text", Value::from("x".repeat(MOST_BYTES)));
    assert!(matches!(render(Template::Answer, Language::En, &values), Err(WordingFault::TooLong(_))));
}
