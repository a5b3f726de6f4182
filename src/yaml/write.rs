//! Values as YAML that people like to read, and that every reader reads as the same value.

use serde_json::{Map, Value};

use super::json::plain;

/// Writes a value as a YAML document, in the order of its keys and without a line `---`.
///
/// Lists stand below their key without more indentation. A text of several lines becomes a block that keeps
/// every byte of it, whatever its end is. What some reader would take for another type is quoted: `yes`, `1.10`, `2026-01-01`.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut text, map, 0),
        Value::Array(items) if !items.is_empty() => write_list(&mut text, items, 0),
        _ => write_value(&mut text, value, 0),
    }
    text
}

/// Writes entries, the first where the text ends and the others indented.
fn write_map(text: &mut String, map: &Map<String, Value>, indent: usize) {
    for (number, (key, value)) in map.iter().enumerate() {
        if number > 0 {
            margin(text, indent);
        }
        text.push_str(&scalar(key));
        text.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                text.push('\n');
                margin(text, indent + 2);
                write_map(text, inner, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                margin(text, indent);
                write_list(text, items, indent);
            }
            _ => {
                text.push(' ');
                write_value(text, value, indent);
            }
        }
    }
}

/// Writes items, the first where the text ends and the others indented.
fn write_list(text: &mut String, items: &[Value], indent: usize) {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            margin(text, indent);
        }
        text.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => write_map(text, map, indent + 2),
            Value::Array(items) if !items.is_empty() => write_list(text, items, indent + 2),
            _ => write_value(text, item, indent),
        }
    }
}

/// Writes what needs no lines of its own, and the end of the line.
fn write_value(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(string) if is_block(string) => return write_block(text, string, indent),
        Value::String(string) => text.push_str(&scalar(string)),
        Value::Array(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
    text.push('\n');
}

fn write_block(text: &mut String, string: &str, indent: usize) {
    text.push('|');
    // Without a number, the first line would say how far all are indented.
    if string.trim_start_matches('\n').starts_with([' ', '\t']) || string.starts_with('\n') {
        text.push('2');
    }
    let end = string.len() - string.trim_end_matches('\n').len();
    match end {
        0 => text.push('-'),
        1 => {}
        _ => text.push('+'),
    }
    text.push('\n');
    for line in string.strip_suffix('\n').unwrap_or(string).split('\n') {
        if !line.is_empty() {
            margin(text, indent + 2);
            text.push_str(line);
        }
        text.push('\n');
    }
}

fn margin(text: &mut String, width: usize) {
    text.extend(std::iter::repeat_n(' ', width));
}

/// Returns whether a text can, and should, be written line by line.
fn is_block(text: &str) -> bool {
    let is_written = |letter: char| letter == '\n' || letter == '\t' || is_plain_letter(letter);
    text.contains('\n') && !text.trim_matches('\n').is_empty() && text.chars().all(is_written)
}

/// Returns whether all readers keep a letter as it is: some of Unicode's ends of lines end a YAML 1.1 line.
fn is_plain_letter(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns a text on one line, quoted where it must be.
fn scalar(text: &str) -> String {
    if !text.chars().all(is_plain_letter) {
        return double_quoted(text);
    }
    if is_read_otherwise(text) {
        return format!("\"{text}\"");
    }
    if can_be_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// Returns whether some reader takes a plain text for something that is no text.
fn is_read_otherwise(text: &str) -> bool {
    let is_number_or_date = text
        .starts_with(|first: char| first.is_ascii_digit() || ['-', '+', '.'].contains(&first))
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-_.:eEtTzZ".contains(&byte));
    let lower = text.to_ascii_lowercase();
    let is_special = matches!(lower.trim_start_matches(['-', '+']), ".inf" | ".nan" | "=" | "<<");
    text.is_empty() || is_special || is_number_or_date || !plain(text).is_string()
}

fn can_be_plain(text: &str) -> bool {
    let first = text.chars().next().unwrap_or(' ');
    let second = text.chars().nth(1).unwrap_or(' ');
    let begins_plain = match first {
        '-' | '?' | ':' => second != ' ',
        _ => !",[]{}#&*!|>'\"%@` ".contains(first),
    };
    begins_plain
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([' ', ':'])
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if is_plain_letter(letter) => quoted.push(letter),
            _ if u32::from(letter) <= 0xff => quoted.push_str(&format!("\\x{:02x}", u32::from(letter))),
            _ if u32::from(letter) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => quoted.push_str(&format!("\\U{:08x}", u32::from(letter))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::diagnostic::Source;
    use crate::yaml::read_documents;

    fn read_back(text: &str) -> Value {
        let read = read_documents(&Source::new("a.yaml", text));
        assert!(read.findings.is_empty(), "{:?}\n{text}", read.findings);
        read.documents.first().map_or(Value::Null, super::super::Node::to_json)
    }

    #[test]
    fn object_looks_as_people_write_it() {
        let object = json!({
            "apiVersion": "tekton.dev/v1",
            "metadata": {"annotations": {"a/b": "false", "c": "{{revision}}", "d": "event == \"push\""}, "labels": {}},
            "spec": {
                "params": [
                    {"name": "git-url", "value": "{{source_url}}"},
                    {"name": "platforms", "value": ["linux/amd64", "linux/arm64"]},
                    {"name": "depth", "value": 50},
                    {"name": "version", "value": "1.10"},
                ],
                "steps": [{"script": "#!/bin/bash\necho hi\n", "args": []}],
                "nested": [[1, 2], ["|"]],
                "none": null,
            },
        });
        let text = write(&object);
        expect![[r#"
            apiVersion: tekton.dev/v1
            metadata:
              annotations:
                a/b: "false"
                c: '{{revision}}'
                d: event == "push"
              labels: {}
            spec:
              params:
              - name: git-url
                value: '{{source_url}}'
              - name: platforms
                value:
                - linux/amd64
                - linux/arm64
              - name: depth
                value: 50
              - name: version
                value: "1.10"
              steps:
              - script: |
                  #!/bin/bash
                  echo hi
                args: []
              nested:
              - - 1
                - 2
              - - '|'
              none: null
        "#]]
        .assert_eq(&text);
        assert_eq!(read_back(&text), object);
    }

    #[test]
    fn blocks_keep_every_byte() {
        for script in [
            "a\n",
            "a\nb",
            "a\nb\n\n\n",
            "\n\na\n",
            "  a\n b\n",
            "\ta\n",
            "a \n\t\nb\t\n",
            "\n",
            "\n  \n",
            " \n",
            "a\r\nb\n",
            "a\u{7}\nb",
            "# no comment\n---\n...\n",
            "a\n\n  \n",
            "\u{2028}\nx",
            "\u{feff}a\nb\n",
        ] {
            let object = json!({"a": {"script": script}, "b": [script, [script]]});
            assert_eq!(read_back(&write(&object)), object, "{script:?}\n{}", write(&object));
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[ -~\\n\\t]{0,12}", "[-?:,\\[\\]{}#&*!|>'\"%@` ynoe0-9.]{0,5}", "\\PC{0,6}",];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[ -~]{0,6}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_value(value in value()) {
            let text = write(&value);
            prop_assert_eq!(read_back(&text), value, "{}", text);
        }
    }
}
