//! Settings, and the environment that the program was started in.
//!
//! `stagebook.toml` at the project's root is read in one place ([`Settings::load`]) and laid
//! over [`DEFAULT_SETTINGS`], the commented file that is also the reference page. Reading
//! does not stop at the first mistake: each becomes a finding with its place, and what was
//! understood is kept. The environment is read once, as an [`Environment`]; no other room
//! looks at variables of the process.

mod environment;
mod error;
mod load;
mod logins;
mod quantity;
mod read;
mod settings;

pub use environment::{Ci, Environment, FIXED_ENVIRONMENT, Proxies, parameter_variable};
pub use error::{ConfigError, QuantityError};
pub use load::{SETTINGS_FILE, find_root};
pub use logins::AuthFile;
pub use quantity::{is_expiry, parse_duration, parse_size};
pub use read::DEFAULT_SETTINGS;
pub use settings::{
    BundleSettings, CheckSettings, ComponentSettings, ExplanationSettings, KonfluxSettings, LinkSettings,
    ParityRequirement, ParitySettings, PrefetchSettings, ProductionSettings, ReleaseSettings, RunSettings,
    Settings, StagingSettings, StreamSettings, TenantSettings, TestSettings,
};
