//! `cargo xtask spec`, with a cargo that only pretends: who has the last word.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// "Builds" the cases, unless it is to fail.
const CARGO: &str = r#"#!/bin/sh
[ -z "$FAIL" ] || { echo "error: could not compile" >&2; exit 101; }
echo '{"reason":"compiler-artifact","target":{"name":"actix_mongo","kind":["lib"]},"executable":null}'
echo '{"reason":"compiler-artifact","manifest_path":"'$FOLDER'/package/Cargo.toml",
"target":{"name":"spec","kind":["test"]},"executable":"'$FOLDER'/cases"}' | tr -d '\n'
echo
echo "Executable $*" >&2
"#;

/// Says where it runs and with what.
const CASES: &str = r#"#!/bin/sh
echo "$PWD with $*"
echo "spec: 1 passed, $FAILED failed, 0 skipped"
exit "$FAILED"
"#;

/// Runs it; both outputs as they would be on the screen.
fn spec(folder: &Path, prepare: impl FnOnce(&mut Command)) -> (Output, String) {
    for (name, text) in [("cargo", CARGO), ("cases", CASES)] {
        let file = folder.join(name);
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("set");
    }
    fs::create_dir(folder.join("package")).expect("created");
    let screen = fs::File::create(folder.join("screen")).expect("created");
    let mut spec = Command::new(env!("CARGO_BIN_EXE_xtask"));
    spec.args(["spec", "uri-options"])
        .env("CARGO", folder.join("cargo"))
        .env("FOLDER", folder)
        .env("FAILED", "0")
        .env("MONGODB_SPECIFICATIONS", folder)
        // No server is needed, and none found.
        .env("ACTIX_MONGO_SERVER_BIN", folder.join("none"))
        .stdout(Stdio::from(screen.try_clone().expect("cloned")))
        .stderr(Stdio::from(screen));
    prepare(&mut spec);
    let output = spec.output().expect("xtask starts");
    (output, fs::read_to_string(folder.join("screen")).expect("readable"))
}

#[test]
fn the_counts_are_the_last_line_whether_all_passed_or_not() {
    for failed in [0, 1] {
        let folder = tempfile::tempdir().expect("a folder");
        let (output, screen) = spec(folder.path(), |spec| {
            spec.env("FAILED", failed.to_string());
        });
        assert_eq!(output.status.code(), Some(failed), "{screen}");
        let last = format!("spec: 1 passed, {failed} failed, 0 skipped\n");
        assert!(screen.ends_with(&last), "{screen}");
        let place = format!("{}/package with uri-options\n", folder.path().display());
        assert!(screen.contains(&place), "{screen}");
    }
}

#[test]
fn cases_that_do_not_build_are_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (output, screen) = spec(folder.path(), |spec| {
        spec.env("FAIL", "1");
    });
    assert_eq!(output.status.code(), Some(101), "{screen}");
    assert!(!screen.contains("spec: "), "{screen}");
}
