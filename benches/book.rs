//! The book's numbers, as ratios of what is measured side by side in one run.
//!
//! Run by hand, on a machine that does nothing else: `cargo bench --bench book`. Words after
//! `--` choose what is measured: `build`, `linear`, `weight`. mdBook is measured where it is on
//! PATH: `cargo install mdbook --version 0.5.4`.

#![expect(clippy::print_stdout, reason = "a bench is read by who runs it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

const STAGEBOOK: &str = env!("CARGO_BIN_EXE_stagebook");
const PAGES: usize = 1_000;
const PARTS: usize = 10;
/// How often a whole book is built by each.
const ROUNDS: usize = 3;

/// Measures in a folder of its own, and prints what it found.
type Measure = fn(&Path);

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let measures: [(&str, Measure); 3] = [("build", build), ("linear", linear), ("weight", weight)];
    for (name, measure) in measures {
        if chosen.is_empty() || chosen.iter().any(|word| word == name) {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            measure(folder.path());
        }
    }
}

/// A whole book, beside mdBook: everything is written anew each time.
fn build(folder: &Path) {
    let bytes = write_book(folder, PAGES);
    println!(
        "{PAGES} pages, {:.1} MB of Markdown, {} code blocks (median of {ROUNDS})",
        megabytes(bytes),
        PAGES * 5
    );
    let is_there = mdbook(folder, "theirs-0").is_some();
    let mut costs: [Vec<Cost>; 2] = Default::default();
    for round in 0..ROUNDS {
        // Each has a folder of its own: a file system takes long to give away what was just removed.
        costs[0].push(cost(&stagebook(folder, &format!("ours-{round}"))));
        let other = is_there.then(|| mdbook(folder, &format!("theirs-{round}"))).flatten();
        costs[1].extend(other.map(|command| cost(&command)));
    }
    let ours = Cost::median(&costs[0]);
    println!("  {:<26}{ours}", "stagebook book build");
    if is_there {
        let theirs = Cost::median(&costs[1]);
        println!("  {:<26}{theirs}", "mdbook build");
        println!("  {:<26}{}", "stagebook takes", ours.beside(&theirs));
    }
    println!("  {:<26}{}\n", "nothing changed", cost(&stagebook(folder, "ours-0")));
}

/// Books of different sizes: what a page costs must not depend on how many there are.
fn linear(folder: &Path) {
    println!("books of different sizes");
    for pages in [250, 1_000, 10_000] {
        let folder = folder.join(pages.to_string());
        write_book(&folder, pages);
        let cost = cost(&stagebook(&folder, "site"));
        let each = cost.processor.as_secs_f64() * 1e3 / pages as f64;
        println!("  {:<26}{cost}{each:>10.2} ms of processor a page", format!("{pages} pages"));
        remove(&folder);
    }
    println!();
}

/// What a reader loads: with the first page, and with a search.
fn weight(folder: &Path) {
    write_book(folder, PAGES);
    println!("what is loaded of {PAGES} pages, compressed");
    run(&mut stagebook(folder, "ours"));
    let ours = loaded(&folder.join("ours"));
    println!("  {:<26}{ours}", "stagebook");
    if let Some(mut mdbook) = mdbook(folder, "theirs") {
        run(&mut mdbook);
        let theirs = loaded(&folder.join("theirs"));
        println!("  {:<26}{theirs}", "mdbook");
        let ratio = ours.index as f64 / theirs.index as f64;
        println!("  {:<26}{ratio:>10.2} times as much", "stagebook's index is");
    }
    println!();
}

fn stagebook(folder: &Path, site: &str) -> Command {
    let mut command = Command::new(STAGEBOOK);
    command.args(["--quiet", "book", "build", ".", "-d", site]).current_dir(folder);
    command
}

/// Returns mdBook's command; `None` where it is not there.
fn mdbook(folder: &Path, site: &str) -> Option<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join("mdbook").is_file()) {
        println!("  mdbook is not measured: it is not on PATH (cargo install mdbook --version 0.5.4)");
        return None;
    }
    let mut command = Command::new("mdbook");
    command.args(["build", ".", "-d", site]).current_dir(folder);
    Some(command)
}

/// What a command costs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: Duration,
    processor: Duration,
    /// Peak of resident memory, in KiB.
    memory: u64,
}

impl Cost {
    fn median(costs: &[Self]) -> Self {
        let middle = costs.len() / 2;
        let sorted = |value: fn(&Self) -> Duration| {
            let mut values: Vec<Duration> = costs.iter().map(value).collect();
            values.sort();
            values[middle]
        };
        let memory = costs.iter().map(|cost| cost.memory).max().unwrap_or_default();
        Self { wall: sorted(|cost| cost.wall), processor: sorted(|cost| cost.processor), memory }
    }

    fn beside(&self, other: &Self) -> String {
        let ratio = |one: f64, other: f64| one / other;
        format!(
            "{:>10.3} of the time {:>8.3} of the processor {:>8.3} of the memory",
            ratio(self.wall.as_secs_f64(), other.wall.as_secs_f64()),
            ratio(self.processor.as_secs_f64(), other.processor.as_secs_f64()),
            ratio(self.memory as f64, other.memory as f64),
        )
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{:>10.2} s wall {:>8.2} s processor {:>8.1} MiB",
            self.wall.as_secs_f64(),
            self.processor.as_secs_f64(),
            self.memory as f64 / 1024.0
        )
    }
}

/// Runs a command and returns what it cost. Its numbers are read from `/proc`: see proc(5).
fn cost(command: &Command) -> Cost {
    let mut again = Command::new(command.get_program());
    again.args(command.get_args()).current_dir(command.get_current_dir().expect("each has a folder"));
    let began = Instant::now();
    let mut child = quiet(&mut again).spawn().expect("the program starts");
    let pid = Pid::from_child(&child);
    let [status, stat] = ["status", "stat"].map(|name| format!("/proc/{}/{name}", child.id()));
    let mut memory = 0;
    // Its numbers stay until it is waited for.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(pid), ended).expect("it is our child").is_none() {
        memory = high_water(&status).unwrap_or(memory);
        std::thread::sleep(Duration::from_millis(2));
    }
    let wall = began.elapsed();
    let processor = ticks(&stat).expect("the kernel counts what it used");
    let status = child.wait().expect("it is our child");
    assert!(status.success(), "{command:?} ended with {status}");
    Cost { wall, processor, memory }
}

/// Returns the peak of resident memory, in KiB.
fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Returns the processor time of a process and its children.
fn ticks(stat: &str) -> Option<Duration> {
    let text = fs::read_to_string(stat).ok()?;
    // The name in parentheses may hold blanks; the times are the 14th to the 17th value.
    let (_, rest) = text.rsplit_once(')')?;
    let values = rest.split_whitespace().skip(11).take(4);
    let ticks: u64 = values.map(|value| value.parse::<u64>().unwrap_or_default()).sum();
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Bytes on the wire.
struct Loaded {
    view: usize,
    script: usize,
    index: usize,
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [view, script, index] = [self.view, self.script, self.index].map(|bytes| bytes as f64 / 1000.0);
        write!(out, "{view:>10.1} kB first page, {script:.1} kB of it script; {index:>8.1} kB search index")
    }
}

fn loaded(site: &Path) -> Loaded {
    let page = site.join("part-01/page-0001.html");
    let html = fs::read_to_string(&page).expect("the page was written");
    let linked = |ending: &str| -> usize {
        let values = ["src=\"", "href=\""].into_iter().flat_map(|attribute| html.split(attribute).skip(1));
        let files = values.filter_map(|rest| rest.split('"').next());
        let files = files.filter(|file| file.ends_with(ending) && !file.contains("://"));
        files.map(|file| compressed(&page.parent().expect("it is in a folder").join(file))).sum()
    };
    let (sheets, script) = (linked(".css"), linked(".js"));
    let index = files(site).into_iter().filter(|path| {
        let name = path.strip_prefix(site).expect("it was found there").to_string_lossy().into_owned();
        // The texts of hits are loaded for those hits alone.
        let is_index = name.starts_with("search/") && !name.starts_with("search/text/");
        is_index || (name.starts_with("searchindex") && name.ends_with(".js"))
    });
    Loaded {
        view: compressed(&page) + sheets + script,
        script,
        index: index.map(|path| compressed(&path)).sum(),
    }
}

/// Returns the size of a file after `gzip -9`; nothing for one that is not there.
fn compressed(path: &Path) -> usize {
    if !path.is_file() {
        return 0;
    }
    let output = Command::new("gzip").arg("-9c").arg(path).output().expect("gzip is there");
    output.stdout.len()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).build();
    walk.filter_map(Result::ok).map(ignore::DirEntry::into_path).filter(|path| path.is_file()).collect()
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn run(command: &mut Command) {
    let status = quiet(command).status().expect("the program starts");
    assert!(status.success(), "{command:?} ended with {status}");
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("the temporary folder is writable");
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Writes a book in mdBook's form, the same each time; returns how many bytes its pages have.
fn write_book(folder: &Path, pages: usize) -> usize {
    let mut words = Words::new();
    let titles: Vec<String> = (0..pages).map(|page| format!("{} {page}", words.title(2))).collect();
    let path = |page: usize| format!("part-{:02}/page-{page:04}.md", page * PARTS / pages + 1);
    let mut summary = "# Summary\n".to_owned();
    let mut bytes = 0;
    for page in 0..pages {
        if page % (pages / PARTS) == 0 {
            let _ = write!(summary, "\n# Part {}\n\n", page * PARTS / pages + 1);
        }
        let indent = if page % 10 == 0 { "" } else { "    " };
        let _ = writeln!(summary, "{indent}- [{}]({})", titles[page], path(page));
        let text = words.page(&titles[page], |words| {
            let other = words.next(pages);
            (titles[other].clone(), format!("../{}", path(other)))
        });
        bytes += text.len();
        let file = folder.join("src").join(path(page));
        fs::create_dir_all(file.parent().expect("it is in a folder")).expect("the folder is writable");
        fs::write(file, text).expect("the folder is writable");
    }
    fs::write(folder.join("src/SUMMARY.md"), summary).expect("the folder is writable");
    fs::write(folder.join("book.toml"), "[book]\ntitle = \"Synthetic\"\nlanguage = \"en\"\n[output.html]\n")
        .expect("the folder is writable");
    bytes
}

/// Words that come as often as words of a language do: few often, most seldom.
struct Words {
    state: u64,
    known: Vec<String>,
}

impl Words {
    fn new() -> Self {
        let roots = "image layer registry digest manifest container bootc stage verify pipeline tutorial build cache \
                     kernel systemd package mirror signature policy push pull mount volume network user shell script \
                     output expect exit retry timeout artifact provenance archive snapshot rollback upgrade deploy";
        let endings = ["", "s", "ing", "ed", "er", "able"];
        let mut words = Self { state: 7, known: Vec::new() };
        for root in roots.split_whitespace() {
            words.known.extend(endings.map(|ending| format!("{root}{ending}")));
        }
        while words.known.len() < 4_000 {
            let syllables = 2 + words.next(3);
            let syllable = |words: &mut Self| {
                let (consonants, vowels) = ("bcdfghklmnprstvz", "aeiou");
                let letter = |letters: &str, at: usize| letters.as_bytes()[at] as char;
                let (one, other) = (words.next(consonants.len()), words.next(vowels.len()));
                format!("{}{}", letter(consonants, one), letter(vowels, other))
            };
            let word = (0..syllables).map(|_| syllable(&mut words)).collect();
            words.known.push(word);
        }
        words
    }

    /// Returns a number below a limit. xorshift64*: see Vigna, "An experimental exploration".
    fn next(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        ((self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % limit
    }

    fn word(&mut self) -> String {
        // The exponential of a uniform number: word number n comes about 1/n as often as the first.
        let uniform = self.next(1 << 20) as f64 / f64::from(1 << 20);
        let at = (self.known.len() as f64).powf(uniform) as usize - 1;
        self.known[at].clone()
    }

    fn title(&mut self, count: usize) -> String {
        let capital = |word: String| word[..1].to_uppercase() + &word[1..];
        (0..count).map(|_| capital(self.word())).collect::<Vec<_>>().join(" ")
    }

    fn sentence(&mut self) -> String {
        const SMALL: &[&str] =
            &["the", "a", "of", "to", "and", "in", "is", "for", "with", "on", "that", "this"];
        let mut text = self.title(1);
        for _ in 0..8 + self.next(12) {
            if self.next(100) < 45 {
                let _ = write!(text, " {}", SMALL[self.next(SMALL.len())]);
            }
            let _ = write!(text, " {}", self.word());
        }
        if self.next(10) < 3 {
            let _ = write!(text, " `{}`", self.word());
        }
        text + "."
    }

    fn paragraph(&mut self, sentences: usize) -> String {
        (0..sentences).map(|_| self.sentence()).collect::<Vec<_>>().join(" ")
    }

    /// Returns a page: six sections, five code blocks, a table, an alert, a list and three links.
    fn page(&mut self, title: &str, mut link: impl FnMut(&mut Self) -> (String, String)) -> String {
        let mut text = format!("# {title}\n\n{}\n\n", self.paragraph(3));
        for section in 0..6 {
            let _ = write!(text, "## {}\n\n{}\n\n", self.title(3), self.paragraph(4));
            match section {
                1 => {
                    let _ = write!(text, "> [!NOTE]\n> {}\n\n", self.paragraph(2));
                }
                2 => {
                    text.push_str("| step | image | result |\n|---|---|---|\n");
                    for _ in 0..4 {
                        let _ = writeln!(text, "| {} | `{}` | {} |", self.word(), self.word(), self.word());
                    }
                    text.push('\n');
                }
                3 => {
                    for _ in 0..4 {
                        let _ = writeln!(text, "- {}", self.sentence());
                    }
                    text.push('\n');
                }
                _ => {}
            }
            text.push_str(&self.code(section));
            if section % 2 == 1 {
                let (title, path) = link(self);
                let _ = write!(text, "See [{title}]({path}). {}\n\n", self.sentence());
            }
        }
        text
    }

    fn code(&mut self, section: usize) -> String {
        let [a, b, c] = [self.word(), self.word(), self.word()];
        let (language, code) = match section {
            0 => (
                "bash",
                format!(
                    "podman build -t localhost/{a}:1 -f Containerfile .\npodman run --rm localhost/{a} rpm -q {b} >{b}.txt\nset -e; for i in $(seq 1 9); do echo \"{c} $i\"; done\ntest -s {b}.txt && sha256sum {b}.txt"
                ),
            ),
            1 => (
                "dockerfile",
                format!(
                    "FROM quay.io/fedora/fedora-bootc:42\nRUN dnf -y install {a} {b} && dnf clean all\nCOPY {c}.conf /etc/{c}.d/\nLABEL org.example.{a}=\"{b}\"\nCMD [\"/sbin/init\"]"
                ),
            ),
            2 => (
                "rust",
                format!(
                    "fn {a}(x: &str) -> Result<String, Error> {{\n    let {b} = x.split('/').map(|s| s.trim()).collect::<Vec<_>>();\n    println!(\"{c}: {{}}\", x); // {c}\n    Ok(x.to_owned())\n}}"
                ),
            ),
            3 => (
                "yaml",
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {a}\nspec:\n  containers:\n    - name: {b}\n      image: localhost/{c}:latest"
                ),
            ),
            4 => ("json", format!("{{\n  \"{a}\": 1,\n  \"{b}\": [\"{c}\", \"{a}\"],\n  \"ok\": true\n}}")),
            _ => return String::new(),
        };
        format!("```{language}\n{code}\n```\n\n")
    }
}
