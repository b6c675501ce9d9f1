//! `lint`: what the compiler does not check of the architecture: the arrows
//! between modules, cycles among them, the sizes of files, and whether the
//! documentation names every message and every dependency.
//!
//! - [`table`]: which arrows are allowed
//! - [`tree`]: the files and the modules they hold
//! - [`paths`]: what a file imports
//! - [`dependencies`]: which crates have a reason
//! - [`messages`]: which messages it declares

mod dependencies;
mod messages;
mod paths;
mod table;
mod tree;

use crate::process::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use table::Table;
use tree::{Module, SourceFile, Tree};

/// More lines than this are worth a thought.
const SOFT_LIMIT: usize = 300;
/// More lines than this are refused.
const HARD_LIMIT: usize = 400;

/// None.
#[derive(clap::Args)]
pub struct Arguments {}

/// Prints what is to be mended; fails if there is anything.
pub fn run(_: Arguments) -> Result<ExitCode, Failure> {
    let root = workspace()?;
    let findings = check(&root, &Table::of_the_project())?;
    for note in &findings.notes {
        eprintln!("note: {note}");
    }
    for error in &findings.errors {
        eprintln!("error: {error}");
    }
    println!(
        "lint: {} files, {} to mend, {} notes",
        findings.files,
        findings.errors.len(),
        findings.notes.len()
    );
    Ok(match findings.errors.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The folder above this package's.
fn workspace() -> Result<PathBuf, Failure> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = package.as_deref().and_then(Path::parent);
    root.map(Path::to_owned).ok_or_else(|| Failure::Because("run it as `cargo xtask lint`".into()))
}

#[derive(Debug, Default, PartialEq)]
struct Findings {
    files: usize,
    errors: Vec<String>,
    notes: Vec<String>,
}

/// Arrow, with the first place where it was found.
type Arrows = BTreeMap<(String, String), String>;

fn check(root: &Path, table: &Table) -> Result<Findings, Failure> {
    let tree = Tree::read(root)?;
    let mut findings = Findings { files: tree.files.len(), ..Findings::default() };
    for file in &tree.files {
        check_size(file, &mut findings);
    }
    check_document(root, table, &mut findings);
    findings.errors.extend(dependencies::check(root));
    let modules = tree.modules(&mut findings.errors);
    check_messages(root, &modules, &mut findings);
    let arrows = check_arrows(&modules, table, &mut findings);
    if let Some(cycle) = cycle(&arrows) {
        findings.errors.push(format!(
            "modules import each other in a circle: {}; \
             move what they share into a module to the left of both",
            cycle.join(" -> ")
        ));
    }
    Ok(findings)
}

fn check_size(file: &SourceFile, findings: &mut Findings) {
    let lines = file.text.lines().count();
    if lines > HARD_LIMIT {
        findings.errors.push(format!(
            "{}: {lines} lines, at most {HARD_LIMIT} are allowed; divide it by what it does",
            file.name
        ));
    } else if lines > SOFT_LIMIT {
        let name = &file.name;
        findings.notes.push(format!("{name}: {lines} lines, better below {SOFT_LIMIT}"));
    }
}

/// The architecture's page must show the table that is in force.
fn check_document(root: &Path, table: &Table, findings: &mut Findings) {
    let page = "docs/architecture.md";
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Ok(text) = std::fs::read_to_string(root.join(page)) else {
        findings.errors.push(format!("{page} is missing; it must show the arrows"));
        return;
    };
    let text = words(&text);
    for line in table.lines() {
        if !text.contains(&words(line)) {
            findings.errors.push(format!("{page} does not show this line of the arrow table: {line}"));
        }
    }
}

/// Every message of the library stands on the actors' page.
fn check_messages(root: &Path, modules: &[Module], findings: &mut Findings) {
    let page = "docs/actors.md";
    let text = std::fs::read_to_string(root.join(page)).unwrap_or_default();
    for module in modules {
        for message in &module.scan.messages {
            let name = &message.name;
            if !text.contains(&format!("`{name}`")) {
                let place = format!("{}:{}", module.file.name, message.line);
                findings.errors.push(format!("{place}: {page} does not name the message {name}"));
            }
        }
    }
}

fn check_arrows(modules: &[Module], table: &Table, findings: &mut Findings) -> Arrows {
    let mut arrows = Arrows::new();
    let mut unknown = BTreeSet::new();
    for module in modules {
        for line in &module.scan.aliases {
            findings.errors.push(format!(
                "{}:{line}: this gives the crate's root another name, behind which imports hide; \
                 write crate:: instead",
                module.file.name
            ));
        }
        unknown.extend(table.stranger(&module.path));
        check_imports(module, table, &mut arrows, &mut unknown, findings);
    }
    for module in unknown {
        findings.errors.push(format!(
            "module {module} is not in the arrow table \
             (xtask/src/commands/lint/table.rs and docs/architecture.md)"
        ));
    }
    arrows
}

fn check_imports(
    module: &Module,
    table: &Table,
    arrows: &mut Arrows,
    unknown: &mut BTreeSet<String>,
    findings: &mut Findings,
) {
    let from = table.module_of(&module.path);
    for import in &module.scan.imports {
        let place = format!("{}:{}", module.file.name, import.line);
        let to = table.module_of(&import.path);
        let path = format!("crate::{}", import.path.join("::"));
        if from == to || from == "lib" {
            continue;
        }
        if to == "lib" {
            findings.errors.push(format!(
                "{place}: {path} goes through the crate's root; name the module that defines it"
            ));
            continue;
        }
        arrows.entry((from.clone(), to.clone())).or_insert_with(|| place.clone());
        let mut strangers = [&from, &to].into_iter().filter(|it| !table.knows(it)).peekable();
        if strangers.peek().is_some() {
            unknown.extend(strangers.cloned());
        } else if !table.allows(&from, &to) {
            findings.errors.push(format!(
                "{place}: {from} must not import {to} ({path}): no arrow leads from {to} to \
                 {from}; move what both need to the left, or pass it in"
            ));
        }
    }
}

/// One circle among the arrows, if there is one, its first module repeated at
/// the end.
fn cycle(arrows: &Arrows) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    let starts: BTreeSet<_> = arrows.keys().map(|(from, _)| from).collect();
    starts.into_iter().find_map(|start| cycle_from(start, arrows, &mut Vec::new(), &mut done))
}

fn cycle_from<'a>(
    module: &'a str,
    arrows: &'a Arrows,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(at) = path.iter().position(|seen| *seen == module) {
        let circle = path[at..].iter().copied().chain([module]);
        return Some(circle.map(str::to_owned).collect());
    }
    if done.contains(module) {
        return None;
    }
    path.push(module);
    let targets = arrows.keys().filter(|(from, _)| from == module);
    let found = targets.map(|(_, to)| to.as_str()).find_map(|to| cycle_from(to, arrows, path, done));
    path.pop();
    done.insert(module);
    found
}

#[cfg(test)]
mod tests;
