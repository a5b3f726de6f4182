//! The images that a run built: what they are, what is in them, and how they compare with those of production.

use std::fmt::Write as _;

use crate::diagnostic::{plural, size};
use crate::event::{ImageFound, Parity, ParityOutcome, ParityReport, PromisedImage};
use crate::image::compare::{LevelReport, Verdict};
use crate::image::{ContentSummary, ImageSummary, LayerBrief, PackageSummary, PlatformSummary};

use super::ansi::ansi_html;
use super::escape::escaped;
use super::evidence::Evidence;
use super::head::moment;
use super::shape::Shown;

/// How many packages of an image a page lists; the record has the others.
const MOST_LISTED: usize = 500;

/// How an image compares with that of production, as a page shows it; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ParityShown {
    /// Something differs that no rule explains.
    Different,
    /// They were not compared.
    NotCompared,
    /// Rules explain all that differs.
    Explained,
    /// Nothing differs.
    Identical,
}

impl ParityShown {
    fn of(parity: &Parity) -> Self {
        match &parity.outcome {
            ParityOutcome::Compared(report) => Self::of_verdict(report.verdict),
            ParityOutcome::NotCompared { .. } => Self::NotCompared,
        }
    }

    fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Identical => Self::Identical,
            Verdict::Explained => Self::Explained,
            Verdict::Different => Self::Different,
        }
    }

    /// Returns the worst among images; `None` where none was to be compared.
    pub(super) fn worst<'a>(images: impl IntoIterator<Item = &'a PromisedImage>) -> Option<Self> {
        images.into_iter().filter_map(|image| image.parity.as_ref()).map(Self::of).min()
    }

    /// Returns the worst among the images of all variants.
    pub(super) fn of_page(evidence: &Evidence) -> Option<Self> {
        let runs = evidence.variants.iter().filter_map(|variant| variant.record.as_ref());
        Self::worst(runs.flat_map(|run| &run.result.images))
    }

    /// Returns the word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Different => "different",
            Self::NotCompared => "not compared",
            Self::Explained => "explained",
            Self::Identical => "identical",
        }
    }

    /// Returns the state whose colour and shape it has.
    pub(super) fn state(self) -> Shown {
        match self {
            Self::Different => Shown::Failed,
            Self::NotCompared => Shown::Skipped,
            Self::Explained => Shown::Ran,
            Self::Identical => Shown::Verified,
        }
    }

    /// Returns shape and word as a badge.
    pub(super) fn badge(self) -> String {
        let state = self.state();
        format!("<span class=\"state {}\">{}{}</span>", state.class(), self.icon(), self.word())
    }

    /// Returns the shape: what is explained passes, so it has that of what is identical in another colour.
    fn icon(self) -> String {
        let drawing = if self == Self::Explained { Shown::Verified } else { self.state() }.drawing();
        let class = self.state().class();
        format!("<svg class=\"shape {class}\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">{drawing}</svg>")
    }
}

/// Returns the images of a run; nothing where its page promises none. `reports` are the links to the whole
/// reports of their comparisons.
pub(super) fn images(images: &[PromisedImage], reports: &[Option<String>]) -> String {
    let mut html = String::new();
    for (number, image) in images.iter().enumerate() {
        let report = reports.get(number).and_then(Option::as_deref);
        html.push_str(&self::image(image, report));
    }
    html
}

fn image(image: &PromisedImage, report: Option<&str>) -> String {
    let name = ansi_html(&image.name);
    let mut html = format!(
        "<div class=\"image\" role=\"group\" aria-label=\"Image {}\"><p class=\"strip\"><b>{name}</b><code>{}</code></p>",
        escaped(&image.name),
        ansi_html(&image.reference)
    );
    match &image.found {
        ImageFound::Image(found) => html.push_str(&known(found)),
        ImageFound::Nothing { reason } => {
            let _ = write!(html, "<p>Not built: {}</p>", ansi_html(reason));
        }
        ImageFound::Unread { reason } => {
            let _ = write!(html, "<p>Not looked at: {}</p>", ansi_html(reason));
        }
    }
    html.extend(image.parity.as_ref().map(|parity| compared(parity, report)));
    if let ImageFound::Image(found) = &image.found {
        html.push_str(&folded(found));
    }
    html.push_str("</div>");
    html
}

/// Returns what is known of an image at a glance.
fn known(found: &ImageSummary) -> String {
    let mut facts = vec![("Digest", digest(&found.digest)), ("Size", size(found.size))];
    facts.push(("Platform", ansi_html(&found.platforms.join(", "))));
    if let Some(only) = found.only() {
        facts.extend(only.created.as_deref().map(|created| ("Created", self::created(created))));
        facts.push(("Layers", only.layers.len().to_string()));
        facts.extend(only.content.iter().flat_map(contained));
        if !only.boot.is_empty() {
            facts.push(("Boots by", ansi_html(&only.boot.join(", "))));
        }
    }
    let facts = facts.iter().filter(|(_, value)| !value.is_empty());
    let items: String =
        facts.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>")).collect();
    let unread = found.images.iter().find_map(|image| image.unread.as_ref());
    let unread = unread.map(|reason| format!("<p>Not looked into: {}</p>", ansi_html(reason)));
    format!("<dl class=\"facts\">{items}</dl>{}", unread.unwrap_or_default())
}

/// Returns when an image was made; what is no moment stands as it is.
fn created(text: &str) -> String {
    text.parse().map_or_else(|_| ansi_html(text), moment)
}

fn contained(content: &ContentSummary) -> Vec<(&'static str, String)> {
    let counts: Vec<String> =
        content.packages.iter().map(|of| format!("{} {}", of.count, ansi_html(&of.manager))).collect();
    vec![
        ("System", ansi_html(content.system.as_deref().unwrap_or_default())),
        ("Packages", counts.join(", ")),
        ("Unpacked", format!("{} in {}", size(content.unpacked), plural(content.names, "name"))),
        ("Kernel", ansi_html(&content.kernels.join(", "))),
        ("Starts", ansi_html(content.init.as_deref().unwrap_or_default())),
    ]
}

/// Returns a digest that is cut where it is shown, and whole where it is copied.
fn digest(digest: &str) -> String {
    let digest = escaped(digest);
    format!("<code class=\"digest\" title=\"{digest}\">{digest}</code>")
}

/// Returns how an image compares with that of production.
fn compared(parity: &Parity, report: Option<&str>) -> String {
    let shown = ParityShown::of(parity);
    let what = match &parity.outcome {
        // The word before the colon is the badge's.
        ParityOutcome::Compared(report) => {
            report.summary.split_once(": ").map_or(report.summary.as_str(), |(_, rest)| rest)
        }
        ParityOutcome::NotCompared { reason } => reason,
    };
    let link = report.map(|report| format!("<a href=\"{}\">Whole report</a>", escaped(report)));
    let mut html = format!(
        "<p class=\"strip\">{}<span class=\"what\">Parity with <code>{}</code>: {}</span>{}</p>",
        shown.badge(),
        ansi_html(&parity.reference),
        ansi_html(what),
        link.unwrap_or_default(),
    );
    if let ParityOutcome::Compared(report) = &parity.outcome
        && report.verdict != Verdict::Identical
    {
        html.push_str(&levels(report));
    }
    html
}

fn levels(report: &ParityReport) -> String {
    let item = |level: &LevelReport| {
        let shown = ParityShown::of_verdict(level.verdict);
        let mut counts = Vec::new();
        counts.extend((level.different > 0).then(|| format!("{} not explained", level.different)));
        counts.extend((level.explained > 0).then(|| format!("{} explained", level.explained)));
        counts.extend(level.note.as_deref().map(ansi_html));
        format!(
            "<div class=\"{}\"><dt>{}</dt><dd>{}{}<small>{}</small></dd></div>",
            shown.state().class(),
            level.level,
            shown.icon(),
            shown.word(),
            counts.join(", ")
        )
    };
    let items: String = report.levels.iter().map(item).collect();
    format!("<dl class=\"levels\">{items}</dl>")
}

/// Returns what only few want to know, folded away.
fn folded(found: &ImageSummary) -> String {
    let Some(only) = found.only() else { return platforms(&found.images) };
    let mut html = layers(&only.layers);
    let Some(content) = &only.content else { return html };
    html.extend(content.packages.iter().map(packages));
    if !content.notes.is_empty() {
        let items: String =
            content.notes.iter().map(|note| format!("<li>{}</li>", ansi_html(note))).collect();
        let count = plural(content.notes.len(), "note");
        let _ = write!(html, "<details><summary>{count}</summary><ul>{items}</ul></details>");
    }
    html
}

fn platforms(images: &[PlatformSummary]) -> String {
    if images.is_empty() {
        return String::new();
    }
    let row = |image: &PlatformSummary| {
        let content = image.content.as_ref();
        let system = content.and_then(|content| content.system.as_deref()).unwrap_or_default();
        let packages: Vec<String> =
            content.iter().flat_map(|content| &content.packages).map(PackageSummary::in_words).collect();
        format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ansi_html(&image.platform),
            digest(&image.digest),
            ansi_html(system),
            ansi_html(&packages.join(", "))
        )
    };
    let rows: String = images.iter().map(row).collect();
    table(
        "Platforms",
        &plural(images.len(), "platform"),
        &["Platform", "Digest", "System", "Packages"],
        &rows,
    )
}

fn layers(layers: &[LayerBrief]) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let row = |(number, layer): (usize, &LayerBrief)| {
        let command = layer.command.as_deref().unwrap_or_default();
        format!(
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            number + 1,
            size(layer.size),
            ansi_html(command),
            digest(&layer.digest)
        )
    };
    let rows: String = layers.iter().enumerate().map(row).collect();
    table("Layers", &plural(layers.len(), "layer"), &["Layer", "Size", "Made by", "Digest"], &rows)
}

/// Returns a table that is folded away, below a summary.
fn table(name: &str, summary: &str, columns: &[&str], rows: &str) -> String {
    let head: String = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
    format!(
        "<details><summary>{summary}</summary><div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"{name}\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )
}

fn packages(manager: &PackageSummary) -> String {
    let shown = &manager.packages[..manager.packages.len().min(MOST_LISTED)];
    let mut items: String = shown.iter().map(|package| format!("<li>{}</li>", ansi_html(package))).collect();
    if manager.count > shown.len() {
        let _ = write!(items, "<li>… and {} more, in the record</li>", manager.count - shown.len());
    }
    let summary = ansi_html(&manager.in_words());
    format!(
        "<details><summary>{summary}</summary><ul class=\"packages\" tabindex=\"0\" aria-label=\"Packages\">{items}</ul></details>"
    )
}
