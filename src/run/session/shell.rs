//! A shell, and the pipes through which it is talked to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;

use super::driver;
use super::request::{Request, shell_string};
use crate::plan::{Interpreter, InterpreterKind};
use crate::run::pipe::{OutputPipe, open_replies, open_requests};
use crate::run::process::ProcessId;
use crate::run::spawn::{Children, Spawned};

/// How long the exit status of a shell that was killed may take.
const MOMENT: Duration = Duration::from_secs(1);

/// Pipes for requests and for replies.
const REQUESTS: &str = "in";
const REPLIES: &str = "reply";

/// The pipes that the folder of nearly every session has: those two, and the output of its first steps.
pub(crate) const PIPES: [&str; 3] = [REQUESTS, REPLIES, "out1"];

/// Returns the folder of a session, counted from 0, among the control pipes of a plan.
pub(crate) fn folder(control: &Path, number: usize) -> PathBuf {
    control.join(format!("session-{number}"))
}

/// A shell, or the place for one that has not been started or has ended.
#[derive(Debug)]
pub(crate) struct Session {
    interpreter: Interpreter,
    /// Holds the pipes, the texts of the steps and the saved state.
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    workspace: PathBuf,
    requests: File,
    replies: Receiver,
    reply: Vec<u8>,
    /// A text so far may have set a trap, in a step or in a function for later.
    traps: bool,
    /// A text so far may have made `command` a function.
    commands: bool,
    shell: Option<Spawned>,
    /// The last step ended its shell before the variables of that step alone were taken back.
    unfinished: Option<usize>,
    /// Counts texts, so that each has a file of its own.
    texts: usize,
    outputs: usize,
    idle: Option<Streams>,
    children: Rc<Children>,
}

/// The pipes of a step's output.
#[derive(Debug)]
pub(crate) struct Streams {
    number: usize,
    /// Standard output, with standard error in it unless that is apart.
    pub(crate) output: OutputPipe,
    /// Standard error, where it is kept apart.
    pub(crate) error: Option<OutputPipe>,
}

impl Streams {
    /// Takes the pipes of a program that runs outside of a session.
    pub(crate) fn for_program(output: OutputPipe, error: Option<OutputPipe>) -> Self {
        Self { number: 0, output, error }
    }

    /// Drops our own writing ends, so that the streams end when everybody else's are closed.
    pub(crate) fn release(&mut self) {
        self.output.release();
        self.error.iter_mut().for_each(OutputPipe::release);
    }
}

/// What a shell answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The exit status of the step.
    pub(crate) status: i32,
    /// For a service, its process.
    pub(crate) service: Option<i32>,
}

/// How waiting for a shell came to its end.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The shell answered and waits for the next request.
    Replied(Reply),
    /// The shell itself ended.
    Exited(ExitStatus),
}

impl Session {
    /// Makes the place for a shell. The shell itself starts with its first step.
    pub(crate) fn new(
        interpreter: Interpreter,
        folder: PathBuf,
        workspace: &Path,
        environment: BTreeMap<String, String>,
        children: Rc<Children>,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            requests: open_requests(&folder.join(REQUESTS))?,
            replies: open_replies(&folder.join(REPLIES))?,
            interpreter,
            workspace: workspace.to_path_buf(),
            folder,
            environment,
            reply: Vec::new(),
            traps: false,
            commands: false,
            shell: None,
            unfinished: None,
            texts: 0,
            outputs: 0,
            idle: None,
            children,
        })
    }

    /// Returns the shell's process, while there is one.
    pub(crate) fn process(&self) -> Option<ProcessId> {
        self.shell.as_ref().and_then(Spawned::process)
    }

    /// Returns the pipes for a step: those of the step before if nobody holds them.
    pub(crate) fn streams(&mut self, apart: bool) -> io::Result<Streams> {
        if let Some(mut streams) = self.idle.take_if(|idle| idle.error.is_some() == apart) {
            streams.output.reopen()?;
            if let Some(error) = &mut streams.error {
                error.reopen()?;
            }
            return Ok(streams);
        }
        self.outputs += 1;
        let number = self.outputs;
        let open = |name: &str| OutputPipe::open(self.folder.join(format!("{name}{number}")));
        Ok(Streams { number, output: open("out")?, error: apart.then(|| open("err")).transpose()? })
    }

    /// Takes back pipes whose streams came to their end.
    pub(crate) fn recycle(&mut self, streams: Streams) {
        self.idle = Some(streams);
    }

    /// Returns the file in which a service's shell notes its exit status.
    pub(crate) fn end_file(&self, streams: &Streams) -> PathBuf {
        self.folder.join(format!("end{}", streams.number))
    }

    /// Starts the shell, if it is not there, before there is a text for it.
    pub(crate) fn warm(&mut self) -> io::Result<()> {
        if self.shell.is_none() { self.start() } else { Ok(()) }
    }

    /// Hands a text to the shell, which is started if it is not there.
    pub(crate) fn begin(&mut self, request: &Request<'_>, streams: &Streams) -> io::Result<()> {
        self.texts += 1;
        let number = self.texts;
        let file = |name: &str| self.folder.join(format!("{name}{number}"));
        if let Some(extras) = request.extras {
            std::fs::write(file("before"), extras.before(self.interpreter.kind, &self.workspace))?;
            std::fs::write(file("after"), extras.after(self.interpreter.kind))?;
        }
        // A shell may end between two steps: a trap, a signal, a limit of its own.
        if self.shell.as_mut().is_some_and(Spawned::has_ended) {
            self.forget_shell();
        }
        if self.shell.is_none() {
            self.start()?;
        }
        self.unfinished = request.extras.map(|_| number);
        self.traps |= request.may_set_trap();
        self.commands |= request.may_define_command();
        let mut flags = request.flags();
        flags.extend(self.traps.then_some('t'));
        self.ask(&flags, streams.number, Some(request.text))
    }

    /// Writes a request into the pipe: the letters that the drivers know, and the number of the step's pipes.
    ///
    /// Bash reads fields that end with NUL. A short text is one of them, which spares a file; a longer one would
    /// cost more there, as a pipe is read byte by byte, and one with a NUL in it cannot be a field.
    fn ask(&mut self, flags: &str, output: usize, text: Option<&str>) -> io::Result<()> {
        let number = self.texts;
        if self.interpreter.kind != InterpreterKind::Bash {
            text.map(|text| std::fs::write(self.text_file(), text)).transpose()?;
            return self.requests.write_all(format!("{number} {output} {flags}\n").as_bytes());
        }
        let mut flags = flags.to_owned();
        // Only an output of another number, or one that is looked at more closely, is not for the short way.
        flags.extend((output != 1 || self.commands).then_some('c'));
        let text = text.unwrap_or_default();
        let is_short = text.len() <= SHORT_TEXT && !text.contains('\0');
        if !is_short {
            std::fs::write(self.text_file(), text)?;
            flags.push('f');
        }
        let text = if is_short { text } else { "" };
        self.requests.write_all(format!("{flags}\0{number}\0{output}\0{text}\0").as_bytes())
    }

    /// Waits until the shell answers or ends. May be called again after it was given up.
    ///
    /// # Errors
    /// Also when the shell ended before it began with the text: that is no exit status of the text.
    pub(crate) async fn wait(&mut self) -> io::Result<Ending> {
        let shell = self.shell.as_mut().expect("a request was handed to a shell");
        let status = tokio::select! {
            biased;
            reply = next_reply(&self.replies, &mut self.reply, self.texts) => {
                self.unfinished = None;
                return Ok(Ending::Replied(reply?));
            }
            status = shell.wait() => status?,
        };
        // What it said last may be known to the system and not yet to the runtime.
        read_rest(&self.replies, &mut self.reply)?;
        let reply = take_reply(&mut self.reply, self.texts)?;
        self.forget_shell();
        match reply {
            Some(reply) => {
                self.unfinished = None;
                Ok(Ending::Replied(reply))
            }
            None if self.has_begun() => Ok(Ending::Exited(status)),
            None => Err(io::Error::other(self.refusal())),
        }
    }

    /// Returns the file of the last text.
    ///
    /// Files are made as seldom as can be. But an `sh` evaluates a service from its file, which it may not
    /// have opened yet when the next text comes.
    fn text_file(&self) -> PathBuf {
        match self.interpreter.kind {
            InterpreterKind::Sh => self.folder.join(format!("text{}", self.texts)),
            _ => self.folder.join("text"),
        }
    }

    /// Returns whether a shell has begun with the last text: drivers note its number.
    ///
    /// A bash without traps spares itself the note: once it has read the request, nothing but a refusal or
    /// a signal ends it before it evaluates the text, and a signal never passes for success.
    fn has_begun(&self) -> bool {
        if self.interpreter.kind == InterpreterKind::Bash && !self.traps {
            let is_taken = rustix::io::ioctl_fionread(&self.requests).is_ok_and(|unread| unread == 0);
            return is_taken && !self.folder.join(REFUSED).exists();
        }
        let noted = std::fs::read_to_string(self.folder.join("begun")).unwrap_or_default();
        noted.trim_end().parse() == Ok(self.texts)
    }

    /// Returns why a shell ended before it began with the last text.
    fn refusal(&self) -> String {
        let file = self.folder.join(REFUSED);
        let said = std::fs::read_to_string(&file).ok().filter(|said| !said.is_empty());
        // The reason is that of one step alone.
        let _ = std::fs::remove_file(file);
        said.unwrap_or_else(|| "it ended before it began".to_owned())
    }

    /// Takes over the state that the last shell saved when it ended, or before a text that could end it.
    fn take_state(&self) -> io::Result<()> {
        let file = |name: &str, part: &str| self.folder.join(format!("{name}{part}"));
        let whole = |name: &str| std::fs::read(file(name, "")).is_ok_and(|state| state.ends_with(WHOLE));
        if let Some(saved) = ["late", "early"].into_iter().find(|name| whole(name)) {
            for part in PARTS.into_iter().filter(|part| file(saved, part).exists()) {
                std::fs::rename(file(saved, part), file("state", part))?;
            }
        }
        // The next shell may save less than this one did.
        for name in ["late", "early"] {
            let _ = std::fs::remove_file(file(name, ""));
        }
        Ok(())
    }

    /// Ends an idle shell that has nothing to do at its end; returns whether it was one.
    ///
    /// Only a bash is known to have nothing but traps for that.
    pub(crate) fn end_at_once(&mut self) -> bool {
        let has_nothing_to_do = self.interpreter.kind == InterpreterKind::Bash && !self.traps;
        has_nothing_to_do && self.shell.as_mut().is_some_and(Spawned::kill)
    }

    /// Ends an idle shell without any of the traps that its steps set; returns whether there was one.
    pub(crate) fn kill(&mut self) -> bool {
        self.shell.as_mut().is_some_and(Spawned::kill)
    }

    /// Takes over the state that a session of another process left in a folder.
    pub(crate) fn load(&self, folder: &Path) -> io::Result<()> {
        for part in PARTS.into_iter().map(|part| format!("state{part}")) {
            if folder.join(&part).exists() {
                std::fs::copy(folder.join(&part), self.folder.join(&part))?;
            }
        }
        let state = self.folder.join("state");
        if state.exists() {
            // The driver's own folder was another one there.
            let own = format!("__sb_dir={}\n", shell_string(&self.folder.to_string_lossy()));
            File::options().append(true).open(&state)?.write_all(own.as_bytes())?;
        }
        Ok(())
    }

    /// Leaves the state in a folder, for a session of another process. An idle shell has to save it first.
    pub(crate) fn leave(&mut self, folder: &Path) -> io::Result<()> {
        self.take_state()?;
        if let Some(number) = self.unfinished.take() {
            self.finish_state(number)?;
        }
        std::fs::create_dir_all(folder)?;
        for part in PARTS.into_iter().map(|part| format!("state{part}")) {
            if self.folder.join(&part).exists() {
                std::fs::copy(self.folder.join(&part), folder.join(&part))?;
            }
        }
        Ok(())
    }

    /// Asks an idle shell to end, which runs the traps that its steps set.
    pub(crate) fn ask_to_end(&mut self) -> io::Result<()> {
        self.texts += 1;
        self.ask("-q", 0, None)
    }

    /// Takes the exit status of a shell that was ended, and leaves its place to a new one.
    pub(crate) async fn bury(&mut self) {
        if let Some(shell) = &mut self.shell {
            // One that hangs in the kernel is not waited for.
            let _ = tokio::time::timeout(MOMENT, shell.wait()).await;
        }
        self.forget_shell();
    }

    /// Leaves the place to a new shell, which must not find a request that the old one did not live to read.
    fn forget_shell(&mut self) {
        self.shell = None;
        self.reply.clear();
        let mut unread = [0; 256];
        // The pipe never blocks, and we hold its other end too: an error says that it is empty.
        while self.requests.read(&mut unread).is_ok_and(|length| length > 0) {}
    }

    /// Takes the variables of a step alone back from the state that its end saved.
    fn finish_state(&self, number: usize) -> io::Result<()> {
        let state = self.folder.join("state");
        if !state.exists() {
            return Ok(());
        }
        let after = std::fs::read(self.folder.join(format!("after{number}")))?;
        File::options().append(true).open(&state)?.write_all(&after)
    }

    fn start(&mut self) -> io::Result<()> {
        let has_been_there = self.texts > 1;
        if has_been_there {
            self.take_state()?;
        }
        if let Some(number) = self.unfinished.take() {
            self.finish_state(number)?;
        }
        // A step may have removed it; what cleans up must not run somewhere else.
        std::fs::create_dir_all(&self.workspace)?;
        let has_state = self.folder.join("state").exists();
        let mut command = driver::command(&self.interpreter, &self.folder, has_state, &self.environment);
        command.current_dir(&self.workspace);
        self.shell = Some(self.children.spawn(&mut command)?);
        Ok(())
    }
}

/// The longest text that is written into the pipe of a bash, in bytes.
const SHORT_TEXT: usize = 128;

/// File in which a shell says why it does not begin with a text.
const REFUSED: &str = "refused";

/// Parts of a saved state: each in a file of its own, so that a mistake in one costs nothing of the others.
const PARTS: [&str; 3] = [".functions", ".traps", ""];

/// What a shell writes last into its state. Without it the shell was killed meanwhile.
const WHOLE: &[u8] = b"# whole\n";

/// Waits until a line answers this text.
async fn next_reply(replies: &Receiver, unread: &mut Vec<u8>, text: usize) -> io::Result<Reply> {
    let mut buffer = [0; 64];
    loop {
        if let Some(reply) = take_reply(unread, text)? {
            return Ok(reply);
        }
        replies.readable().await?;
        match replies.try_read(&mut buffer) {
            Ok(length) => unread.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads what there is, past the runtime.
fn read_rest(replies: &Receiver, unread: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match rustix::io::read(replies, &mut buffer) {
            Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(()),
            Ok(length) => unread.extend_from_slice(&buffer[..length]),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes whole lines `TEXT STATUS SERVICE` until one answers this text.
///
/// A shell that was killed may have answered a moment before: that answer is for nobody.
fn take_reply(unread: &mut Vec<u8>, text: usize) -> io::Result<Option<Reply>> {
    while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
        let (answers, reply) = parse_reply(&unread.drain(..=end).collect::<Vec<u8>>())?;
        if answers == text {
            return Ok(Some(reply));
        }
    }
    Ok(None)
}

fn parse_reply(line: &[u8]) -> io::Result<(usize, Reply)> {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split_ascii_whitespace().map(|word| word.parse::<usize>().ok());
    match (words.next(), words.next(), words.next()) {
        (Some(Some(number)), Some(Some(status)), Some(Some(service))) => {
            let service = i32::try_from(service).ok().filter(|process| *process != 0);
            Ok((number, Reply { status: i32::try_from(status).unwrap_or(i32::MAX), service }))
        }
        _ => Err(io::Error::other(format!("the shell answered `{}`", text.trim_end()))),
    }
}
