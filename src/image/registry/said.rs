//! What a registry says when it refuses.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::Response;
use hyper::body::Incoming;
use serde_json::Value;

/// The most that is read of an answer that is no success.
const LIMIT: usize = 64 * 1024;

/// The longest text that is shown of it, in letters.
const LONGEST: usize = 300;

/// The longest wait for an end that nobody needs: a new connection takes less.
const WORTH: Duration = Duration::from_secs(1);

/// Returns the status of an answer, and what it says in its body where that is in the form of the distribution
/// specification or of a server of tokens.
pub(super) async fn said(response: Response<Incoming>, timeout: Duration) -> String {
    let status = response.status();
    let status = match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    };
    let body = Limited::new(response.into_body(), LIMIT).collect();
    let bytes = match tokio::time::timeout(timeout, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        _ => return status,
    };
    match words(&bytes) {
        Some(words) => format!("{status}, {words}"),
        None => status,
    }
}

/// Reads an answer to its end, so that its connection can be used again.
pub(super) async fn pass_over(response: Response<Incoming>) {
    let body = Limited::new(response.into_body(), LIMIT).collect();
    // Where that fails there will be another connection.
    drop(tokio::time::timeout(WORTH, body).await);
}

/// Returns what a body says: the codes and messages of its errors.
fn words(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.trim().to_owned());
    let error = |error: &Value| match (text(error, "code"), text(error, "message")) {
        (Some(code), Some(message)) if !message.is_empty() => Some(format!("{code}: {message}")),
        (code, message) => code.or(message),
    };
    let words = match body.get("errors").and_then(Value::as_array) {
        Some(errors) => errors.iter().filter_map(error).collect::<Vec<_>>().join("; "),
        // RFC 6749, and what docker's own server of tokens writes.
        None => {
            ["error_description", "details", "message", "error"].iter().find_map(|key| text(&body, key))?
        }
    };
    // What others write must not reach a terminal as it is.
    let words: String = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let short = words.chars().take(LONGEST).collect::<String>();
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        assert_eq!(words(body.as_bytes()).as_deref(), expected, "{body}");
    }

    #[test]
    fn errors_are_read() {
        let one = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#;
        check(one, Some("MANIFEST_UNKNOWN: manifest unknown"));
        check(r#"{"errors":[{"code":"DENIED"},{"message":"no"}]}"#, Some("DENIED; no"));
        check(r#"{"errors":[{"code":"DENIED","message":""}]}"#, Some("DENIED"));
        check(r#"{"errors":[]}"#, None);
        check(r#"{"details":"incorrect username or password"}"#, Some("incorrect username or password"));
        check(r#"{"error":"invalid_grant","error_description":"expired"}"#, Some("expired"));
        check(r#"{"message":"a\u001b[2Jb"}"#, Some("a [2Jb"));
        check("<html>", None);
        check("[]", None);
        check(&format!(r#"{{"message":"{}"}}"#, "x".repeat(1000)), Some(&"x".repeat(300)));
    }
}
