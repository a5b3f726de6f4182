//! Large input and output, and disks that are full.

use std::fs;
use std::process::{ExitStatus, Stdio};

use crate::project::{Project, wait};

/// What a run may use at most, whatever its steps print, in kilobytes.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 64 * 1024;

#[test]
#[cfg(target_os = "linux")]
fn output_of_any_size_is_kept_in_bounds() {
    let project = loud(200_000_000);
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(0), "{}", tail(&ended.stderr));
    let peak = peak(&project);
    assert!(peak < MOST_MEMORY, "{peak} kB");
    let kept = project.path(".stagebook/records/page.md/default");
    let files = ignore::WalkBuilder::new(kept).standard_filters(false).build().filter_map(Result::ok);
    let largest = files.filter_map(|file| Some(file.metadata().ok()?.len())).max().unwrap();
    assert!((1_000_000..1_200_000).contains(&largest), "{largest} bytes");
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_is_heard_more_slowly_than_it_is_printed_is_kept_in_bounds() {
    let project = loud(80_000_000);
    let ended = project.run(["run", "page.md", "--report", "json=events.jsonl"]);
    assert_eq!(ended.status.code(), Some(0), "{}", tail(&ended.stderr));
    let peak = peak(&project);
    assert!(peak < MOST_MEMORY, "{peak} kB");
    assert!(project.path("events.jsonl").metadata().unwrap().len() > 80_000_000);
}

/// Returns a project whose first step prints so many bytes, and whose last tells the peak memory.
#[cfg(target_os = "linux")]
fn loud(bytes: u64) -> Project {
    let project = Project::with_page(&format!(
        "# Loud\n\n```bash\nhead -c {bytes} /dev/zero | tr '\\0' x\n```\n\n```bash\ngrep VmHWM /proc/$PPID/status\n```\n"
    ));
    project.write("stagebook.toml", "[run]\nkeep-output = \"1MiB\"\n");
    project
}

/// Returns the peak memory in kilobytes that the last step told.
#[cfg(target_os = "linux")]
fn peak(project: &Project) -> u64 {
    let record = project.read(".stagebook/records/page.md/default/record.json");
    let (_, after) = record.split_once("VmHWM:\\t").expect("the last step told it");
    let (number, _) = after.trim_start().split_once(' ').expect("a number and its unit");
    number.parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn data_that_cannot_be_written_is_trouble() {
    let project = Project::with_page("# T\n\n```bash\ntrue\n```\n");
    for command in [["plan", "page.md"], ["check", "page.md"], ["status", "page.md"], ["schema", "--of=plan"]]
    {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = project.stagebook(command).stdout(full).output().expect("the program can be started");
        assert_eq!(output.status.code(), Some(4), "{command:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_of_a_plan_grows_with_its_steps_alone() {
    let project = Project::with_page(&"```bash\ntrue\n```\n\n".repeat(10_000));
    let mut shell = project.command("bash");
    // With room for each pair of steps it would take more than 800 MB.
    shell.args(["-c", "ulimit -v 400000; stagebook plan page.md --format json > plan.json"]);
    assert!(shell.status().expect("bash can be started").success());
}

#[test]
fn full_disk_leaves_the_old_record_whole() {
    let project = Project::with_page("# T\n\n```bash\necho \"${N-first}\"\n```\n");
    assert_eq!(project.run(["run", "page.md"]).status.code(), Some(0));
    let record = ".stagebook/records/page.md/default/record.json";
    let old = project.read(record);
    let said = run_with_files_up_to(&project, 0).1;
    assert_eq!(project.read(record), old, "{said}");
    assert!(said.contains("File too large"), "{said}");
}

#[test]
fn full_disk_fails_no_step() {
    let project =
        Project::with_page("# T\n\n```bash {name=much}\nseq 1 20000\n```\n\n```output\n1\n...\n20000\n```\n");
    let (status, said) = run_with_files_up_to(&project, 64);
    assert_ne!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("output of step `much` of `page.md` could not be kept whole: File too large"),
        "{said}"
    );
    let record = project.read(".stagebook/records/page.md/default/record.json");
    assert!(
        record.contains("\"verified\"") && record.contains("\"1\\n2\\n3\\n") && record.contains("bytes cut]"),
        "{record}"
    );
    let entries = fs::read_dir(project.path(".stagebook/records/page.md/default")).unwrap();
    assert_eq!(entries.count(), 1, "only the record is there");
}

/// Runs the page where no file may grow beyond so many kilobytes: as far as a program can tell, the disk is full.
fn run_with_files_up_to(project: &Project, kilobytes: usize) -> (ExitStatus, String) {
    let mut shell = project.command("bash");
    shell.args(["-c", &format!("ulimit -f {kilobytes}; trap '' XFSZ; exec stagebook run page.md")]);
    let mut child = shell.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    (wait(&mut child), said)
}

#[test]
#[cfg(target_os = "linux")]
fn report_that_cannot_be_written_is_no_success() {
    let project = Project::with_page("# T\n\n```bash\necho hi\n```\n");
    let ended = project.run(["run", "page.md", "--report", "junit=/dev/full"]);
    assert_eq!(ended.status.code(), Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("/dev/full"), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 tutorial passed"), "{}", ended.stderr);
}

#[test]
fn checkout_that_cannot_be_written_is_run_and_not_recorded() {
    let project = Project::with_page("# T\n\n```bash\necho hi\n```\n");
    // A folder cannot be made where a file is, whoever tries.
    project.write(".stagebook", "");
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing will be recorded"), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 tutorial passed"), "{}", ended.stderr);
}

#[test]
fn page_of_a_hundred_megabytes_is_refused() {
    let project = Project::new();
    let line = b"Words that go on and on, and on, and on.\n";
    project.write("page.md", line.repeat(100_000_000 / line.len()));
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("page.md"), "{}", ended.stderr);
}

#[test]
fn ten_thousand_nested_quotes_are_read() {
    let quotes = ">".repeat(10_000);
    let project = Project::with_page(&format!("# Deep\n\n{quotes} deep\n\n```bash\necho hi\n```\n"));
    let ended = project.run(["run", "page.md"]);
    assert_eq!(ended.status.code(), Some(0), "{}", tail(&ended.stderr));
    assert!(ended.stderr.len() < 10_000, "{}", ended.stderr.len());
}

#[test]
fn reader_that_goes_away_is_no_crash() {
    let project = Project::with_page("# T\n\n```bash\necho hi\n```\n");
    let mut shell = project.command("bash");
    shell
        .args(["-c", "set -o pipefail; stagebook schema | head -c 1 > first; stagebook plan page.md | true"]);
    let ended = project.finish(&mut shell, "");
    assert_eq!(ended.stderr, "", "whoever has seen enough is no error");
    assert_eq!(fs::read(project.path("first")).unwrap(), b"{");
}

fn tail(text: &str) -> &str {
    &text[text.len().saturating_sub(2000)..]
}
