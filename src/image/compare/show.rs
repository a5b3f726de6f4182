//! A comparison for people: on a terminal, in Markdown, as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use tera::{Context, Tera};

use super::comparison::verdict_line;
use super::model::{Change, Comparison, Difference, Level, LevelReport, RuleUse, Side};
use crate::diagnostic::plural;
use crate::image::path::visible;

/// How many differences without an explanation are shown when nobody asks for all.
const TOP: usize = 20;

/// How many lines of a content's difference are shown when nobody asks for all.
const TOP_LINES: usize = 12;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The first differences that no rule explains.
    Top,
    /// Every difference, also what is explained.
    All,
}

/// What is shown in one place.
enum Item<'a> {
    /// A difference, with how many of its kind are below it: of a folder that is on one side alone the rest is clear.
    One {
        /// The difference.
        difference: &'a Difference,
        /// How many names below it differ as it does.
        below: usize,
    },
    /// The files of a package that itself differs: what is to be seen to is the package.
    Files {
        /// The package.
        package: &'a str,
        /// What differs in its files.
        differences: Vec<&'a Difference>,
    },
}

/// Puts differences together that say the same; files only of the packages that are named.
fn items<'a>(differences: impl Iterator<Item = &'a Difference>, packages: &BTreeSet<&str>) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::new();
    let mut folders: BTreeMap<(Change, &str), usize> = BTreeMap::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for difference in differences {
        if let Some(package) = difference.package.as_deref().filter(|package| packages.contains(package)) {
            let place = *places.entry(package).or_insert(items.len());
            match items.get_mut(place) {
                Some(Item::Files { differences, .. }) => differences.push(difference),
                _ => items.push(Item::Files { package, differences: vec![difference] }),
            }
            continue;
        }
        let is_only = matches!(difference.change, Change::OnlyInStaging | Change::OnlyInReference);
        if is_only && difference.level == Level::Tree {
            if let Some(place) = folder_above(difference, &folders) {
                if let Item::One { below, .. } = &mut items[place] {
                    *below += 1;
                }
                continue;
            }
            folders.insert((difference.change, &difference.subject), items.len());
        }
        items.push(Item::One { difference, below: 0 });
    }
    items
}

/// Returns where the topmost folder above a path is shown that differs as it does.
fn folder_above(difference: &Difference, folders: &BTreeMap<(Change, &str), usize>) -> Option<usize> {
    let mut above = difference.subject.as_str();
    let mut found = None;
    while let Some((folder, _)) = above.rsplit_once('/') {
        found = folders.get(&(difference.change, folder)).copied().or(found);
        above = folder;
    }
    found
}

/// Returns the packages that differ.
fn changed_packages(comparison: &Comparison) -> BTreeSet<&str> {
    let packages = comparison.differences.iter().filter(|difference| difference.level == Level::Packages);
    packages.map(|difference| difference.subject.as_str()).collect()
}

impl Item<'_> {
    /// Returns the word for what it is about.
    fn level(&self) -> &'static str {
        match self {
            Self::One { difference, .. } => difference.level.name(),
            Self::Files { .. } => "files",
        }
    }

    /// Returns what it is about.
    fn subject(&self) -> &str {
        match self {
            Self::One { difference, .. } => subject(difference),
            Self::Files { package, .. } => package,
        }
    }

    /// Returns the package that the file is of, where that is not what it is about.
    fn package(&self) -> Option<&str> {
        match self {
            Self::One { difference, .. } => difference.package.as_deref(),
            Self::Files { .. } => None,
        }
    }

    /// Says in words how two images differ in it.
    fn sentence(&self) -> String {
        match self {
            Self::One { difference, below } => sentence(difference, *below),
            Self::Files { differences, .. } => {
                let mut changes: BTreeMap<Change, usize> = BTreeMap::new();
                differences.iter().for_each(|difference| *changes.entry(difference.change).or_default() += 1);
                let counts: Vec<String> =
                    changes.iter().map(|(change, count)| format!("{count} {}", change.name())).collect();
                format!(
                    "{} in its files ({}): the package is another one",
                    plural(differences.len(), "difference"),
                    counts.join(", ")
                )
            }
        }
    }

    /// Returns more lines about it.
    fn detail(&self) -> Option<&str> {
        match self {
            Self::One { difference, .. } => difference.detail.as_deref(),
            Self::Files { .. } => None,
        }
    }
}

/// Shows a comparison as text.
pub fn text(comparison: &Comparison, how_much: Shown) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(side_line("staging", &comparison.staging));
    line(side_line("reference", &comparison.reference));
    line(String::new());
    line(verdict_line(comparison));
    line(String::new());
    for report in &comparison.levels {
        line(format!("  {:<10}{:<11}{}", report.level, report.verdict.to_string(), counts(report)));
    }
    out + &open_text(comparison, how_much) + &explained_text(comparison, how_much) + &rest_text(comparison)
}

fn side_line(name: &str, side: &Side) -> String {
    format!("{name:<10} {} {} ({})", visible(&side.reference), side.digest, side.platform)
}

fn counts(report: &LevelReport) -> String {
    let LevelReport { explained, different, note, .. } = report;
    let mut parts = Vec::new();
    if *different > 0 {
        parts.push(plural(*different, "difference"));
    }
    if *explained > 0 {
        parts.push(format!("{explained} explained"));
    }
    parts.extend(note.clone());
    parts.join(", ")
}

fn open_text(comparison: &Comparison, how_much: Shown) -> String {
    let open = open_items(comparison, how_much);
    let mut out = String::new();
    if open.is_empty() {
        return out;
    }
    let most = if how_much == Shown::All { open.len() } else { TOP };
    out.push_str("\nnot explained:\n");
    for item in open.iter().take(most) {
        entry(&mut out, item, how_much);
    }
    if open.len() > most {
        let _ = writeln!(out, "  … and {} more: `--all` shows them", open.len() - most);
    }
    out
}

/// Returns what no rule explains, with the files of packages that differ together unless all are wanted.
fn open_items(comparison: &Comparison, how_much: Shown) -> Vec<Item<'_>> {
    let together = if how_much == Shown::All { BTreeSet::new() } else { changed_packages(comparison) };
    items(open(comparison), &together)
}

/// Returns what no rule explains, without what says only how the rest is packed, unless that is all there is.
fn open(comparison: &Comparison) -> impl Iterator<Item = &Difference> {
    let is_open = |difference: &&Difference| difference.explained_by.is_none();
    let is_of_content = |difference: &&Difference| !difference.level.is_packing();
    let open = || comparison.differences.iter().filter(is_open);
    let is_packing_all = !open().any(|difference| is_of_content(&difference));
    open().filter(move |difference| is_packing_all || is_of_content(difference))
}

fn entry(out: &mut String, item: &Item<'_>, how_much: Shown) {
    let _ = writeln!(out, "  {:<9} {}: {}", item.level(), named(item), item.sentence());
    let Some(detail) = item.detail() else { return };
    let most = if how_much == Shown::All { usize::MAX } else { TOP_LINES };
    let lines = detail.lines().filter(|line| !line.starts_with("--- ") && !line.starts_with("+++ "));
    for line in lines.clone().take(most) {
        let _ = writeln!(out, "            {}", visible(line));
    }
    let count = lines.count();
    if count > most {
        let _ = writeln!(out, "            … and {}", plural(count - most, "more line"));
    }
}

/// Returns what an item is about, with the package behind a path.
fn named(item: &Item<'_>) -> String {
    match item.package() {
        Some(package) => format!("{} ({})", visible(item.subject()), visible(package)),
        None => visible(item.subject()),
    }
}

/// Says in words how two images differ in one thing.
fn sentence(difference: &Difference, below: usize) -> String {
    let side = |value: &Option<String>| match value.as_deref() {
        None => "nothing".to_owned(),
        Some("") => "an empty text".to_owned(),
        Some(value) => visible(value),
    };
    let (ours, theirs) = (side(&difference.staging), side(&difference.reference));
    let more = if below > 0 { format!(", and {} below it", plural(below, "name")) } else { String::new() };
    match difference.change {
        Change::OnlyInStaging => format!("only in the staging image ({ours}{more})"),
        Change::OnlyInReference => format!("only in the reference image ({theirs}{more})"),
        Change::Value | Change::Type | Change::Target | Change::HardLinks => format!("{ours}, not {theirs}"),
        Change::Mode => format!("mode {ours}, not {theirs}"),
        Change::Owner => format!("owner {ours}, not {theirs}"),
        Change::Xattr => format!("{ours}, not {theirs}"),
        Change::Device => format!("{ours}, not {theirs}"),
        Change::Time => format!("changed at {ours}, not {theirs}"),
        Change::Content => format!("content {ours}, not {theirs}"),
    }
}

fn explained_text(comparison: &Comparison, how_much: Shown) -> String {
    let mut out = String::new();
    if comparison.rules.is_empty() {
        return out;
    }
    out.push_str("\nexplained:\n");
    for RuleUse { id, why, explains, .. } in &comparison.rules {
        let _ = writeln!(out, "  {explains:>6}  {id}: {why}");
        if how_much == Shown::All {
            let of_rule = comparison.differences.iter();
            let of_rule = of_rule.filter(|difference| difference.explained_by.as_ref() == Some(id));
            for item in items(of_rule, &BTreeSet::new()) {
                let _ = writeln!(out, "          {} {}: {}", item.level(), named(&item), item.sentence());
            }
        }
    }
    out
}

fn rest_text(comparison: &Comparison) -> String {
    let mut out = String::new();
    if !comparison.unused_rules.is_empty() {
        out.push_str("\nrules of the project that explained nothing (remove them, or see what became of their difference):\n");
        for id in &comparison.unused_rules {
            let _ = writeln!(out, "  {}", visible(id));
        }
    }
    if !comparison.notes.is_empty() {
        out.push_str("\nnotes:\n");
        for note in &comparison.notes {
            let _ = writeln!(out, "  {note}");
        }
    }
    out
}

/// Shows a comparison as Markdown, for a page or a comment.
pub fn markdown(comparison: &Comparison, how_much: Shown) -> String {
    let mut out = format!("**{}**\n\n", verdict_line(comparison));
    for (name, side) in [("staging", &comparison.staging), ("reference", &comparison.reference)] {
        let _ = writeln!(
            out,
            "- {name}: {} at {} ({})",
            code(&side.reference),
            code(&side.digest),
            side.platform
        );
    }
    out.push_str("\n| level | verdict | differences |\n| --- | --- | --- |\n");
    for report in &comparison.levels {
        let _ = writeln!(out, "| {} | {} | {} |", report.level, report.verdict, cell(&counts(report)));
    }
    let open = open_items(comparison, how_much);
    if !open.is_empty() {
        let most = if how_much == Shown::All { open.len() } else { TOP };
        out.push_str("\n| level | what | difference |\n| --- | --- | --- |\n");
        for item in open.iter().take(most) {
            let package = item.package().map(|package| format!(" of {}", code(package)));
            let what = format!("{}{}", code(item.subject()), package.unwrap_or_default());
            let _ = writeln!(out, "| {} | {} | {} |", item.level(), cell(&what), cell(&item.sentence()));
        }
        if open.len() > most {
            let _ = writeln!(out, "\n… and {} more.", open.len() - most);
        }
    }
    if !comparison.rules.is_empty() {
        out.push_str("\n| rule | explains | why |\n| --- | --- | --- |\n");
        for RuleUse { id, why, reference, explains } in &comparison.rules {
            let name = reference.as_ref().map_or_else(|| code(id), |url| format!("[{}]({url})", code(id)));
            let _ = writeln!(out, "| {name} | {explains} | {} |", cell(why));
        }
    }
    for id in &comparison.unused_rules {
        let _ = write!(out, "\nThe rule {} explained nothing.\n", code(id));
    }
    for note in &comparison.notes {
        let _ = write!(out, "\nNote: {}\n", cell(note));
    }
    out
}

/// Puts a text into a code span that nothing in it can end.
fn code(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Writes a text as a cell of a table, in which no HTML begins.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}

/// What the page shows of a level.
#[derive(Debug, Serialize)]
struct LevelView {
    name: &'static str,
    verdict: String,
    counts: String,
}

/// What the page shows of a difference.
#[derive(Debug, Serialize)]
struct DifferenceView {
    level: &'static str,
    subject: String,
    package: Option<String>,
    sentence: String,
    detail: Option<String>,
    rule: Option<String>,
}

fn view(item: &Item<'_>) -> DifferenceView {
    let (detail, rule) = match item {
        Item::One { difference, .. } => (
            difference.detail.as_ref().map(|detail| detail.lines().map(visible).collect::<Vec<_>>()),
            difference.explained_by.clone(),
        ),
        Item::Files { differences, .. } => (Some(differences.iter().map(|file| line(file)).collect()), None),
    };
    DifferenceView {
        level: item.level(),
        subject: visible(item.subject()),
        package: item.package().map(visible),
        sentence: item.sentence(),
        detail: detail.map(|lines| lines.join("\n")),
        rule,
    }
}

/// Returns what a difference is about; the path of the root is empty, and no name for people.
fn subject(difference: &Difference) -> &str {
    if difference.subject.is_empty() { "/" } else { &difference.subject }
}

/// Shows a difference of a file in a line.
fn line(difference: &Difference) -> String {
    format!("{} {}: {}", difference.level.name(), visible(subject(difference)), sentence(difference, 0))
}

/// Shows a comparison as a page that needs nothing beside it: no script, no other file.
///
/// # Errors
/// When the template cannot be rendered, which is a mistake of ours.
pub fn html(comparison: &Comparison) -> tera::TeraResult<String> {
    let explained = comparison.differences.iter().filter(|difference| difference.explained_by.is_some());
    let level = |report: &LevelReport| LevelView {
        name: report.level.name(),
        verdict: report.verdict.to_string(),
        counts: counts(report),
    };
    let levels: Vec<LevelView> = comparison.levels.iter().map(level).collect();
    let mut context = Context::new();
    context.insert("verdict", &comparison.verdict);
    context.insert("line", &verdict_line(comparison));
    context.insert("staging", &comparison.staging);
    context.insert("reference", &comparison.reference);
    context.insert("levels", &levels);
    context.insert("open", &open_items(comparison, Shown::Top).iter().map(view).collect::<Vec<_>>());
    context.insert("explained", &items(explained, &BTreeSet::new()).iter().map(view).collect::<Vec<_>>());
    context.insert("rules", &comparison.rules);
    context.insert("unused", &comparison.unused_rules);
    context.insert("notes", &comparison.notes);
    let mut tera = Tera::default();
    tera.add_raw_template("report.html", include_str!("report.html"))?;
    tera.render("report.html", &context)
}

#[cfg(test)]
mod tests {
    use super::super::model::Verdict;
    use super::*;

    fn side(reference: &str) -> Side {
        Side {
            reference: reference.to_owned(),
            digest: "sha256:0".to_owned(),
            platform: "linux/amd64".to_owned(),
            names: 1,
            unpacked: 1,
        }
    }

    fn comparison(differences: Vec<Difference>) -> Comparison {
        let levels = Level::ALL.into_iter().map(|level| {
            let different = differences.iter().filter(|difference| difference.level == level).count();
            let verdict = if different > 0 { Verdict::Different } else { Verdict::Identical };
            LevelReport { level, verdict, explained: 0, different, note: None }
        });
        Comparison {
            version: 1,
            staging: side("oci:<b>"),
            reference: side("oci:`b`"),
            verdict: Verdict::Different,
            levels: levels.collect(),
            differences,
            rules: Vec::new(),
            unused_rules: vec!["old".to_owned()],
            notes: vec!["staging: odd".to_owned()],
        }
    }

    fn only(path: &str) -> Difference {
        Difference {
            staging: Some("folder".to_owned()),
            ..Difference::new(Level::Tree, path, Change::OnlyInStaging)
        }
    }

    #[test]
    fn what_is_below_a_folder_of_one_side_is_counted() {
        let shown = text(&comparison(vec![only("a"), only("a/b"), only("a/b/c"), only("ab")]), Shown::Top);
        assert!(
            shown.contains("  tree      a: only in the staging image (folder, and 2 names below it)\n"),
            "{shown}"
        );
        assert!(shown.contains("  tree      ab: only in the staging image (folder)\n"), "{shown}");
        assert!(!shown.contains("a/b:"), "{shown}");
    }

    #[test]
    fn files_of_packages_that_differ_are_one_line() {
        let owned = |path: &str, package: &str| Difference { package: Some(package.into()), ..only(path) };
        let package = Difference {
            reference: Some("tzdata-2".to_owned()),
            ..Difference::new(Level::Packages, "tzdata", Change::OnlyInReference)
        };
        let files = ["usr/share/zoneinfo", "usr/share/zoneinfo/UTC", "usr/share/doc/tzdata"];
        let mut differences: Vec<Difference> = files.map(|path| owned(path, "tzdata")).into();
        differences.extend([owned("usr/bin/tac", "coreutils"), package]);
        let comparison = comparison(differences);
        let top = text(&comparison, Shown::Top);
        let line = "  files     tzdata: 3 differences in its files (3 only-in-staging): the package is another one\n";
        assert!(top.contains(line), "{top}");
        assert!(
            top.contains("  tree      usr/bin/tac (coreutils): only in the staging image (folder)\n"),
            "{top}"
        );
        assert!(!top.contains("zoneinfo") && top.contains("  tree      different  4 differences\n"), "{top}");
        let all = text(&comparison, Shown::All);
        assert!(all.contains("usr/share/zoneinfo (tzdata): only in the staging image"), "{all}");
        assert!(!all.contains("  files "), "{all}");
        let markdown = markdown(&comparison, Shown::Top);
        assert!(markdown.contains("| files | `tzdata` | 3 differences in its files"), "{markdown}");
        assert!(markdown.contains("| tree | `usr/bin/tac` of `coreutils` |"), "{markdown}");
        let page = html(&comparison).unwrap();
        assert!(page.contains("tree usr/share/zoneinfo/UTC: only in the staging image"), "{page}");
    }

    #[test]
    fn the_root_has_a_name() {
        let root = Difference::new(Level::Tree, "", Change::Mode).sides("0700", "0755");
        let shown = text(&comparison(vec![root]), Shown::Top);
        assert!(shown.contains("  tree      /: mode 0700, not 0755\n"), "{shown}");
    }

    #[test]
    fn packing_is_shown_where_nothing_else_is() {
        let packing = || Difference::new(Level::Digest, "manifest", Change::Value).sides("one", "two");
        let alone = text(&comparison(vec![packing()]), Shown::Top);
        assert!(
            alone.contains("different: 1 in digest\n") && alone.contains("manifest: one, not two\n"),
            "{alone}"
        );
        let beside = text(&comparison(vec![packing(), only("a")]), Shown::Top);
        assert!(beside.contains("different: 1 in tree\n") && !beside.contains("one, not two"), "{beside}");
    }

    #[test]
    fn many_differences_are_cut_unless_all_are_wanted() {
        let many = (0..30).map(|number| only(&format!("file{number:02}"))).collect();
        let comparison = comparison(many);
        let top = text(&comparison, Shown::Top);
        assert!(top.contains("… and 10 more") && !top.contains("file25"), "{top}");
        assert!(text(&comparison, Shown::All).contains("file29"));
    }

    #[test]
    fn nothing_of_an_image_becomes_markup_or_moves_the_cursor() {
        let odd = "<script>`|\u{1b}[2J";
        let mut difference = only(odd);
        difference.detail = Some("-\u{1b}[2J<i>\n".to_owned());
        let comparison = comparison(vec![difference]);
        let page = html(&comparison).unwrap();
        assert!(
            !page.contains("<script>") && !page.contains("<i>") && page.contains("&lt;script&gt;"),
            "{page}"
        );
        let markdown = markdown(&comparison, Shown::All);
        assert!(!markdown.contains("<script>") && markdown.contains("\\|"), "{markdown}");
        let text = text(&comparison, Shown::All);
        assert!([&page, &markdown, &text].iter().all(|shown| !shown.contains('\u{1b}')));
    }
}
