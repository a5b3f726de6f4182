//! The runner's numbers, as ratios of what is measured side by side in one run.
//!
//! Run by hand, on a machine that does nothing else: `cargo bench --bench runner`. Words after
//! `--` choose what is measured: `steps`, `start`, `tutorials`, `output`.

#![expect(clippy::print_stdout, reason = "a bench is read by who runs it")]

mod side_by_side;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use side_by_side::{command, compare, median, milliseconds, on_path, peak, run};

const STAGEBOOK: &str = env!("CARGO_BIN_EXE_stagebook");

/// A step with expected output, as a page of ours has it.
const STEP: &str = "```bash\necho hi\n```\n\n```output\nhi\n```";

/// The same step for Scrut.
const SCRUT_STEP: &str = "```scrut\n$ echo hi\nhi\n```";

const STEPS: usize = 200;
const TUTORIALS: usize = 1_000;

/// How wide names are shown.
const WIDTH: usize = 26;

/// How a contender may end.
const ENDS: [i32; 1] = [0];

/// Measures in a folder of its own, and prints what it found.
type Measure = fn(&Path);

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let measures: [(&str, Measure); 4] =
        [("steps", steps), ("start", start), ("tutorials", tutorials), ("output", output)];
    for (name, measure) in measures {
        if chosen.is_empty() || chosen.iter().any(|word| word == name) {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            measure(folder.path());
        }
    }
}

/// One tutorial of many trivial steps, each with its output checked.
fn steps(folder: &Path) {
    println!("{STEPS} steps `echo hi`, output checked (median of 15)");
    write(folder, "page.md", &page(STEPS, STEP));
    write(folder, "plain.sh", &"echo hi\n".repeat(STEPS));
    write(folder, "checked.sh", &checked(STEPS));
    let mut contenders = vec![
        ("stagebook run", command(folder, STAGEBOOK, &["run", "--quiet", "page.md"])),
        ("bash, output checked", command(folder, "bash", &["checked.sh"])),
        ("bash, not checked", command(folder, "bash", &["plain.sh"])),
    ];
    if on_path("scrut") {
        write(folder, "scrut.md", &page(STEPS, SCRUT_STEP));
        contenders.push(("scrut test", command(folder, "scrut", &["test", "scrut.md"])));
    } else {
        println!("  scrut is not measured: it is not on PATH (cargo install scrut)");
    }
    compare(15, WIDTH, &ENDS, &mut contenders);
}

/// The time from the start of the process to the first command of the first step.
fn start(folder: &Path) {
    println!("first step after the start of the process (median of 15)");
    write(folder, "page.md", "```bash\ndate +%s%N >\"$OUT\"\n```\n");
    write(folder, "stagebook.toml", "[run]\npass-env = [\"OUT\"]\n");
    let out = folder.join("began");
    let mut stagebook = command(folder, STAGEBOOK, &["run", "--quiet", "page.md"]);
    stagebook.env("OUT", &out);
    let times = (0..15).map(|_| {
        let before = SystemTime::now();
        run(&mut stagebook, &ENDS);
        let began = fs::read_to_string(&out).expect("the step wrote its moment");
        let began = Duration::from_nanos(began.trim().parse().expect("`date` prints a number"));
        began - before.duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970")
    });
    println!("  {:<26}{:>10}\n", "stagebook run", milliseconds(median(times.collect())));
}

/// Many small tutorials on two cores.
fn tutorials(folder: &Path) {
    println!("{TUTORIALS} tutorials of 5 steps on 2 cores (median of 5)");
    for (name, page) in [("pages", page(5, STEP)), ("checked", checked(5)), ("plain", "echo hi\n".repeat(5))]
    {
        fs::create_dir(folder.join(name)).expect("the folder is new");
        let extension = if name == "pages" { "md" } else { "sh" };
        for number in 0..TUTORIALS {
            write(folder, &format!("{name}/{number}.{extension}"), &page);
        }
    }
    let xargs = |name| command(folder, "sh", &["-c", &format!("ls {name}/*.sh | xargs -P2 -n1 bash")]);
    compare(
        5,
        WIDTH,
        &ENDS,
        &mut [
            (
                "stagebook run --jobs 2",
                command(folder, STAGEBOOK, &["run", "--quiet", "--jobs", "2", "pages"]),
            ),
            ("xargs -P2, output checked", xargs("checked")),
            ("xargs -P2, not checked", xargs("plain")),
        ],
    );
}

/// A step that prints without end: what stays in memory, what stays on the disk.
fn output(folder: &Path) {
    println!("a step that prints 5 GiB");
    write(folder, "page.md", "```bash\nhead -c 5G /dev/zero | tr '\\0' x\n```\n");
    let began = Instant::now();
    let kib = peak(&mut command(folder, STAGEBOOK, &["run", "--quiet", "page.md"]));
    let time = began.elapsed();
    let peak = kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1} MiB", kib as f64 / 1024.0));
    let kept = kept_bytes(&folder.join(".stagebook"));
    println!("  {:<26}{:>10}", "peak of resident memory", peak);
    println!("  {:<26}{:>6} MiB", "kept on the disk", kept >> 20);
    println!("  {:<26}{:>10}\n", "time", milliseconds(time));
}

/// Returns the same page for any tool: `block` is one step with its expected output as the tool writes it.
fn page(steps: usize, block: &str) -> String {
    let mut page = "# Workload\n\n".to_owned();
    for number in 1..=steps {
        write!(page, "## Step {number}\n\nRun step number {number}.\n\n{block}\n\n")
            .expect("a string takes it");
    }
    page
}

/// The least that a shell does to look at what its commands print.
fn checked(steps: usize) -> String {
    "test \"$(echo hi)\" = 'hi' || exit 1\n".repeat(steps)
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("the temporary folder is writable");
}

/// Returns how much the files below a folder hold.
fn kept_bytes(folder: &Path) -> u64 {
    let mut open: Vec<PathBuf> = vec![folder.to_path_buf()];
    let mut bytes = 0;
    while let Some(path) = open.pop() {
        let entries = fs::read_dir(path).expect("the store can be read");
        for path in entries.map(|entry| entry.expect("the store can be read").path()) {
            match File::open(&path).and_then(|file| file.metadata()) {
                Ok(metadata) if metadata.is_dir() => open.push(path),
                metadata => bytes += metadata.map_or(0, |metadata| metadata.len()),
            }
        }
    }
    bytes
}
