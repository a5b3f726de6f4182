//! `stagebook image inspect`

use std::fmt::Write as _;

use clap::Args;

use super::Format;
use super::access::{Reach, ReachArguments};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::diagnostic::{plural, size};
use crate::image::inspect::{ContentInspection, Inspection, PlatformInspection, inspect as look};
use crate::image::visible;

/// Show what an image is: digest, platforms, layers, config; with --content also what is in it
#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// An OCI layout or archive, `containers-storage:NAME`, or a name in a registry
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Open the layers: show the system, its kernels and what it starts, and count packages
    #[arg(long)]
    content: bool,
    /// List the packages, which opens the layers
    #[arg(long)]
    packages: bool,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    reach: ReachArguments,
}

/// Prints what an image is.
pub(super) fn inspect(arguments: &InspectArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let reach = Reach::new(&arguments.reach)?;
    let image = reach.open(&arguments.image)?;
    let images = match reach.platform() {
        Some(_) => vec![reach.one(&image)?],
        None => image.images()?,
    };
    let is_opened = arguments.content || arguments.packages;
    let inspection = look(&image, &images, is_opened.then_some(&reach.reading))?;
    printer.data(&match arguments.format {
        Format::Text => text(&inspection, arguments.packages),
        Format::Json => {
            format!("{}\n", serde_json::to_string_pretty(&inspection).expect("an inspection is JSON"))
        }
    })?;
    Ok(ExitStatus::Passed)
}

fn text(inspection: &Inspection, packages: bool) -> String {
    let mut out = format!("{}\n", visible(&inspection.reference));
    field(&mut out, "digest", &inspection.digest);
    field(&mut out, "media type", &inspection.media_type);
    for referrer in &inspection.referrers {
        let what = referrer.artifact_type.as_deref().unwrap_or("unknown");
        field(&mut out, "referrer", &format!("{} {what}", referrer.digest));
    }
    let has_index = inspection.images.iter().any(|image| image.digest != inspection.digest);
    for image in &inspection.images {
        platform(&mut out, image, has_index, packages);
    }
    out
}

fn platform(out: &mut String, image: &PlatformInspection, has_index: bool, packages: bool) {
    if has_index {
        out.push('\n');
    }
    field(out, "platform", &image.platform);
    if has_index {
        field(out, "manifest", &image.digest);
    }
    field(out, "size", &format!("{} in {}", size(image.size), plural(image.layers.len(), "layer")));
    if let Some(created) = &image.created {
        field(out, "created", created);
    }
    for name in ["Entrypoint", "Cmd", "Env", "User", "WorkingDir", "ExposedPorts", "Volumes", "StopSignal"] {
        if let Some(value) = image.config.get(name).filter(|value| !value.is_null()) {
            field(out, &name.to_lowercase(), &plain(value));
        }
    }
    section(out, "labels", &image.labels);
    section(out, "annotations", &image.annotations);
    out.push_str("\n  layers\n");
    for (number, layer) in image.layers.iter().enumerate() {
        let command = layer.created_by.as_deref().map(shortened).unwrap_or_default();
        let line = format!("{:>5}  {:>9}  {}  {command}", number + 1, size(layer.size), short(&layer.digest));
        let _ = writeln!(out, "{}", visible(line.trim_end()));
    }
    if let Some(content) = &image.content {
        self::content(out, content, packages);
    }
}

fn content(out: &mut String, content: &ContentInspection, packages: bool) {
    out.push_str("\n  content\n");
    let system = &content.system;
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "    {name:<10} {}", visible(value));
    };
    line("names", &format!("{}, {} unpacked", content.names, size(content.unpacked)));
    if let Some(release) = &system.os_release {
        line("system", release.pretty_name());
    }
    for kernel in &system.kernels.modules {
        let parts = [(kernel.has_image, "vmlinuz"), (kernel.has_initramfs, "initramfs.img")];
        let parts: Vec<&str> = parts.into_iter().filter(|(has, _)| *has).map(|(_, part)| part).collect();
        let parts = if parts.is_empty() { "modules alone".to_owned() } else { parts.join(" and ") };
        line("kernel", &format!("{} ({parts})", kernel.version));
    }
    for unified in &system.kernels.unified {
        line("kernel", unified);
    }
    if let Some(init) = &system.init {
        let version = init.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        line("init", &format!("{}{version} ({})", init.name, init.target));
    }
    line("packages", &content.packages.len().to_string());
    for note in &content.notes {
        line("note", note);
    }
    if packages {
        out.push_str("\n  packages\n");
        for package in &content.packages {
            let _ = writeln!(out, "    {}", visible(&package.package));
        }
    }
}

fn field(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "  {name:<12} {}", visible(value));
}

fn section(out: &mut String, name: &str, values: &std::collections::BTreeMap<String, String>) {
    if values.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n  {name}");
    for (key, value) in values {
        let _ = writeln!(out, "    {}", visible(&format!("{key}={value}")));
    }
}

/// Shows lists of texts as one would type them.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        serde_json::Value::Object(map) => map.keys().cloned().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn short(digest: &str) -> &str {
    let end = digest.find(':').map_or(0, |colon| colon + 1) + 12;
    digest.get(..end).unwrap_or(digest)
}

fn shortened(command: &str) -> String {
    const MOST: usize = 100;
    let one_line = command.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}
