//! `cargo xtask demo` with the real example, as somebody sees it for whom it does
//! not work.

use std::process::{Command, Output};
use test_support::real_server::installed;

fn demo(uri: &str) -> (Output, String) {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = demo.arg("demo").env("MONGODB_URI", uri).output().expect("xtask starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn a_failure_is_told_in_a_sentence_and_without_the_password() {
    // Refused before anything is connected.
    let (output, said) = demo("mongodb://bob:hunter2@127.0.0.1:1/?tls=perhaps");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Using MONGODB_URI (mongodb://***@127.0.0.1:1/?***)"), "{said}");
    assert!(said.contains("\nerror: "), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("Error {"), "{said}");
}

#[test]
fn an_empty_variable_is_none() {
    if installed().is_none() {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return;
    }
    let (output, said) = demo("");
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Started a server at mongodb://127.0.0.1:"), "{said}");
}
