//! Values in cells of tables.

use serde_json::Value;

/// Returns a value as code: a text as it is where it cannot be taken for something else, all else as JSON.
pub(super) fn write(value: &Value) -> String {
    let text = match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string().replace('`', "\\u0060"),
    };
    let text = match value {
        Value::String(plain) if *plain == text => text.replace('|', "\\|"),
        _ => text.replace('|', "\\u007c"),
    };
    format!("`{text}`")
}

/// Reads what [`write()`] wrote; a link around the code is for readers.
pub(super) fn read(cell: &str) -> Option<Value> {
    let text = code(cell)?.replace("\\|", "|");
    Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Returns the code of a cell that holds nothing else.
fn code(cell: &str) -> Option<&str> {
    let cell = cell.trim();
    let cell = match cell.strip_prefix('[').and_then(|rest| rest.split_once("](")) {
        Some((inside, target)) if target.ends_with(')') => inside.trim(),
        _ => cell,
    };
    let inside = cell.strip_prefix('`')?.strip_suffix('`')?;
    (!inside.contains('`')).then_some(inside)
}

/// Returns whether a text can stand as it is, and is nothing else to a reader of JSON.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(|letter: char| letter.is_control() || letter == '`')
        && !text.contains("\\|")
        && !text.ends_with('\\')
        && serde_json::from_str::<Value>(text).is_err()
}

/// Returns texts as code, divided by commas.
pub(super) fn write_list(texts: &[Value]) -> String {
    texts.iter().map(write).collect::<Vec<_>>().join(", ")
}

/// Reads what [`write_list`] wrote.
pub(super) fn read_list(cell: &str) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    let mut rest = cell.trim();
    while !rest.is_empty() {
        let inside = rest.strip_prefix('`')?;
        let (_, after) = inside.split_once('`')?;
        items.push(read(&rest[..rest.len() - after.len()])?);
        let after = after.trim_start();
        rest = if after.is_empty() { after } else { after.strip_prefix(',')?.trim_start() };
    }
    Some(items)
}

/// Returns Tekton's `when` in words: `` `$(params.skip-checks)` in `"false"` ``.
pub(super) fn write_when(value: &Value) -> Option<String> {
    let condition = |item: &Value| {
        let map = item.as_object().filter(|map| map.len() == 3)?;
        let operator =
            map.get("operator")?.as_str().filter(|operator| matches!(*operator, "in" | "notin"))?;
        let values = write_list(map.get("values")?.as_array().filter(|values| !values.is_empty())?);
        Some(format!("{} {operator} {values}", write(map.get("input")?)))
    };
    let conditions: Option<Vec<String>> = value.as_array()?.iter().map(condition).collect();
    conditions.filter(|conditions| !conditions.is_empty()).map(|conditions| conditions.join("; "))
}

/// Reads what [`write_when`] wrote.
pub(super) fn read_when(cell: &str) -> Option<Value> {
    let mut conditions = Vec::new();
    for condition in split_outside_code(cell, ';') {
        let condition = condition.trim();
        let (_, after) = condition.strip_prefix('`')?.split_once('`')?;
        let input = read(&condition[..condition.len() - after.len()])?;
        let (operator, values) = after.trim_start().split_once(' ')?;
        conditions.push(serde_json::json!({
            "input": input,
            "operator": operator,
            "values": read_list(values)?,
        }));
    }
    (!conditions.is_empty()).then_some(Value::Array(conditions))
}

fn split_outside_code(text: &str, divider: char) -> Vec<&str> {
    let mut inside = false;
    let divides = |letter: char| {
        inside ^= letter == '`';
        letter == divider && !inside
    };
    text.split(divides).collect()
}

/// Returns a sentence for a cell, if it can be read back.
pub(super) fn write_prose(text: &str) -> Option<String> {
    let fits = text.trim_matches(' ') == text
        && !text.is_empty()
        && !text.contains(|letter: char| letter.is_control() && letter != '\n')
        && !["&lt;", "\\|", "\\<", "<br>"].iter().any(|mark| text.contains(mark))
        && !text.ends_with('\\');
    fits.then(|| text.replace('<', "&lt;").replace('|', "\\|").replace('\n', "<br>"))
}

/// Reads what [`write_prose`] wrote.
pub(super) fn read_prose(cell: &str) -> String {
    cell.trim().replace("<br>", "\n").replace("\\|", "|").replace("&lt;", "<")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_they_were_written() {
        for (value, cell) in [
            (json!("main"), "`main`"),
            (json!("true"), "`\"true\"`"),
            (json!(true), "`true`"),
            (json!(""), "`\"\"`"),
            (json!(null), "`null`"),
            (json!(["a", "b|c`d"]), "`[\"a\",\"b\\u007cc\\u0060d\"]`"),
            (json!("a | b"), "`a \\| b`"),
            (json!("a \\| b\\"), "`\"a \\\\\\u007c b\\\\\"`"),
            (json!(" x"), "`\" x\"`"),
            (json!("line\nline\n"), "`\"line\\nline\\n\"`"),
            (json!("`x`"), "`\"\\u0060x\\u0060\"`"),
        ] {
            assert_eq!(write(&value), cell);
            assert_eq!(read(cell), Some(value));
        }
        assert_eq!(read("[`quay.io/a@sha256:1`](https://quay.io/a)"), Some(json!("quay.io/a@sha256:1")));
        assert_eq!(read("no code"), None);
    }

    #[test]
    fn conditions_are_words() {
        let when = json!([
            { "input": "$(params.skip)", "operator": "in", "values": ["false", "a;b"] },
            { "input": "x", "operator": "notin", "values": ["$(params.list[*])"] },
        ]);
        let cell = write_when(&when).expect("these are conditions");
        assert_eq!(cell, "`$(params.skip)` in `\"false\"`, `a;b`; `x` notin `$(params.list[*])`");
        assert_eq!(read_when(&cell), Some(when));
        assert_eq!(write_when(&json!([{ "cel": "a" }])), None);
    }

    #[test]
    fn sentences_keep_their_lines() {
        for text in ["A <name> | b", "two\nlines\n", "`code` and _more_"] {
            let cell = write_prose(text).expect("this is a sentence");
            assert!(!cell.contains('\n'));
            assert_eq!(read_prose(&cell), text);
        }
        assert_eq!(write_prose("a &lt; b"), None);
    }
}
