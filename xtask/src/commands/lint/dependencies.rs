//! Every dependency beyond the given ones has a row with its reason, and every
//! row a dependency.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where the rows stand.
const PAGE: &str = "docs/decisions/0002-dependencies.md";
/// What the project was begun with.
const GIVEN: [&str; 6] = ["actix", "bson", "thiserror", "tokio", "tracing", "url"];

/// A crate, and which part of the project needs it.
type Need = (String, String);

/// Compares the page with the manifests of the workspace; what is to be mended.
pub(super) fn check(root: &Path) -> Vec<String> {
    let Ok(manifest) = fs::read_to_string(root.join("Cargo.toml")) else {
        return Vec::new();
    };
    let mut needs = BTreeSet::new();
    for member in members(&manifest) {
        let text = fs::read_to_string(root.join(&member).join("Cargo.toml")).unwrap_or_default();
        needs.extend(dependencies(&text).into_iter().map(|(krate, for_tests)| {
            let part = match (member.as_str(), for_tests) {
                (".", false) => "library",
                (".", true) => "tests",
                (folder, _) => folder,
            };
            (krate, part.to_owned())
        }));
    }
    needs.retain(|(krate, _)| !GIVEN.contains(&krate.as_str()));
    let (rows, mut errors) = rows(&fs::read_to_string(root.join(PAGE)).unwrap_or_default());
    errors.extend(needs.difference(&rows).map(|(krate, part)| {
        format!("{PAGE} gives no reason for `{krate}` in {part}; add the row, or the place to its row")
    }));
    errors.extend(rows.difference(&needs).map(|(krate, part)| {
        format!("{PAGE} gives a reason for `{krate}` in {part}, which does not depend on it")
    }));
    errors
}

/// The folders of a workspace's packages.
fn members(manifest: &str) -> Vec<String> {
    let list = manifest.split_once("\nmembers = [").and_then(|(_, rest)| rest.split_once(']'));
    let names = list.map_or("", |(names, _)| names).split(',').map(|name| name.trim().trim_matches('"'));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What a manifest depends on, and whether for its tests; crates of the
/// workspace itself are left out.
fn dependencies(manifest: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            if let Some((kind, krate)) = section.rsplit_once("dependencies.") {
                found.push((krate.to_owned(), kind.ends_with("dev-")));
            }
        } else if section.ends_with("dependencies")
            && let Some((key, value)) = line.split_once('=')
            && !value.contains("path = ")
        {
            let key = key.split('.').next().unwrap_or(key).trim();
            let package = value.split_once("package = \"").and_then(|(_, rest)| rest.split_once('"'));
            let krate = package.map_or(key, |(name, _)| name);
            found.push((krate.to_owned(), section.ends_with("dev-dependencies")));
        }
    }
    found
}

/// The rows of the page: a crate, the parts that need it, the reason.
fn rows(page: &str) -> (BTreeSet<Need>, Vec<String>) {
    let (mut rows, mut errors) = (BTreeSet::new(), Vec::new());
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [krate, parts, reason] = cells.as_slice() else {
            errors.push(format!("{PAGE}: a row has a crate, where, and why: {line}"));
            continue;
        };
        if reason.is_empty() {
            errors.push(format!("{PAGE}: no reason is given for {krate}"));
        }
        let krate = krate.trim_matches('`');
        rows.extend(parts.split(',').map(|part| (krate.to_owned(), part.trim().to_owned())));
    }
    (rows, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace]\nmembers = [\".\", \"tool\"]\n\
        [dependencies]\nactix = \"0.13\"\na = { version = \"1\", features = [\"x\"] }\n\
        own = { path = \"own\" }\n# no = \"1\"\n[dev-dependencies]\nb.workspace = true\n[[test]]\nname = \"t\"\n";
    const TOOL: &str = "[package]\nname = \"tool\"\n[target.'cfg(unix)'.dependencies]\n\
        a = \"1\"\n[dev-dependencies]\nd = { package = \"c\", version = \"1\" }\n[build-dependencies.e]\nversion = \"1\"\n";
    const ROWS: &str = "| Crate | Where | Why |\n|---|---|---|\n| `a` | library, tool | it is |\n\
        | `b` | tests | it is |\n| `c` | tool | it is |\n| `e` | tool | it is |\n";

    fn checked(page: &str) -> Vec<String> {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in [("Cargo.toml", MANIFEST), ("tool/Cargo.toml", TOOL), (PAGE, page)] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("created");
            fs::write(path, text).expect("written");
        }
        check(root.path())
    }

    #[test]
    fn a_page_with_a_row_for_each_passes() {
        assert_eq!(checked(ROWS), Vec::<String>::new());
    }

    #[test]
    fn a_missing_row_a_missing_place_and_one_too_many_are_told() {
        let told = |page: &str| checked(page).join("\n");
        let missing = told(&ROWS.replace("| `c` | tool | it is |\n", ""));
        assert!(missing.starts_with(&format!("{PAGE} gives no reason for `c` in tool;")), "{missing}");
        let place = told(&ROWS.replace("library, tool", "library"));
        assert!(place.starts_with(&format!("{PAGE} gives no reason for `a` in tool;")), "{place}");
        let many = told(&format!("{ROWS}| `f` | tests | it was |\n"));
        assert_eq!(many, format!("{PAGE} gives a reason for `f` in tests, which does not depend on it"));
        let empty = told(&ROWS.replace("| `b` | tests | it is |", "| `b` | tests | |"));
        assert_eq!(empty, format!("{PAGE}: no reason is given for `b`"));
        assert_eq!(checked("").len(), 5);
    }
}
