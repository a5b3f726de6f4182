//! Two images side by side: what differs, what of it a rule with a name explains, and what is left.
//!
//! Files are compared as a container would see them, whatever layers they come in: the production image is
//! cut anew after it was built, so layers never match one to one. A rule explains a difference and never
//! hides it: each is in the report, with the name of its rule.
//!
//! ```text
//! two images -> layers read -> trees -> differences -> contents read -> facts -> rules -> report
//! ```

mod comparison;
mod databases;
mod documents;
mod layers;
mod lint;
mod made;
mod model;
mod packages;
mod readers;
mod rpmdb;
mod rules;
mod settings;
mod show;
mod trees;

pub use comparison::{Comparing, compare, verdict_line};
pub use model::{
    Change, Comparison, Difference, Fact, Level, LevelReport, Requirement, RuleUse, Side, Verdict,
};
pub use rules::{Rule, RuleError, builtin_rules};
pub use settings::rules_of;
pub use show::{Shown, html, markdown, text};
