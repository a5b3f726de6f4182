//! Which files packages brought, as the databases of their managers list them.
//!
//! Files are handed out one by one, with the folder apart: a system has some hundred thousand, and who asks for
//! the owners of a few keeps no more than these.

use std::io::BufRead;
use std::path::Path;

use super::error::PackageError;
use super::headers::files;
use super::lines::Lines;
use super::rpm::with_header;
use super::tags;
use crate::image::sqlite::Database;

/// Takes a package's name, a folder as the database writes it, and the name of a file in it.
pub type EachFile<'a> = dyn FnMut(&str, &[u8], &[u8]) + 'a;

/// Hands out the files of a file `rpmdb.sqlite`, also those that rpm only watches over (`%ghost`).
pub fn files_of_rpm(path: &Path, each: &mut EachFile<'_>) -> Result<(), PackageError> {
    let database = Database::open(path)?;
    for row in database.table("Packages")? {
        with_header(&row?, |header| {
            if let Some(name) = header.text(tags::NAME)? {
                files(header).for_each(|(folder, file)| each(&name, folder, file));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Hands out the files of a list of dpkg's, `var/lib/dpkg/info/PACKAGE.list`.
pub fn files_of_dpkg(
    package: &str,
    reader: impl BufRead,
    each: &mut EachFile<'_>,
) -> Result<(), PackageError> {
    let mut lines = Lines::new(reader);
    while let Some(line) = lines.next()? {
        let slash = line.iter().rposition(|byte| *byte == b'/');
        if let Some((folder, [b'/', name @ ..])) = slash.map(|slash| line.split_at(slash)) {
            each(package, folder, name);
        }
    }
    Ok(())
}

/// Hands out the files of apk's `lib/apk/db/installed`: `F:` is a folder, `R:` a file in it.
pub fn files_of_apk(reader: impl BufRead, each: &mut EachFile<'_>) -> Result<(), PackageError> {
    let (mut package, mut folder) = (String::new(), Vec::new());
    let mut lines = Lines::new(reader);
    while let Some(line) = lines.next()? {
        match line {
            [b'P', b':', name @ ..] => package = String::from_utf8_lossy(name).into_owned(),
            [b'F', b':', path @ ..] => {
                folder = path.to_vec();
                let slash = path.iter().rposition(|byte| *byte == b'/');
                let (above, name) = slash.map_or((&path[..0], path), |at| (&path[..at], &path[at + 1..]));
                each(&package, above, name);
            }
            [b'R', b':', name @ ..] => each(&package, &folder, name),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(run: impl FnOnce(&mut EachFile<'_>) -> Result<(), PackageError>) -> Vec<String> {
        let mut found = Vec::new();
        run(&mut |package, folder, name| {
            let text = |bytes| String::from_utf8_lossy(bytes);
            found.push(format!("{package} {} {}", text(folder), text(name)));
        })
        .unwrap();
        found
    }

    #[test]
    fn lists_of_dpkg_and_apk_name_files() {
        let list = "/.\n/usr\n/usr/share/zoneinfo\nodd\n\n";
        assert_eq!(
            shown(|each| files_of_dpkg("tzdata", list.as_bytes(), each)),
            ["tzdata  .", "tzdata  usr", "tzdata /usr/share zoneinfo"]
        );
        let installed = "P:zlib\nV:1\nF:usr\nF:usr/lib\nR:libz.so.1\na:0:0:777\n\nP:b\nF:etc\nR:b\n";
        assert_eq!(
            shown(|each| files_of_apk(installed.as_bytes(), each)),
            ["zlib  usr", "zlib usr lib", "zlib usr/lib libz.so.1", "b  etc", "b etc b"]
        );
    }
}
