//! `image rebuild`: tutorials that leave another image the second time, or the same; the first step that does is
//! named, with what differs.

use serde_json::{Value, json};

use crate::layout::{Image, Member};
use crate::project::{Ended, Project};

/// A tutorial of two steps, each of which leaves a layout. What the second one leaves is another image each time
/// that it runs, one of those that a test has laid out.
struct Rebuilt(Project);

impl Rebuilt {
    /// Takes what the step `app` leaves the first and the second time.
    fn of(first: &Image, second: &Image) -> Self {
        let project = Project::new();
        image("base").write(&project.path("images/base"));
        first.write(&project.path("images/app-1"));
        second.write(&project.path("images/app-2"));
        let images = project.path("images");
        let images = images.display();
        project.write(
            "page.md",
            format!(
                "# Two images\n\n```bash {{name=base}}\ncp -r {images}/base base\n```\n\n\
                 ```bash {{name=app}}\necho >>{images}/times\ncp -r {images}/app-$(grep -c '' {images}/times) app\n```\n"
            ),
        );
        Self(project)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let all = [&["image", "rebuild", "page.md", "--no-cache"][..], arguments].concat();
        self.0.run(all)
    }
}

fn image(text: &str) -> Image {
    Image::of(vec![vec![Member::folder("etc"), Member::file("etc/motd", text)]])
}

fn created(text: &str, time: &str) -> Image {
    let mut image = image(text);
    image.annotations = json!({"org.opencontainers.image.created": time});
    image
}

#[test]
fn same_images_are_one_digest() {
    let ended = Rebuilt::of(&image("hello\n"), &image("hello\n")).run(&[]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("page.md: 2 images built twice, each with one digest\n"), "{ended:?}");
    assert!(ended.stdout.contains("  base (page.md:3:1)\n    identical  oci:base\n"), "{ended:?}");
    assert!(!ended.stdout.contains("leaves another image"), "{ended:?}");
    assert!(ended.stderr.contains("the second build"), "{ended:?}");
}

#[test]
fn first_step_that_leaves_another_image_is_named_with_what_differs() {
    let ended = Rebuilt::of(&image("one\n"), &image("two\n")).run(&[]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.contains("app (page.md:7:1) is the first step that leaves another image, oci:app:"));
    assert!(ended.stdout.contains("-one\n") && ended.stdout.contains("+two\n"), "{ended:?}");
    assert!(ended.stderr.contains("page.md: the two builds differ in content"), "{ended:?}");
}

#[test]
fn what_a_rule_explains_passes_unless_one_digest_is_asked_for() {
    let times = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"].map(|time| created("hello\n", time));
    let ended = Rebuilt::of(&times[0], &times[1]).run(&[]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("    explained  oci:app\n"), "{ended:?}");
    let ended = Rebuilt::of(&times[0], &times[1]).run(&["--require", "digest"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
}

#[test]
fn json_has_every_image_and_the_steps_by_name() {
    let ended = Rebuilt::of(&image("one\n"), &image("two\n")).run(&["--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report[0]["plan"], "page.md");
    assert_eq!(report[0]["steps"][1], "app");
    let images = report[0]["rebuild"]["images"].as_array().unwrap();
    let told: Vec<_> = images.iter().map(|image| (&image["step"], &image["verdict"])).collect();
    assert_eq!(told, [(&0.into(), &"identical".into()), (&1.into(), &"different".into())]);
    assert_eq!(images[1]["comparison"]["verdict"], "different");
    assert_ne!(images[1]["first"], images[1]["second"]);
}

#[test]
fn tutorials_that_fail_or_leave_no_image_are_no_proof() {
    let fails = Project::with_page("# A\n\n```bash\nfalse\n```\n");
    let ended = fails.run(["image", "rebuild", "page.md"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("page.md was not built: there is nothing to compare"), "{ended:?}");
    assert!(!ended.stderr.contains("the second build"), "{ended:?}");
    let lacks = "---\nrequires: {tools: [no-such-tool]}\n---\n# A\n\n```bash\ntrue\n```\n";
    let ended = Project::with_page(lacks).run(["image", "rebuild", "page.md"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("page.md was skipped: there is nothing to compare"), "{ended:?}");
    let second = Project::new();
    let mark = second.path("mark");
    second.write("page.md", format!("# A\n\n```bash\nmkdir {}\n```\n", mark.display()));
    let ended = second.run(["image", "rebuild", "page.md", "--format", "json"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("page.md was built once and failed the second time"), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report[0]["unbuilt"], "second-failed");
    let nothing = Project::with_page("# A\n\n```bash\ntrue\n```\n");
    let ended = nothing.run(["image", "rebuild", "page.md"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("page.md leaves no image"), "{ended:?}");
}

#[test]
fn nothing_is_recorded_and_nothing_is_left() {
    let rebuilt = Rebuilt::of(&image("hello\n"), &image("hello\n"));
    let ended = rebuilt.run(&[]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(!rebuilt.0.path(".stagebook").exists());
    let left: Vec<_> = rebuilt.0.outside().join("tmp").read_dir().unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Returns a page whose steps are run with `$TIMES` as a file outside of the workspace, in which they count.
fn counting(project: &Project, steps: &str) {
    image("hello\n").write(&project.path("images/app"));
    image("other\n").write(&project.path("images/other"));
    let images = project.path("images");
    project.write("page.md", format!("# A\n\n{steps}").replace("IMAGES", images.to_str().unwrap()));
}

#[test]
fn image_that_one_build_takes_away_is_told() {
    let project = Project::new();
    counting(
        &project,
        "```bash {name=make}\ncp -r IMAGES/app app\n```\n\n\
         ```bash {name=remove}\nif mkdir IMAGES/once; then true; else rm -r app; fi\n```\n",
    );
    let ended = project.run(["image", "rebuild", "page.md"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(
        ended.stdout.contains("remove (page.md:7:1) is the first step that leaves another image, oci:app")
    );
    assert!(ended.stdout.contains("It is there after the first build alone."), "{ended:?}");
}

#[test]
fn what_a_later_step_mends_passes_and_is_told() {
    let project = Project::new();
    counting(
        &project,
        "```bash {name=make}\nif mkdir IMAGES/once; then cp -r IMAGES/app app; else cp -r IMAGES/other app; fi\n```\n\n\
         ```bash {name=mend}\nrm -r app; cp -r IMAGES/app app\n```\n",
    );
    let ended = project.run(["image", "rebuild", "page.md"]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("page.md: 1 image built twice; 1 step left another one\n"), "{ended:?}");
    assert!(ended.stdout.contains("Later steps mend it"), "{ended:?}");
}

#[test]
fn secrets_are_not_shown() {
    let project = Project::new();
    image("x").write(&project.path("images/app-1"));
    let mut image = image("very-secret-word");
    image.annotations = json!({"token": "very-secret-word"});
    image.write(&project.path("images/app-2"));
    let images = project.path("images");
    let images = images.display();
    project.write(
        "page.md",
        format!(
            "---\nsecrets: [TOKEN]\n---\n# A\n\n```bash\nif mkdir {images}/once; then cp -r {images}/app-1 app; \
             else cp -r {images}/app-2 app; fi\n```\n"
        ),
    );
    for format in ["text", "json"] {
        let _ = std::fs::remove_dir(project.path("images/once"));
        let mut command = project.stagebook(["image", "rebuild", "page.md", "--all", "--format", format]);
        let ended = project.finish(command.env("TOKEN", "very-secret-word"), "");
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stdout.contains("etc/motd"), "{ended:?}");
        assert!(!ended.stdout.contains("very-secret-word"), "{ended:?}");
    }
}

#[test]
fn pipe_in_the_place_of_a_layout_holds_nobody_up() {
    let project = Project::with_page("# A\n\n```bash\nmkdir x; mkfifo x/index.json\n```\n");
    let ended = project.run(["image", "rebuild", "page.md"]);
    assert!(ended.stderr.contains("page.md leaves no image"), "{ended:?}");
    project.write("y/oci-layout", "{}");
    assert!(
        std::process::Command::new("mkfifo").arg(project.path("y/index.json")).status().unwrap().success()
    );
    let ended = project.run(["image", "inspect", "oci:y"]);
    assert!(ended.stderr.contains("it is no regular file"), "{ended:?}");
    let ended = project.run(["image", "inspect", "oci-archive:y/index.json"]);
    assert!(ended.stderr.contains("it is no regular file"), "{ended:?}");
}
