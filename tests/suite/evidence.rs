//! Records and events: what the schema says, and the way back.

use serde_json::Value;
use stagebook::event::RunEvent;

use crate::project::Project;

/// A page with something of everything that a record can hold.
const PAGE: &str = "\
---
params:
  NAME: world
matrix:
  base: [debian, fedora]
---

# Evidence

```bash {name=hello}
echo \"hello $NAME from $base, id 42\"
```

```output
hello [..] id <id>
```

```console
$ echo one
one
$ (exit 3)
[3]
```

```text {file=notes.txt}
a file
```

```bash {skip=\"needs hardware\"}
true
```

```bash {manual}
reboot
```

```bash {name=noise}
head -c 300000 /dev/zero | tr '\\0' x
```

```bash {name=broken}
printf '\\377\\000broken\\n'; exit 7
```

```output
whole
```

```bash {name=after}
true
```

```bash {cleanup}
true
```
";

const DEFAULT_RECORD: &str = ".stagebook/records/page.md/default/record.json";

const RECORD: &str = ".stagebook/records/page.md/base=debian/record.json";

#[test]
fn records_are_what_the_schema_says() {
    let project = Project::with_page(PAGE);
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let schema = json(&project.run(["schema"]).stdout);
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let record = json(&project.read(RECORD));
    let errors: Vec<String> = validator.iter_errors(&record).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut broken = record;
    broken["version"] = "one".into();
    assert!(!validator.is_valid(&broken), "the schema would take anything");
}

#[test]
fn events_and_plans_are_what_their_schemas_say() {
    let project = Project::with_page(PAGE);
    let validator = |of: &str| {
        let schema = json(&project.run(["schema", "--of", of]).stdout);
        jsonschema::validator_for(&schema).expect("the schema is a schema")
    };
    let events = project.run(["run", "page.md", "--report", "json=-"]).stdout;
    let plan = project.run(["plan", "page.md", "--format", "json"]).stdout;
    let (of_events, of_plans) = (validator("event"), validator("plan"));
    for event in events.lines().map(json) {
        assert!(of_events.is_valid(&event), "{event}");
    }
    assert!(of_plans.is_valid(&json(&plan)), "{plan}");
    assert!(!of_events.is_valid(&json(&plan)) && !of_plans.is_valid(&json("{}")), "they take anything");
}

#[test]
fn json_events_are_read_back() {
    let project = Project::with_page(PAGE);
    let ended = project.run(["run", "page.md", "--report", "json=-"]);
    let events: Vec<RunEvent> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.len() > 20, "{}", ended.stdout);
    for (line, event) in ended.stdout.lines().zip(&events) {
        assert_eq!(json(line), serde_json::to_value(event).unwrap());
    }
}

#[test]
fn one_changed_character_makes_a_tutorial_stale() {
    let project = Project::with_page("# T\n\n```bash\necho one\n```\n\n```output\none\n```\n\nWords.\n");
    let state = |project: &Project| {
        let status = project.run(["status", "page.md", "--format", "json"]);
        let value = json(&status.stdout);
        find(&value, "state").unwrap_or_else(|| panic!("{}", status.stdout))
    };
    assert_eq!(state(&project), "never run");
    assert_eq!(project.run(["run", "page.md"]).status.code(), Some(0));
    assert_eq!(state(&project), "verified");
    project.write("page.md", project.read("page.md").replace("Words.", "Other words."));
    assert_eq!(state(&project), "verified", "prose is not what was verified");
    project.write("page.md", project.read("page.md").replace("echo one", "echo onE"));
    assert_eq!(state(&project), "stale");
    assert_eq!(project.run(["run", "page.md"]).status.code(), Some(1));
    assert_eq!(state(&project), "failed");
}

#[test]
fn long_standard_error_is_kept_apart_and_whole() {
    let page = "# T\n\n```bash\nseq 1 9000 >&2; echo out\n```\n\n<!-- expect: {stream: stderr} -->\n```output\n1\ntwo\n3\n...\n9000\n```\n";
    let project = Project::with_page(page);
    assert_eq!(project.run(["run", "page.md"]).status.code(), Some(1));
    let error = &json(&project.read(DEFAULT_RECORD))["steps"][0]["result"]["output"]["stderr"];
    let kept =
        project.read(&format!(".stagebook/records/page.md/default/{}", error["file"].as_str().unwrap()));
    assert_eq!((kept.lines().count(), error["kept"].as_u64()), (9000, Some(kept.len() as u64)));
    let updated = project.run(["run", "page.md", "--update"]);
    assert_eq!(updated.status.code(), Some(0), "{}", updated.stderr);
    assert!(
        project.read("page.md").contains("```output\n1\n2\n3\n...\n9000\n```"),
        "{}",
        project.read("page.md")
    );
}

#[test]
fn outputs_whose_steps_look_alike_are_kept_apart() {
    let page = "# T\n\n```bash {name=\"a b\"}\nseq 1 5000\n```\n\n```bash {name=a/b retry=1}\nseq 1 6000; test -f there || { touch there; false; }\n```\n\n```console\n$ seq 1 7000\n1\n...\n$ seq 1 8000\n1\n...\n```\n";
    let project = Project::with_page(page);
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let record = json(&project.read(DEFAULT_RECORD));
    let lines = |output: &Value| {
        let file = output["file"].as_str().unwrap();
        project.read(&format!(".stagebook/records/page.md/default/{file}")).lines().count()
    };
    let steps = &record["steps"];
    assert_eq!(lines(&steps[0]["result"]["output"]), 5000);
    assert_eq!(lines(&steps[1]["retries"][0]["output"]), 6000);
    assert_eq!(lines(&steps[1]["result"]["output"]), 6000);
    assert_ne!(steps[1]["retries"][0]["output"]["file"], steps[1]["result"]["output"]["file"]);
    assert_eq!(lines(&steps[2]["result"]["commands"][0]["output"]), 7000);
    assert_eq!(lines(&steps[2]["result"]["commands"][1]["output"]), 8000);
}

#[test]
fn workspace_is_hidden_in_every_stream_and_bytes_stay() {
    let page = "# T\n\n```bash\npwd; printf '\\377\\n'; seq 1 5000; pwd >&2; seq 1 5000 >&2\n```\n\n<!-- expect: {stream: stderr} -->\n```output\n<workspace>\n...\n```\n";
    let project = Project::with_page(page);
    let ended = project.run(["run", "page.md", "-v"]);
    let output = &json(&project.read(DEFAULT_RECORD))["steps"][0]["result"]["output"];
    let kept = |output: &Value| {
        let file = output["file"].as_str().unwrap_or_else(|| panic!("{}", ended.stderr));
        std::fs::read(project.path(&format!(".stagebook/records/page.md/default/{file}"))).unwrap()
    };
    assert!(kept(output).starts_with(b"<workspace>\n\xff\n1\n"), "{}", ended.stderr);
    assert!(kept(&output["stderr"]).starts_with(b"<workspace>\n1\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("<workspace>") && !ended.stderr.contains("/work\n"), "{}", ended.stderr);
}

#[test]
fn secrets_are_in_no_report() {
    let secret = "hunter2-abc/def";
    let page = format!(
        "---\nsecrets: [TOKEN]\n---\n\n# T\n\n```bash\necho \"$TOKEN\"; printf %s \"x$TOKEN\" | base64; printf hunter; sleep 0.1; echo {}\nfalse\n```\n\n```output\nnothing\n```\n",
        &secret[6..]
    );
    let project = Project::with_page(&page);
    let mut command =
        project.stagebook(["run", "-v", "page.md", "--report", "json=events", "--report", "junit=junit"]);
    let ended = project.finish(command.env("TOKEN", secret).env("GITHUB_ACTIONS", "true"), "");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let record = project.read(DEFAULT_RECORD);
    assert_eq!(ended.stdout, "", "annotations are for people");
    let places = [&ended.stderr, &project.read("events"), &project.read("junit"), &record];
    for text in places {
        for form in [secret, "aHVudGVyMi1hYmMvZGVm", "h1bnRlcjItYWJjL2Rl"] {
            assert!(!text.contains(form), "{form} in {text}");
        }
        assert!(text.contains("***"), "{text}");
    }
}

#[test]
fn secrets_are_in_no_report_in_whatever_form() {
    let secret = "aTok3n\"é'\\n";
    let page = r#"---
secrets: [TOKEN]
params:
  Q: y
---

# Not aTok3n"é'\n

```bash {name=shown}
echo "token=$TOKEN" | grep --color=always Tok3n
python3 -c 'import json, os; print(json.dumps(os.environ["TOKEN"]))'
echo "$TOKEN" | base64 -w8 | sed 's/^/   /'
(set -x; : "$TOKEN") 2>&1
false
```

```output
aTok3n"é'\n
```
"#;
    let project = Project::with_page(page);
    let given = ["--param", &format!("Q={secret}")].map(str::to_owned);
    let arguments = ["run", "-v", "page.md", "--report", "json=events", "--report", "junit=junit"];
    let mut command = project.stagebook(arguments.into_iter().chain(given.iter().map(String::as_str)));
    let ended = project.finish(command.env("TOKEN", secret), "");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    for text in
        [&ended.stderr, &project.read("events"), &project.read("junit"), &project.read(DEFAULT_RECORD)]
    {
        for form in ["Tok3n", "é", "YVRvaz", "M24iw6"] {
            assert!(!text.contains(form) || form == "Tok3n" && only_in_the_command(text), "{form} in {text}");
        }
        assert!(text.contains("***"), "{text}");
    }
    assert!(ended.stderr.contains("--param 'Q=***'"), "{}", ended.stderr);
}

/// Returns whether a part of the secret stands in nothing but the command of the page.
fn only_in_the_command(text: &str) -> bool {
    text.matches("Tok3n").count() == text.matches("grep --color=always Tok3n").count()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns the first text under a key, at any depth.
fn find(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Object(map) => match map.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => map.values().find_map(|value| find(value, key)),
        },
        Value::Array(values) => values.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}
