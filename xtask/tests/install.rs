//! The installation of the server, with a cargo that only pretends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use test_support::real_server::installed;

/// Notes its arguments and surroundings; "builds" by linking a binary, unless it
/// is to fail.
const CARGO: &str = r#"#!/bin/sh
echo "$* | ${CARGO_TARGET_DIR-none} ${RUSTFLAGS-none} | $PWD" >> "$NOTES"
[ -z "$FAIL" ] || exit 101
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin" "$4"
cp "$BUILT" "$2/bin/secantusd-rs"
"#;

/// An `xtask demo` whose example is `true`: it installs, starts and stops a
/// server.
fn demo(folder: &Path, built: &Path) -> Command {
    let cargo = folder.join("cargo");
    if !cargo.exists() {
        fs::write(&cargo, CARGO).expect("written");
        fs::set_permissions(&cargo, PermissionsExt::from_mode(0o755)).expect("set");
    }
    let mut demo = Command::new(env!("CARGO_BIN_EXE_xtask"));
    demo.arg("demo")
        .env("CARGO", &cargo)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("NOTES", folder.join("notes"))
        .env("BUILT", built)
        .env("CARGO_TARGET_DIR", "/elsewhere")
        .env("RUSTFLAGS", "--of-this-project")
        .env_remove("ACTIX_MONGO_SERVER_BIN")
        .env_remove("MONGODB_URI")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    demo
}

fn installations(folder: &Path) -> Vec<String> {
    let notes = fs::read_to_string(folder.join("notes")).expect("readable");
    notes.lines().filter(|line| line.starts_with("install")).map(str::to_owned).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn two_at_once_install_once() {
    let Some(built) = installed() else {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let first = demo(folder, &built).spawn().expect("xtask starts");
    let second = demo(folder, &built).spawn().expect("xtask starts");
    for child in [first, second] {
        let output = child.wait_with_output().expect("it ends");
        assert!(stderr(&output).contains("Started a server"), "{}", stderr(&output));
    }
    let installations = installations(folder);
    assert_eq!(installations.len(), 1, "{installations:?}");
    let cache = folder.join("cache/actix-mongo");
    let name = cache.join("secantus-mdb-0.5.3-beta.196");
    assert_eq!(
        installations[0],
        format!(
            "install secantus-mdb --version 0.5.3-beta.196 --locked --ignore-rust-version \
             --force --root {name}.partial --target-dir {name}.build | none none | {}",
            cache.display(),
            name = name.display(),
        )
    );
    let left: Vec<_> = fs::read_dir(&cache).expect("readable").flatten().collect();
    assert_eq!(left.len(), 2, "the server and the lock: {left:?}");
}

#[test]
fn a_failed_build_is_told_and_tried_again() {
    let Some(built) = installed() else {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let failed = demo(folder, &built).env("FAIL", "1").output().expect("it ends");
    assert!(!failed.status.success());
    assert!(stderr(&failed).contains("the server could not be built"), "{}", stderr(&failed));
    let again = demo(folder, &built).output().expect("it ends");
    assert!(stderr(&again).contains("Started a server"), "{}", stderr(&again));
    assert_eq!(installations(folder).len(), 2);
}
