//! The YAML between the `---` lines at the top of a page.

mod matrix;
mod parameters;
mod requirements;
mod results;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dialect::runme;
use super::model::FrontMatter;
use super::values;
use crate::diagnostic::{Finding, Place, Source, Span, nearest};
use crate::yaml::{self, Data, Entry, Node};

pub(crate) use parameters::{plain_value, scalar};

/// Every key of ours.
const KEYS: [&str; 12] = [
    "title",
    "description",
    "params",
    "matrix",
    "requires",
    "env",
    "secrets",
    "timeout",
    "images",
    "reference",
    "results",
    "tags",
];

/// Keys that other programs read and that come close to ours.
const FOREIGN: [&str; 13] = [
    "date",
    "author",
    "image",
    "tag",
    "draft",
    "slug",
    "nav_title",
    "categories",
    "keywords",
    "menu",
    "template",
    "page_title",
    "type",
];

/// Words that authors write for keys of ours.
const SAME: [(&str, &str); 6] = [
    ("parm", "params"),
    ("parameter", "params"),
    ("parameters", "params"),
    ("requirements", "requires"),
    ("environment", "env"),
    ("envs", "env"),
];

/// A front matter and where the page's own text begins.
#[derive(Debug)]
pub(crate) struct Top {
    pub(crate) front_matter: FrontMatter,
    pub(crate) body: usize,
    /// Whether a key in it belongs to Runme.
    pub(crate) runme: bool,
}

/// Reads the top of a page.
pub(crate) fn read(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Top {
    let text = source.text();
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut top = Top { front_matter: FrontMatter::default(), body: start, runme: false };
    if let Some(toml) = delimited(text, start, "+++", &["+++"]) {
        let finding = Finding::note("toml-front-matter", "front matter in TOML is not read");
        findings
            .push(finding.at(Place::new(source, start..start + 3)).help("write it in YAML between `---`"));
        top.body = toml.1;
    } else if let Some((yaml, body)) = delimited(text, start, "---", &["---", "..."]) {
        top.read_yaml(source, yaml, body, findings);
    } else {
        findings.extend(unread(source, start));
    }
    top
}

/// Returns the finding about lines that are meant as front matter and are not.
fn unread(source: &Arc<Source>, start: usize) -> Option<Finding> {
    let text = &source.text()[start..];
    let above = text.len() - text.trim_start().len();
    let mut first = text[above..].lines();
    if first.next()?.trim_end() != "---" || !is_key(first.next()?) {
        return None;
    }
    let lines: Vec<&str> = text[above..].lines().collect();
    let place = Place::new(source, start + above..start + above + "---".len());
    if above == 0 {
        let finding = Finding::error("unclosed-front-matter", "front matter is never closed");
        return Some(finding.at(place).help("close it with `---` on a line of its own"));
    }
    let end = lines[1..].iter().position(|line| line.trim_end() == "---")?;
    let is_map = lines[1..=end].iter().all(|line| is_key(line) || line.starts_with([' ', '-', '#']));
    let finding =
        Finding::warning("misplaced-front-matter", "this is not front matter: it is not at the top");
    is_map.then(|| finding.at(place).help("begin it on the first line of the page"))
}

/// Returns whether a line begins with a key, as `title: A`.
fn is_key(line: &str) -> bool {
    let is_name = |key: &str| {
        key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
    };
    line.split_once(':')
        .is_some_and(|(key, value)| is_name(key) && (value.is_empty() || value.starts_with([' ', '\t'])))
}

/// Returns the span between two lines of marks, and the offset after the second.
fn delimited(text: &str, start: usize, open: &str, close: &[&str]) -> Option<(Span, usize)> {
    let mut lines = text[start..].split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != open {
        return None;
    }
    let inside = start + first.len();
    let mut at = inside;
    for line in lines {
        if close.contains(&line.trim_end()) {
            return Some((Span::new(inside, at), at + line.len()));
        }
        at += line.len();
    }
    None
}

impl Top {
    fn read_yaml(&mut self, source: &Arc<Source>, span: Span, body: usize, findings: &mut Vec<Finding>) {
        let text = &source.text()[span.range()];
        let node = yaml::read(source, span.start, text);
        // Between two thematic breaks at the top of a page stands text, and text is no map.
        let is_prose =
            text.starts_with(['\n', '\r']) && !matches!(&node, Ok(node) if node.entries().is_some());
        if is_prose {
            return;
        }
        self.body = body;
        self.front_matter.place = Some(Place::new(source, span));
        match node {
            Err(finding) => {
                let help = help_of(text);
                findings.push(Finding { code: "invalid-front-matter", ..*finding }.help(help));
            }
            Ok(Node { data: Data::Map(entries), .. }) => self.read_entries(&entries, findings),
            Ok(node) if node.is_null() => {}
            Ok(node) => {
                let finding = Finding::error("invalid-front-matter", "front matter is not a map of keys");
                findings.push(finding.at(node.place).help("write it as `title: My tutorial`"));
            }
        }
    }

    fn read_entries(&mut self, entries: &[Entry], findings: &mut Vec<Finding>) {
        for entry in entries {
            self.runme |= runme::FRONT_MATTER.contains(&entry.key.as_str());
            // Hugo lists pictures under `images`; ours have names.
            let pictures = entry.key == "images" && matches!(entry.value.data, Data::List(_));
            if pictures || !KEYS.contains(&entry.key.as_str()) {
                findings.extend(unknown(entry));
                continue;
            }
            self.front_matter.places.insert(entry.key.clone(), entry.value.place.clone());
            let mut reader = KeyReader { front_matter: &mut self.front_matter, findings };
            if let Err(help) = reader.read(entry) {
                findings.push(super::attributes::bad_value(entry, help));
            }
        }
        findings.extend(open_secrets(&self.front_matter));
        findings.extend(without_image(&self.front_matter));
    }
}

/// Returns what to do about YAML that does not parse, going by its usual mistakes.
fn help_of(yaml: &str) -> &'static str {
    let has_colon = |line: &str| {
        let value = line.split_once(": ").map_or("", |(_, value)| value.trim_start());
        value.contains(": ") && !value.starts_with(['"', '\'', '[', '{', '|', '>', '#'])
    };
    let lead = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    if yaml.lines().any(|line| line[..lead(line)].contains('\t')) {
        "indent with blanks: YAML takes no tabs"
    } else if yaml.lines().any(has_colon) {
        "quote a value that contains `: `, as `title: \"Part 1: begin\"`"
    } else {
        "front matter is YAML: `key: value` on each line, and what belongs to a key indented below it"
    }
}

struct KeyReader<'a> {
    front_matter: &'a mut FrontMatter,
    findings: &'a mut Vec<Finding>,
}

impl KeyReader<'_> {
    fn read(&mut self, entry: &Entry) -> Result<(), &'static str> {
        let value = &entry.value;
        let page = &mut *self.front_matter;
        match entry.key.as_str() {
            "title" => page.title = text(value)?,
            "description" => page.description = text(value)?,
            "params" => page.parameters = parameters::read(value, self.findings)?,
            "matrix" => page.matrix = matrix::read(value, self.findings)?,
            "requires" => page.requires = requirements::read(value, self.findings)?,
            "env" => {
                page.env = map(value)?;
                self.findings.extend(values::bad_names(value));
            }
            "secrets" => page.secrets = secrets(value, self.findings)?,
            "timeout" => page.timeout = Some(super::attributes::timeout(value)?),
            "images" => page.images = named(value)?,
            "reference" => {
                page.reference = named(value)?;
                page.reference_places = name_places(value, &page.reference);
            }
            "results" => page.results = results::read(value, self.findings)?,
            "tags" => page.tags = list(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn text(value: &Node) -> Result<Option<String>, &'static str> {
    if value.is_null() { Ok(None) } else { value.text().map(str::to_owned).map(Some).ok_or("write a text") }
}

fn map(value: &Node) -> Result<BTreeMap<String, String>, &'static str> {
    let pairs = values::variables(value).ok_or("write a map of names and texts")?;
    Ok(pairs.into_iter().collect())
}

/// Reads a map of names and images; a single image is named `image`.
fn named(value: &Node) -> Result<BTreeMap<String, String>, &'static str> {
    match value.text() {
        Some(image) => Ok(BTreeMap::from([("image".to_owned(), image.to_owned())])),
        None => map(value),
    }
}

/// Returns where each name of a map stands; that of a single value is the value's.
fn name_places(value: &Node, named: &BTreeMap<String, String>) -> BTreeMap<String, Place> {
    let keys = value.entries().unwrap_or_default().iter();
    let mut places: BTreeMap<String, Place> =
        keys.map(|entry| (entry.key.clone(), entry.key_place.clone())).collect();
    for name in named.keys() {
        places.entry(name.clone()).or_insert_with(|| value.place.clone());
    }
    places
}

/// Returns a finding for each production image that nothing is compared with.
fn without_image(page: &FrontMatter) -> Vec<Finding> {
    let names = || page.images.keys().map(String::as_str);
    let unknown = page.reference.keys().filter(|name| !page.images.contains_key(*name));
    let finding = |name: &String| {
        let help = match (nearest(name, names()), names().next()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(_)) => format!("`images` has `{}`", names().collect::<Vec<_>>().join("`, `")),
            (None, None) => "say in `images`, by the same name, where the page leaves its image".to_owned(),
        };
        let message = format!("`reference` names `{name}`, which is no image that the page builds");
        let mut finding = Finding::error("unknown-image", message).help(help);
        finding.place = page.reference_places.get(name).cloned();
        finding
    };
    unknown.map(finding).collect()
}

fn list(value: &Node) -> Result<Vec<String>, &'static str> {
    let words = values::words(value).ok_or("write a list of words")?;
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

fn secrets(value: &Node, findings: &mut Vec<Finding>) -> Result<Vec<String>, &'static str> {
    let words = values::words(value).ok_or("write a list of words")?;
    findings.extend(words.iter().filter_map(|(word, node)| values::bad_name("secret", word, &node.place)));
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

/// Returns a finding for each secret that is a parameter too: those are shown wherever their page is.
fn open_secrets(page: &FrontMatter) -> Vec<Finding> {
    let parameters = page.parameters.iter().map(|parameter| (&parameter.name, &parameter.place));
    let matrix = page.places.get("matrix").map(|place| {
        let included = page.matrix.include.iter().flat_map(BTreeMap::keys);
        page.matrix.axes.iter().map(|(name, _)| name).chain(included).map(move |name| (name, place))
    });
    let mut seen = BTreeSet::new();
    let names = parameters.chain(matrix.into_iter().flatten());
    let open = names.filter(|(name, _)| page.secrets.contains(name) && seen.insert(*name));
    let finding = |(name, place): (&String, &Place)| {
        Finding::error("open-secret", format!("`{name}` is a parameter and a secret")).at(place.clone()).help(
            "leave it out of `params` and `matrix`, which are shown: a secret comes from the environment",
        )
    };
    open.map(finding).collect()
}

fn unknown(entry: &Entry) -> Option<Finding> {
    // `cwd` is an attribute of ours, and an author may expect it to work here.
    if entry.key != "cwd" && runme::FRONT_MATTER.contains(&entry.key.as_str()) {
        return None;
    }
    let message = format!("unknown key `{}`", entry.key);
    let foreign = FOREIGN.contains(&entry.key.as_str());
    let same = SAME.iter().find(|(word, _)| *word == entry.key).map(|(_, key)| *key);
    let near = nearest(&entry.key, KEYS).or(same).filter(|near| !foreign && *near != entry.key);
    let finding = match near {
        Some(near) => Finding::error("unknown-key", message).help(format!("did you mean `{near}`?")),
        None => Finding::note("foreign-key", message).help("another program may read it; stagebook does not"),
    };
    Some(finding.at(entry.key_place.clone()))
}

/// Returns the finding about a key inside of one of ours.
fn unknown_inside(entry: &Entry, inside: &str, keys: &[&str]) -> Finding {
    let near = nearest(&entry.key, keys.iter().copied());
    let help = near.map_or_else(
        || format!("known are {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Finding::error("unknown-key", format!("unknown key `{}` of `{inside}`", entry.key))
        .at(entry.key_place.clone())
        .help(help)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::model::Matrix;
    use super::*;

    #[track_caller]
    fn check(yaml: &str, show: impl Fn(&FrontMatter) -> String, expected: Expect) {
        let source = Source::new("a.md", format!("---\n{yaml}\n---\n# A\n"));
        let mut findings = Vec::new();
        let top = read(&source, &mut findings);
        assert_eq!(&source.text()[top.body..], "# A\n");
        let mut shown = vec![show(&top.front_matter)];
        for finding in findings {
            let place = finding.place.expect("each finding has a place");
            let help = finding.help.unwrap_or_default();
            shown.push(format!("{place:?} {} {} ({help})", finding.severity, finding.message));
        }
        expected.assert_eq(&shown.join("\n"));
    }

    fn parameters(page: &FrontMatter) -> String {
        let show = |parameter: &super::super::Parameter| {
            format!("{}: {:?} {:?}", parameter.name, parameter.kind, parameter.default)
        };
        page.parameters.iter().map(show).collect::<Vec<_>>().join("\n")
    }

    fn requirements(page: &FrontMatter) -> String {
        let requires = &page.requires;
        let tool = |tool: &super::super::ToolRequirement| {
            format!("{} {:?} {:?} {:?}", tool.program, tool.minimum, tool.packages, tool.when)
        };
        let host =
            |host: &super::super::NetworkRequirement| format!("{}:{} {:?}", host.host, host.port, host.when);
        let mut shown: Vec<String> = requires.tools.iter().map(tool).collect();
        shown.extend(requires.network.iter().map(host));
        shown.push(format!("root {} kvm {}", requires.root, requires.kvm));
        shown.join("\n")
    }

    #[test]
    fn parameters_have_types() {
        check(
            "params:\n  base: debian\n  jobs: 4\n  fast: true\n  version: 1.10\n  tag: \"7\"\n  token:",
            parameters,
            expect![[r#"
                base: String Some(String("debian"))
                jobs: Number Some(Number(4.0))
                fast: Boolean Some(Boolean(true))
                version: String Some(String("1.10"))
                tag: String Some(String("7"))
                token: String None"#]],
        );
        check(
            "params:\n  base: {type: choice, choices: [debian, fedora], default: debian}\n  n: {type: number, default: x}",
            parameters,
            expect![[r#"
                base: Choice(["debian", "fedora"]) Some(String("debian"))
                n: Number Some(Number(0.0))
                a.md:4:30 error default of `n` is not a number (change the default, or the `type` and `choices` beside it)"#]],
        );
        check(
            "params:\n  a-b: 1\n  c: {typ: string}\n  d: {type: choice}\n  e: {type: strng}",
            parameters,
            expect![[r#"
                a-b: Number Some(Number(1.0))
                c: String None
                d: String None
                e: String None
                a.md:3:3 error parameter `a-b` cannot be a variable (steps see it as an environment variable: use letters, digits and `_`)
                a.md:4:7 error unknown key `typ` of `c` (did you mean `type`?)
                a.md:5:13 error a choice needs `choices` (write `choices: [debian, fedora]` beside it)
                a.md:6:13 error unknown type `strng` (did you mean `string`?)"#]],
        );
        check(
            "params: [a]",
            parameters,
            expect![[r#"

            a.md:2:9 error `params` cannot be this (write a map of names and defaults)"#]],
        );
    }

    #[test]
    fn names_that_no_variable_can_have_are_reported() {
        check(
            "env: {A-B: 1}\nsecrets: [C.D]\nmatrix:\n  \"e=f\": [1]\n  include: [{g h: 2}]\n",
            |_| String::new(),
            expect![[r#"

                a.md:2:7 error name `A-B` cannot be a variable (steps see it as an environment variable: use letters, digits and `_`)
                a.md:3:11 error secret `C.D` cannot be a variable (steps see it as an environment variable: use letters, digits and `_`)
                a.md:5:3 error parameter `e=f` cannot be a variable (steps see it as an environment variable: use letters, digits and `_`)
                a.md:6:14 error parameter `g h` cannot be a variable (steps see it as an environment variable: use letters, digits and `_`)"#]],
        );
    }

    #[test]
    fn one_mistake_in_a_parameter_or_the_matrix_is_said_once() {
        check(
            "params:\n  PATH: /nope\n  a: {type: number, choices: [1, 2]}\n  b: [1, 2]\nmatrix:\n  exlude: [{a: 1}]",
            parameters,
            expect![[r#"
                PATH: String Some(String("/nope"))
                a: Number None
                b: String Some(String(""))
                a.md:3:3 error parameter `PATH` would change how shells work (give it another name)
                a.md:4:13 error a number has no `choices` (write `type: choice`, or leave the type out)
                a.md:5:6 error default of `b` cannot be a list (write one value, or `{type: choice, choices: [debian, fedora]}`)
                a.md:7:3 error unknown key `exlude` of `matrix` (did you mean `exclude`?)"#]],
        );
    }

    #[test]
    fn parameters_are_no_secrets() {
        check(
            "secrets: [A, B, C]\nparams: {A: 1}\nmatrix: {B: [1, 2]}\n",
            |_| String::new(),
            expect![[r#"

                a.md:3:10 error `A` is a parameter and a secret (leave it out of `params` and `matrix`, which are shown: a secret comes from the environment)
                a.md:4:9 error `B` is a parameter and a secret (leave it out of `params` and `matrix`, which are shown: a secret comes from the environment)"#]],
        );
    }

    #[test]
    fn requirements_have_short_and_long_forms() {
        check(
            "requires: [buildah, skopeo >= 1.9]",
            requirements,
            expect![[r#"
            buildah None {} None
            skopeo Some("1.9") {} None
            root false kvm false"#]],
        );
        check(
            "requires:\n  tools:\n    - buildah\n    - {program: skopeo, version: \">=1.9\", packages: {apt: sk, dfn: s}, when: base}\n  \
             network: [quay.io, \"localhost:5000\", {host: \"a.b\", when: x}]\n  root: true\n  kvn: true",
            requirements,
            expect![[r#"
                buildah None {} None
                skopeo Some("1.9") {"apt": "sk", "dfn": "s"} Some("base")
                quay.io:443 None
                localhost:5000 None
                a.b:443 Some("x")
                root true kvm false
                a.md:5:63 warning unknown package manager `dfn` (did you mean `dnf`?)
                a.md:8:3 error unknown key `kvn` of `requires` (did you mean `kvm`?)"#]],
        );
        check(
            "requires: {tools: [{version: 1}], network: [\"a:b\"], root: maybe}",
            requirements,
            expect![[r#"
                root false kvm false
                a.md:2:20 error this names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)
                a.md:2:44 error `network` cannot be this (write a list of hosts, as `[quay.io, "localhost:5000"]`)
                a.md:2:59 error `root` cannot be `maybe` (write `true` or `false`)"#]],
        );
    }

    #[test]
    fn matrix_has_axes_and_combinations() {
        let show = |page: &FrontMatter| {
            let Matrix { axes, include, exclude, runs, from_tables, .. } = &page.matrix;
            format!("{axes:?} {include:?} {exclude:?} {runs:?} {from_tables:?}")
        };
        check(
            "matrix:\n  base: [debian, fedora]\n  n: [1]\n  exclude: [{base: fedora, n: 1}]",
            show,
            expect![[
                r#"[("base", [String("debian"), String("fedora")]), ("n", [Number(1.0)])] [] [{"base": String("fedora"), "n": Number(1.0)}] Each {}"#
            ]],
        );
        check(
            "matrix: {base: {}}",
            show,
            expect![[r#"
            [] [] [] Each {}
            a.md:2:16 error `base` cannot be this (write a list of values, as `[debian, fedora]`)"#]],
        );
    }

    #[test]
    fn matrix_takes_values_from_tables_of_the_page() {
        let show = |page: &FrontMatter| {
            let Matrix { axes, runs, from_tables, .. } = &page.matrix;
            format!("{axes:?} {runs:?} {from_tables:?}")
        };
        check(
            "matrix: {stream: table, event: [table], run: once}",
            show,
            expect![[r#"[("stream", []), ("event", [String("table")])] Once {"stream": a.md:2:18}"#]],
        );
        check("matrix: {run: [1]}", show, expect![[r#"[("run", [Number(1.0)])] Each {}"#]]);
    }

    #[test]
    fn foreign_keys_are_notes_and_near_ones_errors() {
        let show = |page: &FrontMatter| {
            format!("{:?} {:?} {:?} {:?}", page.title, page.timeout, page.env, page.tags)
        };
        check(
            "title: A\nlayout: x\nms.date: 1\nenv: {A: 1}\ntags: [x, y]\ntimeout: 5m",
            show,
            expect![[r#"
            Some("A") Some(300s) {"A": "1"} ["x", "y"]
            a.md:3:1 note unknown key `layout` (another program may read it; stagebook does not)
            a.md:4:1 note unknown key `ms.date` (another program may read it; stagebook does not)"#]],
        );
        check(
            "titel: A\ntimeout: soon\nauthor: {a: b}",
            show,
            expect![[r#"
                None None {} []
                a.md:2:1 error unknown key `titel` (did you mean `title`?)
                a.md:3:10 error `timeout` cannot be `soon` (write a duration as `500ms`, `30s`, `5m` or `1h30m`)
                a.md:4:1 note unknown key `author` (another program may read it; stagebook does not)"#]],
        );
        check(
            "title: [",
            show,
            expect![[r#"
                None None {} []
                a.md:2:8 error YAML does not parse: `[` is never closed (front matter is YAML: `key: value` on each line, and what belongs to a key indented below it)"#]],
        );
        check(
            "just text",
            show,
            expect![[r#"
            None None {} []
            a.md:2:1 error front matter is not a map of keys (write it as `title: My tutorial`)"#]],
        );
    }

    #[test]
    fn yaml_that_does_not_parse_says_what_to_do() {
        let help = |yaml: &str| {
            let source = Source::new("a.md", format!("---\n{yaml}\n---\n"));
            let mut findings = Vec::new();
            read(&source, &mut findings);
            findings.iter().filter_map(|finding| finding.help.clone()).collect::<Vec<_>>().join("; ")
        };
        let pages =
            ["title: Foo: bar", "env:\n\tA: 1", "env: {A: 1\ntitle: x", "parameters: {A: 1}", "parm: 1"];
        expect![[r#"
            quote a value that contains `: `, as `title: "Part 1: begin"`
            indent with blanks: YAML takes no tabs
            front matter is YAML: `key: value` on each line, and what belongs to a key indented below it
            did you mean `params`?
            did you mean `params`?"#]]
        .assert_eq(&pages.map(help).join("\n"));
    }

    #[test]
    fn only_the_very_top_is_front_matter() {
        let body = |text: &str| {
            let source = Source::new("a.md", text);
            let mut findings = Vec::new();
            let body = read(&source, &mut findings).body;
            (body, findings.len())
        };
        assert_eq!(body("---\n\nText.\n\n---\n"), (0, 0));
        assert_eq!(body("---\ntitle: A\n"), (0, 1));
        assert_eq!(body("\u{feff}---\r\ntitle: A\r\n---\r\nx"), (23, 0));
        assert_eq!(body("# A\n---\ntitle: A\n---\n"), (0, 0));
        assert_eq!(body("---\n---\nx"), (8, 0));
        assert_eq!(body("+++\na = 1\n+++\nx"), (14, 1));
    }

    #[test]
    fn requirements_that_mean_nothing_are_reported() {
        check(
            "requires: [docker>2, \"git >= 2.30\", \"a b\", git>=, \"x; rm\", \"node<20\", g++, ./run, {version: \"1\"}]",
            requirements,
            expect![[r#"
                git Some("2.30") {} None
                g++ None {} None
                ./run None {} None
                root false kvm false
                a.md:2:12 error `docker>2` names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)
                a.md:2:37 error `a b` names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)
                a.md:2:44 error `git>=` names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)
                a.md:2:51 error `x; rm` names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)
                a.md:2:60 error `node<20` names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)
                a.md:2:83 error this names no program that can be required (write a program as `buildah`, or with its least version as `buildah>=1.30`)"#]],
        );
    }

    #[test]
    fn exclusions_name_axes() {
        check(
            "matrix:\n  base: [debian, fedora]\n  exclude: [{bsae: debian}, {base: fedora}]",
            |page| format!("{:?}", page.matrix.exclude),
            expect![[r#"
                [{"bsae": String("debian")}, {"base": String("fedora")}]
                a.md:4:14 error unknown key `bsae` of `exclude` (did you mean `base`?)"#]],
        );
    }

    #[test]
    fn near_keys_are_errors_and_those_of_runme_are_left_alone() {
        check(
            "param: {a: b}\nrunme: {id: 1}\nshell: bash",
            parameters,
            expect![[r#"

            a.md:2:1 error unknown key `param` (did you mean `params`?)"#]],
        );
    }
}
