//! What plain scalars mean to Kubernetes.

use serde_json::{Map, Number, Value};

use super::node::{Data, Node};

impl Node {
    /// Returns the value as Kubernetes reads it: YAML 1.1 with its truth values (`yes`, `on`) and octal numbers.
    ///
    /// Kubernetes turns YAML into JSON first (`sigs.k8s.io/yaml`), and so has no dates. A number that JSON
    /// cannot hold stays its text.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Scalar { text, quoted: true } => Value::String(text.clone()),
            Data::Scalar { text, quoted: false } => plain(text),
            Data::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }
}

/// Returns whether a plain scalar says that nothing stands there.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Returns what a scalar without quotes means.
pub(super) fn plain(text: &str) -> Value {
    if is_null(text) {
        return Value::Null;
    }
    let truth = truth(text).map(Value::Bool);
    truth.or_else(|| number(text).map(Value::Number)).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Returns the truth value that a word is in YAML 1.1.
pub(crate) fn truth(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let is_one_way = text == lower
        || text.bytes().all(|byte| byte.is_ascii_uppercase())
        || text.get(1..).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_lowercase()));
    match lower.as_str() {
        _ if !is_one_way => None,
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || ['-', '+', '.'].contains(&first)) {
        return None;
    }
    integer(text).and_then(whole).or_else(|| float(&text.replace('_', "")))
}

fn whole(value: i128) -> Option<Number> {
    u64::try_from(value).map(Number::from).or_else(|_| i64::try_from(value).map(Number::from)).ok()
}

/// Returns the value of an integer as YAML 1.1 writes them: `0755`, `0x1f`, `1_000`.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let plain = text.replace('_', "");
    let (sign, unsigned) = match plain.as_bytes().first()? {
        b'-' => (-1, &plain[1..]),
        b'+' => (1, &plain[1..]),
        _ => (1, plain.as_str()),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // A second sign would be taken by the parser.
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_number { i128::from_str_radix(digits, radix).ok().map(|value| sign * value) } else { None }
}

fn float(digits: &str) -> Option<Number> {
    let is_number = digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value: f64 = is_number.then(|| digits.parse().ok()).flatten()?;
    Number::from_f64(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_mean_what_kubernetes_reads() {
        for (text, expected) in [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("ON", json!(true)),
            ("yEs", json!("yEs")),
            ("n", json!(false)),
            ("~", json!(null)),
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("0644", json!(420)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("1_000", json!(1000)),
            ("1.50", json!(1.5)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("08", json!(8.0)),
            ("+-1", json!("+-1")),
            ("1.2.3", json!("1.2.3")),
            ("5m", json!("5m")),
            ("2026-01-01", json!("2026-01-01")),
            (".inf", json!(".inf")),
            ("-", json!("-")),
            ("e5", json!("e5")),
            ("{{revision}}", json!("{{revision}}")),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
