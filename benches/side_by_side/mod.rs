//! Commands measured side by side, for the benches of commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the contenders in turns, so that what else the machine does meets all of them alike. Each must end with one
/// of the exit statuses in `ends`; names are shown in so many columns.
pub(crate) fn compare(rounds: usize, width: usize, ends: &[i32], contenders: &mut [(&str, Command)]) {
    let mut times = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for ((_, contender), times) in contenders.iter_mut().zip(&mut times) {
            let began = Instant::now();
            run(contender, ends);
            times.push(began.elapsed());
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    for ((name, _), time) in contenders.iter().zip(&medians) {
        let ratio = medians[0].as_secs_f64() / time.as_secs_f64();
        println!("  {name:<width$}{:>10}  stagebook takes {ratio:.2} times that", milliseconds(*time));
    }
    println!();
}

/// Runs a command, which must end with one of some exit statuses.
pub(crate) fn run(command: &mut Command, ends: &[i32]) {
    let status = command.status().expect("the program starts");
    assert!(status.code().is_some_and(|code| ends.contains(&code)), "{command:?} ended with {status}");
}

/// Returns how much memory a command had at most, in KiB, if the system says it.
pub(crate) fn peak(command: &mut Command) -> Option<u64> {
    let mut child = command.spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().expect("it is our child").is_none() {
        // VmHWM is the peak since the start, so the last look sees it all.
        peak = high_water(&status).or(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

fn high_water(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Returns a command that reads and prints nothing.
pub(crate) fn command(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
