//! Parameters and secrets that are declared and never used.

use regex::Regex;

use crate::diagnostic::Finding;
use crate::tutorial::{Action, ExpectedOutput, FrontMatter, Origin, Parameter, Step, Tutorial};

/// Finds what is declared and never used.
pub(super) fn check(tutorial: &Tutorial) -> Vec<Finding> {
    let front = &tutorial.front_matter;
    let unused = front.parameters.iter().filter(|parameter| !is_used(tutorial, &parameter.name));
    let mut findings: Vec<Finding> = unused.map(unused_parameter).collect();
    let secrets = front.secrets.iter().filter(|secret| !is_used(tutorial, secret));
    findings.extend(secrets.map(|secret| unused_secret(front, secret)));
    findings
}

fn unused_parameter(parameter: &Parameter) -> Finding {
    let name = &parameter.name;
    let finding = Finding::warning("unused-parameter", format!("no step uses parameter `{name}`"));
    finding.at(parameter.place.clone()).help(format!("remove it, or use it as `${name}` in a step"))
}

fn unused_secret(front: &FrontMatter, name: &str) -> Finding {
    // A program may read the variable without being told to, so this may be as it should.
    let mut finding = Finding::note("unused-secret", format!("no step mentions secret `{name}`"));
    finding.place = front.places.get("secrets").cloned();
    finding
}

/// Returns whether a page does anything with a value.
fn is_used(tutorial: &Tutorial, name: &str) -> bool {
    let uses = Uses::of(name);
    uses.in_front_matter(&tutorial.front_matter) || tutorial.steps.iter().any(|step| uses.in_step(step))
}

/// The ways to use a value.
struct Uses<'a> {
    name: &'a str,
    /// The name as a word.
    word: Regex,
    /// The name where a shell looks a variable up.
    variable: Regex,
}

impl<'a> Uses<'a> {
    fn of(name: &'a str) -> Self {
        let escaped = regex::escape(name);
        let word = format!(r"\b{escaped}\b");
        // Also inside of arithmetic, and as an argument of what works on variables.
        let variable = format!(
            r"(?m)\$\{{?[#!]?{escaped}\b|\(\(.*\b{escaped}\b|\b(?:printenv|export|declare|local|unset|read|env)\b.*\b{escaped}\b|\benvsubst\b|\B-v\s+{escaped}\b"
        );
        Self { name, word: compiled(&word), variable: compiled(&variable) }
    }

    fn in_front_matter(&self, front: &FrontMatter) -> bool {
        let tools = front.requires.tools.iter().filter_map(|tool| tool.when.as_ref());
        let hosts = front.requires.network.iter().filter_map(|host| host.when.as_ref());
        let images = front.images.values().chain(front.reference.values());
        let matrix = &front.matrix;
        matrix.axes.iter().any(|(axis, _)| axis == self.name)
            || matrix.include.iter().any(|part| part.contains_key(self.name))
            || tools.chain(hosts).chain(front.env.values()).chain(images).any(|text| self.word.is_match(text))
    }

    fn in_step(&self, step: &Step) -> bool {
        self.in_text(step) || self.in_attributes(step) || self.in_expectations(step)
    }

    fn in_text(&self, step: &Step) -> bool {
        // In a shell a variable is a name after a `$`; in a template and elsewhere any word may be one.
        let is_script = step.runs_in_shell() && step.attributes.template.is_none();
        let pattern = if is_script { &self.variable } else { &self.word };
        pattern.is_match(&step.text.content)
    }

    fn in_attributes(&self, step: &Step) -> bool {
        let attributes = &step.attributes;
        let file = match &step.action {
            Action::File(path) => Some(path),
            _ => None,
        };
        let mut texts =
            attributes.when.iter().chain(&attributes.cwd).chain(file).chain(attributes.env.values());
        texts.any(|text| self.word.is_match(text))
    }

    fn in_expectations(&self, step: &Step) -> bool {
        let holds = |expected: &ExpectedOutput| match &expected.origin {
            Origin::Lines(text) => self.variable.is_match(&text.content),
            Origin::Comment => self.variable.is_match(expected.place.text()),
        };
        step.expected.iter().any(holds)
    }
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("names are escaped")
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{project, subject};

    /// Checks whether a page with parameter `base_image` and secret `TOKEN` uses both.
    #[track_caller]
    fn check(rest: &str, expected: &[&str]) {
        let page = format!("---\nparams:\n  base_image: debian\nsecrets: [TOKEN]\n{rest}");
        let project = project(&[("a.md", &page)]);
        let findings = super::check(&subject(project.path(), "a.md").tutorial);
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, expected, "{rest}");
        assert!(findings.iter().all(|finding| finding.place.is_some()));
    }

    const SECRET: &str = "no step mentions secret `TOKEN`";
    const PARAMETER: &str = "no step uses parameter `base_image`";

    #[test]
    fn unused_parameters_and_secrets_are_found() {
        check("---\n# A\n", &[PARAMETER, SECRET]);
        check("---\nUse $base_image.\n\n```text\n$base_image $TOKEN\n```\n", &[PARAMETER, SECRET]);
        check(
            "---\n```bash\nrun --base-image debian # base_image\nlogin $TOKENS\n```\n",
            &[PARAMETER, SECRET],
        );
    }

    #[test]
    fn shells_use_variables() {
        for text in
            ["echo $base_image", "echo \"${base_image:-x}\"", "echo $((base_image + 1))", "export base_image"]
        {
            check(&format!("---\n```bash\n{text}\nlogin \"$TOKEN\"\n```\n"), &[]);
        }
        check("---\n```console\n$ echo $base_image $TOKEN\nx\n```\n", &[]);
        check("---\n```bash\nenvsubst < in > out\n```\n", &[]);
    }

    #[test]
    fn other_blocks_use_words() {
        check("---\n```text {file=conf template}\nFROM {{ base_image }} {{ TOKEN }}\n```\n", &[]);
        check("---\n```text {file=run.sh}\necho $base_image $TOKEN\n```\n", &[]);
    }

    #[test]
    fn conditions_and_attributes_are_uses() {
        check("---\n```bash {when=\"base_image == 'debian'\"}\n: $TOKEN\n```\n", &[]);
        check(
            "requires:\n  tools:\n    - program: dnf\n      when: base_image == 'fedora'\n---\n```bash\n: $TOKEN\n```\n",
            &[],
        );
        check("matrix:\n  base_image: [a, b]\n---\n```bash\n: $TOKEN\n```\n", &[]);
    }

    #[test]
    fn expected_output_is_a_use() {
        check("---\n```bash\n: $TOKEN\n./show\n```\n\n```output\n${base_image}\n```\n", &[]);
    }
}
