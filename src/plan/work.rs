//! What a step does, with its templates rendered and its path checked.

use std::collections::BTreeMap;

use super::interpreters::attribute_place;
use super::model::{Interpreter, PlannedCommand, Work};
use super::template;
use crate::diagnostic::Finding;
use crate::tutorial::{Action, Step, TranscriptCommand, Value};

/// Resolves the work of a step.
pub(super) fn resolve(
    step: &Step,
    interpreter: Option<&Interpreter>,
    parameters: &BTreeMap<String, Value>,
) -> Result<Work, Box<Finding>> {
    let text = match &step.attributes.template {
        Some(template) if !matches!(step.action, Action::Transcript(_)) => {
            template::render(&step.text, template, parameters)?
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
        Action::File(path) => file(step, path, text, parameters)?,
        Action::Transcript(commands) => {
            let commands = commands.iter().map(|command| planned(step, command, parameters));
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
    parameters: &BTreeMap<String, Value>,
) -> Result<PlannedCommand, Box<Finding>> {
    let text = match &step.attributes.template {
        Some(template) => template::render_at(&command.place, &command.command, template, parameters)?,
        None => command.command.clone(),
    };
    let TranscriptCommand { place, exit, expected, .. } = command.clone();
    Ok(PlannedCommand { command: text, place, exit, expected })
}

/// Returns the work of a file step. Where its block is a template its path is one too, so that each variant has its file.
fn file(
    step: &Step,
    path: &str,
    content: String,
    parameters: &BTreeMap<String, Value>,
) -> Result<Work, Box<Finding>> {
    let place = attribute_place(step, "file");
    let path = match &step.attributes.template {
        Some(template) => template::render_at(&place, path, template, parameters)?,
        None => path.to_owned(),
    };
    if let Some(reason) = leaves_workspace(&path) {
        let message = format!("file `{path}` is outside the workspace: {reason}");
        let finding = Finding::error("file-outside-workspace", message).at(place);
        return Err(Box::new(
            finding.help("write a path relative to the workspace, such as `conf/app.toml`"),
        ));
    }
    Ok(Work::File { path, content, append: step.attributes.append, mode: step.attributes.mode })
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
        return None;
    }
    let message = format!("folder `{folder}` is outside the workspace");
    let finding = Finding::error("folder-outside-workspace", message).at(attribute_place(step, "cwd"));
    Some(finding.help("write a path relative to the workspace, or `cd` there in the block"))
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
}
