//! The state of every tutorial, as a table and as JSON.

use std::time::Duration;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::duration;
use crate::event::Timestamp;
use crate::record::{State, StatusRow};

use super::failure::one_line;
use super::styles::{Styles, paint};

/// Returns the rows as a table, with a line below a row that needs one.
pub fn status_table(rows: &[StatusRow], now: Timestamp, styles: &Styles) -> String {
    let names: Vec<String> = rows.iter().map(|row| one_line(&row.plan.to_string())).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or_default();
    let mut text = String::new();
    for (row, name) in rows.iter().zip(&names) {
        let padding = " ".repeat(width - name.width());
        text.push_str(&format!("{} {name}{padding}", state_cell(styles, &row.state)));
        text.push_str(&evidence(row, now));
        text = text.trim_end().to_owned() + "\n";
        text.extend(notes(row).iter().map(|note| format!("    {note}\n")));
    }
    text
}

/// Returns the rows as JSON.
pub fn status_json(rows: &[StatusRow], now: Timestamp) -> Value {
    let row = |row: &StatusRow| {
        json!({
            "tutorial": row.plan.tutorial,
            "variant": row.plan.variant,
            "state": row.state.word(),
            "reasons": notes(row),
            "ended": row.ended,
            "age": row.ended.map(|ended| age(now, ended).as_secs()),
            "duration": row.duration.map(|duration| duration.as_secs_f64()),
            "coverage": row.coverage,
        })
    };
    json!({ "version": 1, "tutorials": rows.iter().map(row).collect::<Vec<_>>() })
}

fn state_cell(styles: &Styles, state: &State) -> String {
    let (style, symbol) = match state {
        State::Verified | State::Ran => (styles.pass, styles.symbols.pass),
        State::Failed(_) | State::Broken(_) => (styles.fail, styles.symbols.fail),
        State::Stale(_) => (styles.warn, styles.symbols.warn),
        State::Skipped(_) | State::NeverRun => (styles.quiet, styles.symbols.skip),
    };
    paint(style, format!("{symbol} {:<9}", state.word()))
}

fn evidence(row: &StatusRow, now: Timestamp) -> String {
    let ended = row.ended.map(|ended| age_text(age(now, ended))).unwrap_or_default();
    let took = row.duration.map(duration).unwrap_or_default();
    let coverage = row.coverage.map(|coverage| coverage.summary()).unwrap_or_default();
    format!("  {ended:<11}  {took:<7}  {coverage}")
}

fn notes(row: &StatusRow) -> Vec<String> {
    let reasons = row.state.reasons().iter().map(|reason| one_line(reason));
    reasons.chain(row.trouble.iter().map(|trouble| one_line(&trouble.to_string()))).collect()
}

/// Returns how long ago something was. A clock that went back makes it now, not the future.
fn age(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

fn age_text(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::event::Coverage;
    use crate::plan::PlanKey;
    use crate::record::StoreError;

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).expect("a time of our century")
    }

    fn row(tutorial: &str, state: State, hours: Option<i64>) -> StatusRow {
        let ended = hours.map(|hours| now() - jiff::SignedDuration::from_hours(hours));
        StatusRow {
            plan: PlanKey { tutorial: tutorial.into(), variant: None },
            state,
            ended,
            duration: ended.map(|_| Duration::from_millis(12_300)),
            coverage: ended.map(|_| Coverage {
                blocks: 8,
                verified: 5,
                unverified: 3,
                ..Coverage::default()
            }),
            trouble: None,
        }
    }

    fn rows() -> Vec<StatusRow> {
        let trouble = StoreError::Newer { path: "r.json".into(), version: 9 };
        vec![
            row("tutorials/first-image.md", State::Verified, Some(3)),
            row("漢字.md", State::Failed(Vec::new()), Some(100)),
            row("b.md", State::Stale(vec!["step `build` changed".into()]), Some(-5)),
            StatusRow { trouble: Some(trouble), ..row("c.md", State::NeverRun, None) },
        ]
    }

    #[test]
    fn table_has_a_line_for_each_tutorial() {
        expect![[r#"
            ✓ verified  tutorials/first-image.md  3 h ago      12.3s    8 of 8 blocks run, 5 verified
            ✗ failed    漢字.md                   4 days ago   12.3s    8 of 8 blocks run, 5 verified
            ! stale     b.md                      just now     12.3s    8 of 8 blocks run, 5 verified
                step `build` changed
            – never run c.md
                run record `r.json` has version 9, and this stagebook reads up to 1
        "#]]
        .assert_eq(&status_table(&rows(), now(), &Styles::new(false, true)));
    }

    #[test]
    fn json_has_the_same() {
        let json = status_json(&rows(), now());
        expect![[r#"{"tutorial":"b.md","variant":null,"state":"stale","reasons":["step `build` changed"],"ended":"2023-11-15T03:13:20Z","age":0,"duration":12.3,"coverage":{"blocks":8,"verified":5,"unverified":3,"failed":0,"skipped":0,"manual":0,"not_supported":0,"cancelled":0}}"#]].assert_eq(&json["tutorials"][2].to_string());
    }
}
