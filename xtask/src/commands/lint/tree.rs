//! The project's source files, and which module each of them is.

use super::paths::{Scan, scan};
use crate::process::Failure;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Folders whose files have a size limit; the arrows concern the first only.
const FOLDERS: [&str; 5] = ["src", "tests", "benches", "xtask", "examples"];

/// A source file.
pub(super) struct SourceFile {
    /// From the project's folder, with slashes.
    pub name: String,
    pub text: String,
}

/// A module of the library in a file of its own.
pub(super) struct Module<'a> {
    pub file: &'a SourceFile,
    /// From the crate's root.
    pub path: Vec<String>,
    pub scan: Scan,
}

/// All source files, by name.
pub(super) struct Tree {
    pub files: Vec<SourceFile>,
}

impl Tree {
    /// Reads the files below the project's folder.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for folder in FOLDERS {
            collect(&root.join(folder), folder, &mut files)?;
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { files })
    }

    /// The library's modules, tests left out. Files that cannot be read as Rust
    /// are told in `errors`.
    pub fn modules(&self, errors: &mut Vec<String>) -> Vec<Module<'_>> {
        let mut scans: Vec<(&SourceFile, Vec<String>, Scan)> = Vec::new();
        for file in &self.files {
            let Some(module) = module_path(&file.name) else {
                continue;
            };
            match scan(&file.text, &module) {
                Ok(scan) => scans.push((file, module, scan)),
                Err(error) => errors.push(format!("{}: {error}", file.name)),
            }
        }
        let mut tests = BTreeSet::new();
        for (file, module, scan) in &scans {
            for test in &scan.test_modules {
                tests.insert(match &test.file {
                    Some(path) => Excluded::File(sibling(&file.name, path)),
                    None => Excluded::Module([module.as_slice(), &test.path].concat()),
                });
            }
        }
        let is_test = |file: &SourceFile, module: &[String]| {
            tests.contains(&Excluded::File(file.name.clone()))
                || (1..=module.len())
                    .any(|length| tests.contains(&Excluded::Module(module[..length].to_vec())))
        };
        scans
            .into_iter()
            .filter(|(file, module, _)| !is_test(file, module))
            .map(|(file, path, scan)| Module { file, path, scan })
            .collect()
    }
}

/// What is compiled for tests only.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Excluded {
    Module(Vec<String>),
    File(String),
}

/// The module that a file of the library holds; none for the root.
fn module_path(name: &str) -> Option<Vec<String>> {
    let path = name.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut segments: Vec<_> = path.split('/').map(str::to_owned).collect();
    let last = segments.last().map(String::as_str);
    if last == Some("mod") || (segments.len() == 1 && last == Some("lib")) {
        segments.pop();
    }
    Some(segments)
}

/// A file named from the folder of another one.
fn sibling(name: &str, path: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

fn collect(folder: &Path, name: &str, files: &mut Vec<SourceFile>) -> Result<(), Failure> {
    let failed = |error| Failure::Because(format!("{}: {error}", folder.display()));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let Some(file) = path.file_name().and_then(|file| file.to_str()) else {
            continue;
        };
        let name = format!("{name}/{file}");
        if path.is_dir() && file != "target" {
            collect(&path, &name, files)?;
        } else if file.ends_with(".rs") {
            let text = fs::read_to_string(&path)
                .map_err(|error| Failure::Because(format!("{}: {error}", path.display())))?;
            files.push(SourceFile { name, text });
        }
    }
    Ok(())
}
