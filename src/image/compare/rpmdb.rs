//! What rpm's database has beside the headers: tables in which rpm looks packages up.
//!
//! Packages are numbered in the order in which they were installed, so a row of these tables is held to another
//! one by the package that its number is of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::readers::sqlite::{Meaning, compare};
use crate::image::package::{PackageDifference, PackageError, read_rpm_rows};
use crate::image::sqlite::{Database, Object, Value};

/// Tables that say how the database was used, and not what is installed.
const OF_SQLITE: [&str; 3] = ["sqlite_sequence", "sqlite_stat1", "sqlite_stat4"];

/// The table whose keys are the moments of installation.
const OF_INSTALLATION: &str = "Installtid";

/// Returns a line for each table or index in which databases differ, and for what lies behind them. Packages that
/// differ are left out, as are headers.
pub(super) fn table_lines(
    ours: &Path,
    theirs: &Path,
    packages: &[PackageDifference],
) -> Result<Vec<String>, PackageError> {
    let (our_packages, their_packages) = (Packages::read(ours)?, Packages::read(theirs)?);
    let rebuilt: BTreeSet<String> = packages
        .iter()
        .filter_map(|difference| match difference {
            PackageDifference::Rebuilt { to, .. } => Some(to.to_string()),
            _ => None,
        })
        .collect();
    let their_names = their_packages.names();
    let both = |name: &String| their_names.contains(name) && !rebuilt.contains(name);
    let compared: BTreeSet<String> = our_packages.names().into_iter().filter(both).collect();
    let ours = (&Database::open(ours)?, &our_packages.only(&compared) as &dyn Meaning);
    let theirs = (&Database::open(theirs)?, &their_packages.only(&compared) as &dyn Meaning);
    Ok(compare(ours, theirs)?)
}

/// The packages by their numbers; none of a package that is not compared.
struct Packages(BTreeMap<i64, Option<String>>);

impl Packages {
    fn read(path: &Path) -> Result<Self, PackageError> {
        let rows = read_rpm_rows(path)?.into_iter();
        Ok(Self(rows.map(|(number, package)| (number, Some(package.to_string()))).collect()))
    }

    fn names(&self) -> BTreeSet<String> {
        self.0.values().flatten().cloned().collect()
    }

    fn only(&self, names: &BTreeSet<String>) -> Self {
        let kept = |name: &Option<String>| name.clone().filter(|name| names.contains(name));
        Self(self.0.iter().map(|(number, name)| (*number, kept(name))).collect())
    }

    /// Puts the package in the place of its number; none if the package is not compared.
    fn name(&self, number: &mut Value) -> Option<()> {
        if let Value::Integer(row) = number
            && let Some(name) = self.0.get(row)
        {
            *number = Value::Text(name.clone()?.into_bytes());
        }
        Some(())
    }
}

impl Meaning for Packages {
    fn values(&self, object: &Object, mut values: Vec<Value>) -> Option<Vec<Value>> {
        let is_lookup = object.sql.contains("REFERENCES 'Packages'(hnum)");
        match (object.kind.as_str(), values.as_mut_slice()) {
            ("table", _) if object.name == "Packages" || OF_SQLITE.contains(&object.name.as_str()) => {
                return None;
            }
            ("table", [key, number, _]) if is_lookup => {
                self.name(number)?;
                if object.name == OF_INSTALLATION {
                    *key = Value::Null;
                }
            }
            ("index", [number]) if object.name.ends_with("_hnum_idx") => self.name(number)?,
            _ => {}
        }
        Some(values)
    }
}
