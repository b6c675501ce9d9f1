//! Finds the corpus, and the files of it that hold cases.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One file with cases.
pub struct TestFile {
    /// Its path below `source`, with `/` between the parts.
    pub path: String,
    /// What it holds, or why it can't be read.
    pub content: Result<Value, String>,
}

impl TestFile {
    /// The folder it is in.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}

/// The `source` folder of the corpus that the variable names.
pub fn source_folder(variable: Option<OsString>) -> Result<PathBuf, String> {
    let root = variable.filter(|root| !root.is_empty()).ok_or(
        "MONGODB_SPECIFICATIONS is not set; it must name a checkout of mongodb/specifications, or a part of one",
    )?;
    let source = Path::new(&root).join("source");
    match source.is_dir() {
        true => Ok(source),
        false => Err(format!("MONGODB_SPECIFICATIONS is {}, which has no folder 'source'", root.display())),
    }
}

/// All files with cases below `source`, in the order of their paths, that a filter names;
/// all of them if there is no filter. A filter that names nothing is an error.
pub fn files(source: &Path, filters: &[String]) -> Result<Vec<TestFile>, String> {
    let mut paths = Vec::new();
    walk(source, "", &mut paths)?;
    paths.sort();
    let filters: Vec<_> = filters.iter().map(|filter| plain(filter)).collect();
    for filter in &filters {
        if !paths.iter().any(|path| is_below(path, filter)) {
            return Err(format!("'{filter}' names no case below {}", source.display()));
        }
    }
    paths.retain(|path| filters.is_empty() || filters.iter().any(|filter| is_below(path, filter)));
    Ok(paths.into_iter().map(|path| read(source, path)).collect())
}

fn plain(filter: &str) -> &str {
    let filter = filter.strip_prefix("./").unwrap_or(filter);
    filter.strip_prefix("source/").unwrap_or(filter).trim_end_matches('/')
}

fn is_below(path: &str, filter: &str) -> bool {
    path.strip_prefix(filter).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Cases are the JSON files below a folder `tests`; others are schemas and data.
fn walk(folder: &Path, below: &str, found: &mut Vec<String>) -> Result<(), String> {
    let fail = |error| format!("can't list {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            walk(&entry.path(), &path, found)?;
        } else if path.ends_with(".json") && path.split('/').any(|part| part == "tests") {
            found.push(path);
        }
    }
    Ok(())
}

fn read(source: &Path, path: String) -> TestFile {
    let content = fs::read(source.join(&path)).map_err(|error| error.to_string());
    let content = content.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    TestFile { path, content }
}
