//! Any text parses: places lie inside the page, and rewriting nothing changes nothing.

#![no_main]

use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use stagebook::diagnostic::{Finding, Place, Source};
use stagebook::tutorial::{Edit, Includes, Origin, ParseOptions, parse, rewrite};

/// Every include is a page that includes itself.
struct Loop;

impl Includes for Loop {
    fn read(&self, _from: &Path, target: &str) -> Result<Arc<Source>, String> {
        Ok(Source::new(target, format!("```bash\ntrue\n```\n<!-- include: {target} -->\n")))
    }
}

fuzz_target!(|page: &str| {
    let source = Source::new("page.md", page);
    let (tutorial, findings) = parse(&source, &ParseOptions::default(), &Loop);
    for finding in findings {
        let place = finding.place.expect("each finding has a place");
        slices(&place);
        stagebook::diagnostic::render(&Finding::note("fuzz", "fuzz").at(place), false);
    }
    let mut edits = Vec::new();
    for step in &tutorial.steps {
        slices(&step.place);
        for expected in &step.expected {
            slices(&expected.place);
            if let Origin::Lines(lines) = &expected.origin {
                let with = lines.content.clone();
                edits.push(Edit { lines: lines.clone(), place: expected.place.clone(), with });
            }
        }
    }
    assert_eq!(rewrite(&source, &edits), Some(page.to_owned()));
    for edit in &mut edits {
        edit.with.push_str("more\n```\n");
    }
    if let Some(text) = rewrite(&source, &edits) {
        parse(&Source::new("page.md", text), &ParseOptions::default(), &Loop);
    }
});

fn slices(place: &Place) {
    assert!(place.source.text().get(place.span.range()).is_some(), "a place lies inside its page");
}
