//! `stagebook image lint`

use clap::{Args, ValueEnum};

use super::Format;
use super::access::{Reach, ReachArguments};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::diagnostic::{Finding, nearest, plural};
use crate::image::lint::{self, RULES, RuleSet, Severity};

/// Say what is wrong with an image: the rules of `bootc container lint`, labels, and what a build left behind
#[derive(Debug, Args)]
pub(super) struct LintArguments {
    /// The image: an OCI layout or archive, `containers-storage:NAME`, a name in a registry
    #[arg(value_name = "IMAGE", required_unless_present = "list")]
    image: Option<String>,
    /// Which rules are applied
    #[arg(long, value_name = "RULES", default_value = "auto")]
    rules: Rules,
    /// Leave out what a rule finds; may be given several times
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// Exit with status 1 also for warnings
    #[arg(long)]
    fatal_warnings: bool,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show every path of a finding
    #[arg(long)]
    all: bool,
    /// Show the rules, and look at no image
    #[arg(long, conflicts_with_all = ["image", "allow", "fatal_warnings", "all"])]
    list: bool,
    #[command(flatten)]
    reach: ReachArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rules {
    /// All for an image that looks as if a machine were to boot it, else those that hold for every image
    Auto,
    /// The fourteen of `bootc container lint`
    Bootc,
    /// Those that hold for every image
    General,
    /// All
    All,
}

impl From<Rules> for RuleSet {
    fn from(rules: Rules) -> Self {
        match rules {
            Rules::Auto => Self::Auto,
            Rules::Bootc => Self::Bootc,
            Rules::General => Self::General,
            Rules::All => Self::All,
        }
    }
}

/// Looks at an image, and says what is wrong with it.
pub(super) fn lint(arguments: &LintArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let Some(name) = &arguments.image else {
        printer.data(&list(arguments.format))?;
        return Ok(ExitStatus::Passed);
    };
    printer.findings(&mut unknown_rules(&arguments.allow));
    let reach = Reach::new(&arguments.reach)?;
    let image = reach.open_one(name)?;
    let report = lint::report(&image, &reach.reading, arguments.rules.into(), &arguments.allow)?;
    match arguments.format {
        Format::Text => printer.data(&lint::text(&report, arguments.all))?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&report).expect("a report is JSON");
            printer.data(&format!("{text}\n"))?;
        }
    }
    let (fatal, warnings) = (report.count(Severity::Fatal), report.count(Severity::Warning));
    let failed = if arguments.fatal_warnings { fatal + warnings } else { fatal };
    if failed == 0 {
        return Ok(ExitStatus::Passed);
    }
    let what = if arguments.fatal_warnings { "finding" } else { "fatal finding" };
    printer.failure(&format!("the image has {}", plural(failed, what)));
    Ok(ExitStatus::Failed)
}

fn list(format: Format) -> String {
    match format {
        Format::Text => lint::list(),
        Format::Json => {
            let rules = RULES.iter().map(|rule| {
                serde_json::json!({
                    "id": rule.id,
                    "severity": rule.severity,
                    "origin": rule.origin.name(),
                    "demands": rule.demands,
                    "why": rule.why,
                    "help": rule.help,
                    "reference": rule.reference,
                })
            });
            format!("{:#}\n", serde_json::Value::Array(rules.collect()))
        }
    }
}

/// Warns of names that no rule has: whoever misspelt one still sees what it finds.
fn unknown_rules(allow: &[String]) -> Vec<Finding> {
    let ids = || RULES.iter().map(|rule| rule.id);
    let unknown = allow.iter().filter(|name| !ids().any(|id| id == name.as_str()));
    unknown
        .map(|name| {
            let near = nearest(name, ids()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| "`stagebook image lint --list` shows the rules".to_owned());
            Finding::warning("unknown-rule", format!("`--allow` names `{name}`, which is no rule")).help(help)
        })
        .collect()
}
