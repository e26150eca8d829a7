//! Signatures of SNS messages (<https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>), checked against
//! certificates that the operator gave. The address of a certificate in the message is never asked for: it comes from outside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use serde_json::Value;

use super::BadReport;

/// What a notification signs, in this order; the subject only when there is one.
const NOTIFICATION: &[&str] = &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
/// What the beginning and the end of a subscription sign.
const SUBSCRIPTION: &[&str] = &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Whether one of `keys` (RSA, DER) signed the message.
///
/// # Errors
/// Nobody did.
pub(super) fn verify(keys: &[Vec<u8>], object: &Value) -> Result<(), BadReport> {
    let text = |member: &str| object[member].as_str();
    let algorithm: &'static RsaParameters = match text("SignatureVersion") {
        Some("1") => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Some("2") => &RSA_PKCS1_2048_8192_SHA256,
        other => {
            let other = other.unwrap_or("");
            return Err(BadReport(format!("SignatureVersion = \"{other}\" is neither 1 nor 2")));
        }
    };
    let signature = STANDARD.decode(text("Signature").unwrap_or(""));
    let signature = signature.map_err(|fault| BadReport(format!("Signature is not base64: {fault}")))?;
    let signed = signed(object);
    let fits = |key: &Vec<u8>| UnparsedPublicKey::new(algorithm, key).verify(signed.as_bytes(), &signature).is_ok();
    if keys.iter().any(fits) {
        return Ok(());
    }
    let named: String =
        text("SigningCertURL").unwrap_or("nothing").chars().filter(|c| !c.is_control()).take(200).collect();
    Err(BadReport(format!(
        "the signature fits none of sns_certificates; the message names {named}: if AWS signs with a new certificate, add it"
    )))
}

fn signed(object: &Value) -> String {
    let members = if object["Type"] == "Notification" { NOTIFICATION } else { SUBSCRIPTION };
    let present = members.iter().filter_map(|member| Some((member, object[*member].as_str()?)));
    present.flat_map(|(member, value)| [*member, "\n", value, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Reports, read};
    use crate::config::{AlertSettings, Config};
    use crate::domain::Timestamp;

    const NOW: Timestamp = Timestamp(1_795_309_800_000);

    fn source(certificates: &str) -> AlertSettings {
        let text = format!(
            "[[http.alerts]]\nname = \"aws\"\ntoken = \"abcdefghijklmnopqrst\"\nsns_certificates = {certificates}\n\
             topics = [\"arn:aws:sns:ap-northeast-1:123456789012:alarms\"]\n"
        );
        Config::parse(Path::new("tests/fixtures/sns/madoguchi.toml"), &text, &[]).unwrap().alerts.remove(0)
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!("tests/fixtures/sns/{name}.json")).unwrap()
    }

    fn refusal(source: &AlertSettings, body: &str) -> String {
        read(source, body.as_bytes(), NOW).unwrap_err().to_string()
    }

    #[test]
    fn what_the_certificate_signed_is_taken() {
        let source = source("[\"other.pem\", \"certificate.pem\"]");
        for name in ["notification-1", "notification-2", "no-subject-2"] {
            let Ok(Reports::Alerts(reports)) = read(&source, fixture(name).as_bytes(), NOW) else { panic!("{name}") };
            assert_eq!(reports[0].alert.host, "prod-db", "{name}");
        }
        assert!(matches!(read(&source, fixture("subscription-2").as_bytes(), NOW), Ok(Reports::Confirm(_))));
    }

    #[test]
    fn what_was_changed_or_signed_by_another_is_refused() {
        let source = source("[\"certificate.pem\"]");
        let whole = fixture("notification-2");
        for (old, new) in [
            ("97.0", "17.0"),
            ("11111111-2222", "21111111-2222"),
            ("2026-11-22T01:02:04", "2026-11-23T01:02:04"),
            ("\"Subject\"", "\"Object\""),
        ] {
            let said = refusal(&source, &whole.replacen(old, new, 1));
            assert!(whole.contains(old) && said.contains("fits none of sns_certificates"), "{old}: {said}");
            assert!(said.contains("SimpleNotificationService-0.pem"), "{said}");
        }
        let said = refusal(&self::source("[\"other.pem\"]"), &whole);
        assert!(said.contains("fits none"), "{said}");
        // The weaker digest does not stand in for the other one.
        let said = refusal(&source, &whole.replace("\"SignatureVersion\": \"2\"", "\"SignatureVersion\": \"1\""));
        assert!(said.contains("fits none"), "{said}");
        let said = refusal(&source, &whole.replace("\"SignatureVersion\": \"2\"", "\"SignatureVersion\": \"3\""));
        assert!(said.contains("neither 1 nor 2"), "{said}");
        let said = refusal(&source, r#"{"AlarmName":"a","NewStateValue":"ALARM"}"#);
        assert!(said.contains("raw message delivery"), "{said}");
        let plain = self::source("[]");
        assert!(
            read(&plain, whole.replacen("97.0", "17.0", 1).as_bytes(), NOW).is_ok(),
            "no certificate: not looked at"
        );
    }
}
