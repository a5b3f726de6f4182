//! A project in a temporary folder, and the program run in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// After this long the program hangs; far more than any case takes on a loaded machine.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// A folder with tutorials, a home beside it and a folder for temporary files.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// Makes an empty project.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("stagebook-suite-").tempdir();
        let project = Self { folder: folder.expect("a temporary folder can be made") };
        for part in ["project", "home", "tmp"] {
            fs::create_dir(project.outside().join(part)).expect("the temporary folder can be written");
        }
        project
    }

    /// Makes a project with one page.
    pub(crate) fn with_page(text: &str) -> Self {
        let project = Self::new();
        project.write("page.md", text);
        project
    }

    /// Returns the folder around the project.
    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a path in the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.outside().join("project").join(name)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the project can be written");
        fs::write(path, content).expect("the project can be written");
    }

    /// Returns the text of a file of the project.
    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.path(name);
        String::from_utf8_lossy(
            &fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        )
        .into_owned()
    }

    /// Returns the program with arguments, in an environment of this project alone.
    pub(crate) fn stagebook<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_stagebook"));
        command.args(arguments);
        command
    }

    /// Returns any program, in an environment of this project alone; `stagebook` is on its path.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment()).current_dir(self.path(""));
        command
    }

    fn environment(&self) -> BTreeMap<&'static str, String> {
        let folder = |name: &str| self.outside().join(name).to_string_lossy().into_owned();
        let program = Path::new(env!("CARGO_BIN_EXE_stagebook"));
        let beside = program.parent().expect("the program is in a folder").display();
        let path = std::env::var("PATH").unwrap_or_default();
        BTreeMap::from([
            ("PATH", format!("{beside}:{path}")),
            ("HOME", folder("home")),
            ("TMPDIR", folder("tmp")),
            ("LANG", "C.UTF-8".to_owned()),
        ])
    }

    /// Runs the program to its end.
    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
        self.finish(&mut self.stagebook(arguments), "")
    }

    /// Runs a command to its end. Output goes to files: whoever still holds them holds nobody up.
    pub(crate) fn finish(&self, command: &mut Command, stdin: &str) -> Ended {
        let (stdout, stderr) = (self.outside().join("stdout"), self.outside().join("stderr"));
        command.stdin(Stdio::piped()).stdout(create(&stdout)).stderr(create(&stderr));
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // A program that does not read is no mistake.
        let _ = child.stdin.take().expect("standard input is a pipe").write_all(stdin.as_bytes());
        let status = wait(&mut child);
        let text = |path| String::from_utf8_lossy(&fs::read(path).expect("it was just written")).into_owned();
        Ended { status, stdout: text(stdout), stderr: text(stderr) }
    }
}

/// Waits for the end of a command; one that hangs is killed, and the test fails.
#[track_caller]
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let end = until("the command ends", || child.try_wait().transpose());
    end.unwrap_or_else(|error: io::Error| panic!("the command cannot be watched: {error}"))
}

/// Asks again until there is an answer.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < HANGS_AFTER, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says that something was not checked, and why. Past the test harness, which hides what a passing test prints.
pub(crate) fn skipped(what: &str, why: &str) {
    // Who cannot be told is told nothing else either.
    let _ = writeln!(io::stderr(), "skipped {what}: {why}");
}

/// Returns whether a program is there.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn create(path: &Path) -> File {
    File::create(path).expect("the temporary folder can be written")
}
