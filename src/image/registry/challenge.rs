//! What a registry wants to know before it answers: `WWW-Authenticate` (RFC 9110, 11.6.1).

use std::collections::BTreeMap;

use hyper::header::{self, HeaderMap};

/// How a registry wants to be convinced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By a token from another address.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
    /// By a user and a password.
    Basic,
}

impl Challenge {
    /// Returns what an answer asks for; where it leaves a choice, a token. `None` where it asks for nothing
    /// that is known here.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<Parsed> = texts.flat_map(parse).collect();
        let known = |name: &str| all.iter().find(|parsed| parsed.scheme == name);
        if let Some(Parsed { parameters, .. }) = known("bearer")
            && let Some(realm) = parameters.get("realm")
        {
            let given = |name: &str| parameters.get(name).filter(|value| !value.is_empty()).cloned();
            let (service, scope) = (given("service"), given("scope"));
            return Some(Self::Bearer { realm: realm.clone(), service, scope });
        }
        known("basic").map(|_| Self::Basic)
    }
}

/// A challenge as it stands in the text.
#[derive(Debug, Default)]
struct Parsed {
    /// Its first word, in small letters.
    scheme: String,
    /// By their names in small letters.
    parameters: BTreeMap<String, String>,
}

/// Reads the challenges of one header. A word with `=` behind it is a parameter of the last one.
fn parse(text: &str) -> Vec<Parsed> {
    let mut found: Vec<Parsed> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return found;
        }
        let (word, after) = rest.split_at(rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len()));
        let Some(value) = after.trim_start().strip_prefix('=') else {
            found.push(Parsed { scheme: word.to_ascii_lowercase(), ..Parsed::default() });
            rest = after;
            continue;
        };
        let (value, after) = value_of(value.trim_start());
        if let Some(last) = found.last_mut() {
            last.parameters.insert(word.to_ascii_lowercase(), value);
        }
        rest = after;
    }
}

/// Returns a value, in quotes or not, and what stands behind it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, letter) in quoted.char_indices() {
        match letter {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => return (value, &quoted[at + 1..]),
            _ => {
                value.push(letter);
                is_escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[&str], expected: Option<Challenge>) {
        let headers = headers.iter().map(|text| (header::WWW_AUTHENTICATE, text.parse().unwrap())).collect();
        assert_eq!(Challenge::of(&headers), expected, "{headers:?}");
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let text = |text: &str| text.to_owned();
        let (service, scope) = (service.map(text), scope.map(text));
        Some(Challenge::Bearer { realm: text(realm), service, scope })
    }

    #[test]
    fn challenges_are_read() {
        check(&[], None);
        check(&["Negotiate"], None);
        check(&["Basic realm=\"Registry, Realm\""], Some(Challenge::Basic));
        check(&["basic"], Some(Challenge::Basic));
        let docker = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",\
                      scope=\"repository:a/b:pull,push\"";
        let expected = bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:a/b:pull,push"),
        );
        check(&[docker], expected.clone());
        check(&["Basic realm=x", docker], expected.clone());
        check(&[&format!("Basic realm=\"x\", {docker}")], expected);
        check(&["BEARER  Realm = https://a/ , scope=\"\""], bearer("https://a/", None, None));
        check(&["Bearer realm=\"a\\\"b\""], bearer("a\"b", None, None));
        check(&["Bearer realm=\"a"], bearer("a", None, None));
        check(&["Bearer service=\"x\", Basic"], Some(Challenge::Basic));
        check(&["=,=\"", ",", "Negotiate a=="], None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in r#"[a =",\\]{0,20}"#) {
            parse(&text);
        }
    }
}
