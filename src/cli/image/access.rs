//! How images are reached.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::config::{AuthFile, Environment, parse_size};
use crate::image::{
    Access, Image, ImageReference, LayerCache, Limits, Platform, PlatformImage, Reading, RegistryAccess,
};

/// How images are reached and read.
#[derive(Debug, Args)]
pub(super) struct ReachArguments {
    /// Which image of an index is meant: `linux/arm64` [default: the only one, else this machine's]
    #[arg(long, value_name = "PLATFORM", value_parser = Platform::parse)]
    platform: Option<Platform>,
    /// A registry that may speak plain HTTP, or whose certificate nobody vouches for; those on this machine may
    #[arg(long, value_name = "HOST[:PORT]")]
    insecure: Vec<String>,
    #[command(flatten)]
    reading: ReadingArguments,
}

/// How layers are read.
#[derive(Debug, Args)]
pub(super) struct ReadingArguments {
    /// Up to how many bytes a layer is unpacked
    #[arg(long, value_name = "SIZE", default_value = "64GiB", value_parser = size)]
    max_unpacked: u64,
    /// Read every layer anew, and keep nothing of what was found in it
    #[arg(long)]
    no_cache: bool,
}

impl ReadingArguments {
    /// Makes ready to read layers.
    pub(super) fn open(&self, environment: &Environment) -> Result<Reading, CliError> {
        let cache = open_cache(self.no_cache, environment)?;
        Ok(Reading { limits: Limits { unpacked: self.max_unpacked, ..Limits::default() }, cache })
    }
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).map_err(|error| format!("{error}: {}", error.help()))
}

/// What images are opened and read with.
pub(super) struct Reach {
    access: Access,
    platform: Option<Platform>,
    /// How layers are read.
    pub(super) reading: Reading,
}

impl Reach {
    /// Makes ready to read images.
    pub(super) fn new(arguments: &ReachArguments) -> Result<Self, CliError> {
        let environment = Environment::read();
        let reading = arguments.reading.open(&environment)?;
        let registries = RegistryAccess {
            proxies: environment.proxies(),
            insecure: arguments.insecure.clone(),
            logins: AuthFile::read_all(&environment)?,
        };
        let access = Access {
            folder: std::env::current_dir().map_err(CliError::CurrentFolder)?,
            temporary: reading.cache.temporary(),
            limits: reading.limits,
            registries: Some(registries),
            environment: None,
        };
        let platform = arguments.platform.clone();
        Ok(Self { access, platform, reading })
    }

    /// Opens the image that someone named.
    pub(super) fn open(&self, name: &str) -> Result<Image, CliError> {
        let reference = ImageReference::typed(name, &self.access.folder);
        Ok(Image::open(&reference, &self.access)?)
    }

    /// Returns the platform that someone named.
    pub(super) fn platform(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }

    /// Returns the image for the platform that is meant.
    pub(super) fn one(&self, image: &Image) -> Result<PlatformImage, CliError> {
        Ok(image.for_platform(self.platform(), &Platform::host())?)
    }

    /// Opens the image that someone named, for the platform that is meant.
    pub(super) fn open_one(&self, name: &str) -> Result<PlatformImage, CliError> {
        self.one(&self.open(name)?)
    }
}

/// Opens the cache, or one that goes with this process. Where no folder for it can be written (the home of a
/// container's user need not be there), images are read nevertheless: it takes longer.
pub(in crate::cli) fn open_cache(is_off: bool, environment: &Environment) -> Result<LayerCache, CliError> {
    if !is_off && let Ok(cache) = LayerCache::open(&cache_folder(environment)) {
        cache.prune();
        return Ok(cache);
    }
    LayerCache::for_a_while().map_err(|source| CliError::Write { path: std::env::temp_dir(), source })
}

/// Returns where what was found in layers is kept: a layer is the same for every project.
fn cache_folder(environment: &Environment) -> PathBuf {
    environment.cache_folder().unwrap_or_else(std::env::temp_dir).join("stagebook")
}
