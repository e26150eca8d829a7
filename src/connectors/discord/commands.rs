//! The slash commands, told to Discord when they differ from what it knows.

use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};
use serenity::model::id::ApplicationId;

use super::api::{Api, ApiError};

/// The commands as they are to be.
pub(super) fn wanted() -> Value {
    let text = |name: &str, (ja, en): (&str, &str)| json!({ "type": 3, "name": name, "description": en, "description_localizations": { "ja": ja } });
    let with = |mut option: Value, key: &str, value: Value| {
        option[key] = value;
        option
    };
    let command = |name: &str, (ja, en): (&str, &str), options: Value| json!({ "type": 1, "name": name, "description": en, "description_localizations": { "ja": ja }, "options": options });
    let question = with(text("text", ("ご質問", "Your question")), "required", json!(true));
    let kind = with(text("type", ("種類", "What it is about")), "autocomplete", json!(true));
    let choice = |name: &str, value: &str| json!({ "name": name, "value": value });
    let choices = json!([choice("日本語", "ja"), choice("English", "en"), choice("自動 / automatic", "auto")]);
    let language = with(text("language", ("言語", "Language")), "choices", choices);
    let language = with(language, "required", json!(true));
    let code = text("code", ("もう一方のチャネルで受け取ったコード", "The code you got on the other channel"));
    json!([
        command("ask", ("質問する", "Ask a question"), json!([question])),
        command("ticket", ("お問い合わせを登録する", "Open a ticket"), json!([kind])),
        command("tickets", ("対応中のお問い合わせを見る", "Show my open tickets"), json!([])),
        command("language", ("お返事の言語を選ぶ", "Choose the language of replies"), json!([language])),
        command(
            "link",
            ("ほかのチャネルのアカウントと連携する", "Link your account on another channel"),
            json!([code])
        ),
    ])
}

/// Registers the commands when they differ.
pub(super) async fn register(api: &Api, application: u64) -> Result<(), ApiError> {
    let route = Route::Commands { application_id: ApplicationId::new(application.max(1)) };
    let there = api.get(route, &[("with_localizations", "true".to_owned())]).await?;
    let wanted = wanted();
    if is_same(&wanted, &there) {
        return Ok(());
    }
    api.change(LightMethod::Put, route, &wanted).await?;
    tracing::info!("slash commands registered");
    Ok(())
}

/// Whether `there` holds the wanted commands and no others. Fields that Discord adds do not count.
fn is_same(wanted: &Value, there: &Value) -> bool {
    let (Some(wanted), Some(there)) = (wanted.as_array(), there.as_array()) else { return false };
    let named = |name: &Value| there.iter().find(|command| command["name"] == *name);
    wanted.len() == there.len()
        && wanted.iter().all(|command| named(&command["name"]).is_some_and(|there| holds(there, command)))
}

/// Whether `there` holds everything that stands in `wanted`.
fn holds(there: &Value, wanted: &Value) -> bool {
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => wanted.iter().all(|(key, value)| match there.get(key) {
            Some(found) => holds(found, value),
            // Discord leaves empty lists out.
            None => value.as_array().is_some_and(Vec::is_empty),
        }),
        (Value::Array(wanted), Value::Array(there)) => {
            wanted.len() == there.len() && wanted.iter().zip(there).all(|(wanted, there)| holds(there, wanted))
        }
        _ => wanted == there,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sent_again_only_when_they_differ() {
        let wanted = wanted();
        let mut there = wanted.clone();
        for command in there.as_array_mut().unwrap() {
            command["id"] = json!("1");
            command["version"] = json!("2");
        }
        there[2].as_object_mut().unwrap().remove("options");
        assert!(is_same(&wanted, &there));
        there[0]["description"] = json!("old");
        assert!(!is_same(&wanted, &there));
        assert!(!is_same(&wanted, &json!([])));
    }

    #[test]
    fn commands_keep_the_limits_of_discord() {
        for command in wanted().as_array().unwrap() {
            let name = command["name"].as_str().unwrap();
            assert!(name.len() <= 32 && name.chars().all(|c| c.is_ascii_lowercase()), "{name}");
            for text in [&command["description"], &command["description_localizations"]["ja"]] {
                assert!((1..=100).contains(&text.as_str().unwrap().chars().count()), "{name}");
            }
        }
    }
}
