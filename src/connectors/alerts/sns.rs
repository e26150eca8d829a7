//! Subscriptions of SNS: a topic reports here only after the address it names was asked for
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html>). The address must be one of SNS: it comes
//! from outside, and the desk must not be made to ask for anything else.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use super::BadReport;
use crate::config::is_loopback;
use crate::connectors::email::tls;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A topic that wants to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Which one.
    pub topic: String,
    /// What is to be asked for.
    pub url: Url,
}

impl Subscription {
    pub(super) fn of(object: &Value) -> Result<Self, BadReport> {
        let text = |member: &str| object[member].as_str().unwrap_or("");
        let topic = text("TopicArn").to_owned();
        let url = Url::parse(text("SubscribeURL")).map_err(|fault| BadReport(format!("SubscribeURL: {fault}")))?;
        let host = url.host_str().unwrap_or_default();
        let confirms = url.query_pairs().any(|(name, value)| name == "Action" && value == "ConfirmSubscription");
        let is_sns = url.scheme() == "https" && is_sns_host(host) && url.port().is_none();
        // The test build talks to a stand-in on this machine.
        let is_stand_in = cfg!(feature = "crash-points") && url.scheme() == "http" && is_loopback(host);
        if !(is_sns || is_stand_in) || !confirms {
            return Err(BadReport("SubscribeURL is not an address of SNS that confirms".to_owned()));
        }
        if !url.query_pairs().any(|(name, value)| name == "TopicArn" && value == topic) {
            return Err(BadReport("SubscribeURL is about another topic".to_owned()));
        }
        Ok(Self { topic, url })
    }

    /// Asks for the address: from then on the topic reports.
    ///
    /// # Errors
    /// In words; SNS asks again when it is told so.
    pub async fn confirm(&self) -> Result<(), String> {
        let tls = tls::client_config(None).map_err(|fault| fault.to_string())?;
        let client = reqwest::Client::builder()
            .use_preconfigured_tls((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|fault| fault.without_url().to_string())?;
        let answer = client.get(self.url.clone()).send().await.map_err(|fault| fault.without_url().to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("SNS answered {}", answer.status())) }
    }
}

/// `sns.ap-northeast-1.amazonaws.com`, and `.cn` behind it in China.
fn is_sns_host(host: &str) -> bool {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    let region = host.strip_prefix("sns.").and_then(|rest| rest.strip_suffix(".amazonaws.com"));
    region.is_some_and(|region| {
        !region.is_empty() && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_sns_is_asked() {
        let topic = "arn:aws:sns:ap-northeast-1:123456789012:alarms";
        let query = format!("?Action=ConfirmSubscription&TopicArn={topic}&Token=t");
        for (base, wanted) in [
            ("https://sns.ap-northeast-1.amazonaws.com/", true),
            ("https://sns.cn-north-1.amazonaws.com.cn/", true),
            ("https://sns.ap-northeast-1.amazonaws.com.evil.example/", false),
            ("https://evil.example/sns.ap-northeast-1.amazonaws.com/", false),
            ("https://sns.x@evil.example/", false),
            ("http://sns.ap-northeast-1.amazonaws.com/", false),
            ("https://sns.ap-northeast-1.amazonaws.com:8443/", false),
            ("http://169.254.169.254/", false),
            ("https://sns..amazonaws.com/", false),
        ] {
            let object = json!({ "TopicArn": topic, "SubscribeURL": format!("{base}{query}") });
            assert_eq!(Subscription::of(&object).is_ok(), wanted, "{base}");
        }
        let other = json!({ "TopicArn": "arn:aws:sns:x:1:other",
            "SubscribeURL": format!("https://sns.ap-northeast-1.amazonaws.com/{query}") });
        assert!(Subscription::of(&other).is_err());
    }
}
