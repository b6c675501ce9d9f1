//! Small trees, each rule broken once.

use super::*;
use std::fs;

/// Checks a tree of these files against a small table.
fn checked(files: &[(&str, &str)]) -> Findings {
    let root = tempfile::tempdir().expect("a temporary folder");
    let table = Table::parse("error <- wire <- {pool, topology} <- actors::{socket, timer} <- lib");
    let page = table.lines().collect::<Vec<_>>().join("\n");
    for (name, text) in [("docs/architecture.md", page.as_str())].iter().chain(files) {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("created");
        fs::write(path, text).expect("written");
    }
    check(root.path(), &table).expect("the tree can be read")
}

fn only_error(files: &[(&str, &str)]) -> String {
    let mut findings = checked(files);
    assert_eq!(findings.errors.len(), 1, "{:?}", findings.errors);
    findings.errors.remove(0)
}

#[test]
fn a_good_tree_passes() {
    let findings = checked(&[
        ("src/lib.rs", "mod error; pub use error::Error; use crate::pool::Pool;"),
        ("src/error.rs", "pub struct Error;"),
        ("src/wire/mod.rs", "mod frame; use crate::error::Error;"),
        ("src/wire/frame.rs", "use super::Header; use super::super::error;"),
        ("src/pool/mod.rs", "use crate::{error::Error, wire::frame};"),
        ("src/actors/mod.rs", "pub mod socket;"),
        ("src/actors/socket/mod.rs", "use crate::pool::Pool; use super::super::wire;"),
        ("src/actors/socket/pump.rs", "#[cfg(test)] mod tests;"),
        ("src/actors/socket/pump/tests.rs", "use crate::actors::timer::Timer;"),
        ("src/actors/timer.rs", "#[cfg(test)] #[path = \"t.rs\"] mod tests;"),
        ("src/actors/t.rs", "use crate::actors::socket::Socket;"),
        ("tests/t.rs", "use super::nothing;"),
    ]);
    assert_eq!(findings.errors, Vec::<String>::new());
    assert_eq!((findings.files, findings.notes.len()), (12, 0));
}

#[test]
fn a_file_of_tests_that_is_compiled_always() {
    let error = only_error(&[("src/wire.rs", "mod tests;"), ("src/wire/tests.rs", "use crate::pool::Pool;")]);
    assert!(error.starts_with("src/wire/tests.rs:1: wire must not import pool"), "{error}");
}

#[test]
fn an_arrow_against_the_table() {
    let error = only_error(&[("src/wire/op_msg.rs", "\nuse crate::pool::Pool;")]);
    assert!(
        error.starts_with("src/wire/op_msg.rs:2: wire must not import pool (crate::pool::Pool)"),
        "{error}"
    );
}

#[test]
fn an_arrow_between_names_in_one_place() {
    let error = only_error(&[("src/actors/socket.rs", "use super::timer::Timer;")]);
    assert!(error.contains("actors::socket must not import actors::timer"), "{error}");
    let error = only_error(&[("src/pool.rs", "fn f() { crate::topology::g() }")]);
    assert!(error.contains("pool must not import topology"), "{error}");
}

#[test]
fn a_detour_through_the_root() {
    let error = only_error(&[("src/pool.rs", "use crate::Error;")]);
    assert!(error.contains("crate::Error goes through the crate's root"), "{error}");
    let error = only_error(&[("src/wire.rs", "use super::*;")]);
    assert!(error.contains("goes through the crate's root"), "{error}");
}

#[test]
fn another_name_for_the_root() {
    for text in [
        "use crate as root; use root::pool::Pool;",
        "use crate::{self as root}; use root::pool::Pool;",
        "use {crate as root, std::fmt}; fn f() { root::pool::f() }",
        "use super as root; use root::pool::Pool;",
        "extern crate self as root; use root::pool::Pool;",
    ] {
        let error = only_error(&[("src/wire.rs", text)]);
        assert!(error.contains("src/wire.rs:1: this gives the crate's root another name"), "{text}: {error}");
    }
    let error = only_error(&[("src/lib.rs", "extern crate self as us;")]);
    assert!(error.starts_with("src/lib.rs:1: this gives"), "{error}");
    let error = only_error(&[("src/pool/queue.rs", "use super as up; use super::super::{self as root};")]);
    assert!(error.contains("another name"), "{error}");
    let error = only_error(&[("src/actors/timer.rs", "use super as up; use up::socket::Socket;")]);
    assert!(error.starts_with("module actors is not in the arrow table"), "{error}");
}

#[test]
fn a_module_that_the_table_has_not() {
    let error = only_error(&[("src/extra.rs", "use crate::error::Error;")]);
    assert!(error.starts_with("module extra is not in the arrow table"), "{error}");
    let error = only_error(&[("src/extra/deep.rs", "struct It;")]);
    assert!(error.starts_with("module extra is not in the arrow table"), "{error}");
    let error = only_error(&[("src/actors/extra.rs", "struct It;"), ("src/actors/mod.rs", "mod extra;")]);
    assert!(error.starts_with("module actors::extra is not in the arrow table"), "{error}");
    let error = only_error(&[("src/pool.rs", "use crate::actors::Socket;")]);
    assert!(error.starts_with("module actors is not in the arrow table"), "{error}");
}

#[test]
fn a_circle() {
    let findings = checked(&[
        ("src/error.rs", "use crate::pool::Pool;"),
        ("src/wire.rs", "use crate::error::Error;"),
        ("src/pool.rs", "use crate::wire::Frame;"),
    ]);
    let circle = "modules import each other in a circle: error -> pool -> wire -> error;";
    assert!(findings.errors.iter().any(|it| it.starts_with(circle)), "{findings:?}");
    assert_eq!(findings.errors.len(), 2);
}

#[test]
fn files_that_grow_too_long() {
    let long = "\n".repeat(401);
    for name in ["src/pool.rs", "tests/a/b.rs", "benches/src/x.rs", "xtask/src/y.rs", "examples/z.rs"] {
        let error = only_error(&[(name, &long)]);
        assert!(error.starts_with(&format!("{name}: 401 lines, at most 400")), "{error}");
    }
    let findings = checked(&[("src/pool.rs", &long[1..]), ("src/wire.rs", &long[101..])]);
    assert_eq!(findings.errors, Vec::<String>::new());
    assert_eq!(findings.notes, ["src/pool.rs: 400 lines, better below 300"]);
}

#[test]
fn a_page_that_shows_another_table() {
    let error = only_error(&[("docs/architecture.md", "error <- wire <- lib")]);
    assert!(error.starts_with("docs/architecture.md does not show this line"), "{error}");
}

#[test]
fn a_page_that_is_missing() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let findings = check(root.path(), &Table::parse("error <- lib")).expect("the tree can be read");
    assert_eq!(findings.errors, ["docs/architecture.md is missing; it must show the arrows"]);
}

#[test]
fn a_file_that_is_not_rust() {
    let error = only_error(&[("src/pool.rs", "fn f( {")]);
    assert!(error.starts_with("src/pool.rs: not Rust"), "{error}");
}

#[test]
fn a_message_that_the_page_does_not_name() {
    let message = ("src/wire.rs", "struct Known;\nimpl actix::Message for Known {\n}");
    assert_eq!(checked(&[message, ("docs/actors.md", "| `Known` |")]).errors, Vec::<String>::new());
    let error = only_error(&[message, ("docs/actors.md", "| `Other` |")]);
    assert_eq!(error, "src/wire.rs:2: docs/actors.md does not name the message Known");
    let hidden = ("src/wire.rs", "pub struct Hidden; impl Message for Hidden {}");
    let error = only_error(&[hidden, ("docs/actors.md", "| `Other` |")]);
    assert_eq!(error, "src/wire.rs:1: docs/actors.md does not name the message Hidden");
}
