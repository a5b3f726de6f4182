//! What a step does, with its templates rendered and its path checked.

use super::interpreters::attribute_place;
use super::matrix::{self, Variant};
use super::model::{Interpreter, PlannedCommand, PlannedFile, Work};
use super::template::Renderer;
use crate::diagnostic::{Finding, Place};
use crate::tutorial::{Action, Step, TranscriptCommand};

/// Resolves the work of a step.
pub(super) fn resolve(
    step: &Step,
    interpreter: Option<&Interpreter>,
    renderer: &Renderer<'_>,
) -> Result<Work, Box<Finding>> {
    let text = match &step.attributes.template {
        Some(template) if !matches!(step.action, Action::Transcript(_)) => {
            renderer.block(&step.text, template)?
        }
        _ => step.text.content.clone(),
    };
    // Without an interpreter there is a finding already, and no plan comes of it.
    let interpreter = interpreter.cloned().unwrap_or_else(|| Interpreter {
        language: step.language.clone(),
        command: Vec::new(),
        kind: super::InterpreterKind::Program,
    });
    Ok(match &step.action {
        Action::File(path) => {
            let path = self::path(step, path, renderer)?;
            Work::File { path, content: text, append: step.attributes.append, mode: step.attributes.mode }
        }
        Action::Transcript(commands) => {
            let commands = commands.iter().map(|command| planned(step, command, renderer));
            Work::Transcript { commands: commands.collect::<Result<_, _>>()?, interpreter }
        }
        Action::Command if step.attributes.background => {
            Work::Service { text, interpreter, ready: step.attributes.ready.clone() }
        }
        Action::Command => Work::Command { text, interpreter },
    })
}

fn planned(
    step: &Step,
    command: &TranscriptCommand,
    renderer: &Renderer<'_>,
) -> Result<PlannedCommand, Box<Finding>> {
    let text = match &step.attributes.template {
        Some(template) => renderer.at(&command.place, &command.command, template)?,
        None => command.command.clone(),
    };
    let TranscriptCommand { place, exit, expected, .. } = command.clone();
    Ok(PlannedCommand { command: text, place, exit, expected })
}

/// Returns whether a step of a page that runs once writes the files of all variants.
pub(super) fn writes_all_variants(step: &Step) -> bool {
    let attributes = &step.attributes;
    matches!(step.action, Action::File(_)) && attributes.generate.is_some() && attributes.template.is_some()
}

/// Returns the file of a step for one variant; none where its condition is false.
pub(super) fn of_variant(
    step: &Step,
    variant: &Variant,
    renderer: &Renderer<'_>,
) -> Result<Option<PlannedFile>, Box<Finding>> {
    let (Action::File(path), Some(template)) = (&step.action, &step.attributes.template) else {
        return Ok(None);
    };
    if let Some(when) = &step.attributes.when
        && !renderer.holds(when, &attribute_place(step, "when"))?
    {
        return Ok(None);
    }
    Ok(Some(PlannedFile {
        variant: matrix::name(variant).unwrap_or_default(),
        path: self::path(step, path, renderer)?,
        content: renderer.block(&step.text, template)?,
        parameters: renderer.parameters().clone(),
    }))
}

/// Returns the path of a file step. Where its block is a template its path is one too, so that each variant has its file.
fn path(step: &Step, path: &str, renderer: &Renderer<'_>) -> Result<String, Box<Finding>> {
    let place = attribute_place(step, "file");
    let path = match &step.attributes.template {
        Some(template) => renderer.at(&place, path, template)?,
        None => path.to_owned(),
    };
    if let Some(reason) = leaves_workspace(&path) {
        let message = format!("file `{path}` is outside the workspace: {reason}");
        let finding = Finding::error("file-outside-workspace", message).at(place);
        return Err(Box::new(
            finding.help("write a path relative to the workspace, such as `conf/app.toml`"),
        ));
    }
    windows_path("file", &path, place).map_or(Ok(path), |finding| Err(Box::new(finding)))
}

/// Returns the finding about a working folder outside of the workspace, judged by its text alone.
pub(super) fn folder_outside(step: &Step) -> Option<Finding> {
    let folder = step.attributes.cwd.as_deref()?;
    let mut depth = 0_i32;
    let climbs = folder.split('/').any(|part| {
        depth += match part {
            ".." => -1,
            "" | "." => 0,
            _ => 1,
        };
        depth < 0
    });
    if !climbs && !folder.starts_with('/') && folder != "~" && !folder.starts_with("~/") {
        return windows_path("folder", folder, attribute_place(step, "cwd"));
    }
    let message = format!("folder `{folder}` is outside the workspace");
    let finding = Finding::error("folder-outside-workspace", message).at(attribute_place(step, "cwd"));
    Some(finding.help("write a path relative to the workspace, or `cd` there in the block"))
}

/// Returns the finding about a path as Windows writes it, which is one strange name elsewhere.
///
/// `\x2d` and the like stand in names of systemd's units, and are left alone.
fn windows_path(what: &str, path: &str, place: Place) -> Option<Finding> {
    let is_escape = |rest: &str| {
        rest.strip_prefix('x')
            .and_then(|rest| rest.get(..2))
            .is_some_and(|hex| u8::from_str_radix(hex, 16).is_ok())
    };
    let is_separator = path.match_indices('\\').any(|(at, _)| !is_escape(&path[at + 1..]));
    let bytes = path.as_bytes();
    let has_drive = bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.get(1) == Some(&b':')
        && matches!(bytes.get(2), None | Some(b'/' | b'\\'));
    if !is_separator && !has_drive {
        return None;
    }
    let parts = if has_drive { &path[2..] } else { path }.split(['/', '\\']);
    let plain = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let help = match plain.as_str() {
        "" => "write a path relative to the workspace, such as `conf/app.toml`".to_owned(),
        plain => format!("write `{plain}`"),
    };
    let message = format!("{what} `{path}` is written as on Windows");
    Some(Finding::error("windows-path", message).at(place).help(help))
}

/// Returns why a path is no path of a file inside the workspace, judged by its text alone.
fn leaves_workspace(path: &str) -> Option<&'static str> {
    let last = path.rsplit('/').next().unwrap_or_default();
    if path.starts_with('/') {
        Some("it is absolute")
    } else if path == "~" || path.starts_with("~/") {
        Some("it starts in the home folder")
    } else if path.split('/').any(|part| part == "..") {
        Some("it goes up by `..`")
    } else if last.is_empty() || last == "." || path.contains('\0') {
        Some("it names no file")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_workspace() {
        for path in ["a", "a/b.yaml", "./a", "a/./b", "..a", "a..", "~a", "a~/b", ".tekton/x.yaml"] {
            assert_eq!(leaves_workspace(path), None, "{path}");
        }
        for path in ["/etc/passwd", "../a", "a/../b", "a/..", "..", "~", "~/a", "", ".", "a/", "a/.", "a\0b"]
        {
            assert!(leaves_workspace(path).is_some(), "{path}");
        }
    }

    #[test]
    fn paths_of_windows_are_said_with_what_to_write() {
        let place = || Place::new(&crate::diagnostic::Source::new("a.md", "x"), 0..1);
        let help = |path: &str| windows_path("file", path, place()).and_then(|finding| finding.help);
        for (path, expected) in [
            ("conf\\app.toml", "write `conf/app.toml`"),
            ("C:\\conf\\a", "write `conf/a`"),
            ("c:/a", "write `a`"),
            ("C:", "write a path relative to the workspace, such as `conf/app.toml`"),
            ("a\\xyz", "write `a/xyz`"),
        ] {
            assert_eq!(help(path).as_deref(), Some(expected), "{path}");
        }
        for path in ["conf/app.toml", "a:b", "C:a", "units/dev-disk\\x2dlabel.swap"] {
            assert_eq!(help(path), None, "{path}");
        }
    }
}
