//! What a step does, with its templates rendered and its path checked.

use super::interpreters::attribute_place;
use super::matrix::{self, Variant};
use super::model::{Interpreter, PlannedCommand, PlannedFile, Work};
use super::template::Renderer;
use crate::diagnostic::Finding;
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
    Ok(path)
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
