//! The installation of the server, with a cargo that only pretends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use test_support::poll_until;
use test_support::real_server::installed;

/// What ends by a signal ends at once, on an overworked machine later.
const SOON: Duration = Duration::from_secs(20);

/// Notes its arguments and surroundings; "builds" by copying a binary, unless it
/// is to fail, or to build for ever with a compiler as its child.
const CARGO: &str = r#"#!/bin/sh
echo "$* | ${CARGO_TARGET_DIR-none} ${RUSTFLAGS-none} | $PWD" >> "$NOTES"
[ -z "$FAIL" ] || exit 101
if [ -n "$HANG" ]; then
    sleep 600 &
    echo $$ $! > "$HANG.part"
    mv "$HANG.part" "$HANG"
    wait
fi
while [ "$1" != --root ]; do shift; done
case :$PATH: in
*:$2/bin:*) ;;
*) echo "warning: be sure to add $2/bin to your PATH" >&2 ;;
esac
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
    let mut said = String::new();
    for child in [first, second] {
        let output = child.wait_with_output().expect("it ends");
        assert!(stderr(&output).contains("Started a server"), "{}", stderr(&output));
        said += &stderr(&output);
    }
    assert!(!said.contains("to your PATH"), "{said}");
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
    let place = format!("The server is installed: {}/bin/secantusd-rs\n", name.display());
    assert_eq!(said.matches(&place).count(), 1, "{said}");
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

/// An installation that never ends by itself.
struct Hanging {
    folder: tempfile::TempDir,
    xtask: Child,
    /// Cargo's and its compiler's.
    pids: Vec<String>,
}

impl Hanging {
    /// Starts it, in a process group of its own as a terminal would.
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let hang = folder.path().join("pids");
        let mut xtask = demo(folder.path(), Path::new("/nothing"));
        let xtask = xtask.env("HANG", &hang).process_group(0).spawn().expect("xtask starts");
        poll_until(SOON, "the installation", || hang.is_file());
        let pids = fs::read_to_string(&hang).expect("readable");
        let pids: Vec<_> = pids.split_whitespace().map(str::to_owned).collect();
        assert!(pids.len() == 2 && pids.iter().all(|pid| lives(pid)), "{pids:?}");
        Self { folder, xtask, pids }
    }

    /// Sends a signal, waits for the end of everything, returns what xtask said.
    fn end(self, signal: &str, target: &str) -> Output {
        kill(&[signal, "--", target]);
        let output = self.xtask.wait_with_output().expect("it ends");
        let gone = || self.pids.iter().all(|pid| !lives(pid));
        poll_until(SOON, "the end of cargo and its compiler", gone);
        let cache = self.folder.path().join("cache/actix-mongo");
        assert!(!cache.join("secantus-mdb-0.5.3-beta.196").exists());
        output
    }
}

fn kill(arguments: &[&str]) {
    let told = Command::new("kill").args(arguments).status();
    assert!(told.expect("there is a kill").success());
}

fn lives(pid: &str) -> bool {
    let told = Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status();
    told.expect("there is a kill").success()
}

#[test]
fn an_interrupt_ends_the_installation() {
    for (signal, group) in [("-INT", ""), ("-TERM", ""), ("-INT", "-"), ("-HUP", "-")] {
        let hanging = Hanging::start();
        let target = format!("{group}{}", hanging.xtask.id());
        let output = hanging.end(signal, &target);
        assert_eq!(output.status.code(), Some(130), "{signal} {group}");
        let said = stderr(&output);
        assert!(said.contains("interrupted") && !said.contains("error"), "{said}");
    }
}

#[test]
fn a_kill_ends_the_installation() {
    let hanging = Hanging::start();
    let target = hanging.xtask.id().to_string();
    assert_eq!(hanging.end("-KILL", &target).status.code(), None);
}

/// One installs, the other waits for it.
#[test]
fn an_interrupt_ends_the_wait_for_another_installation() {
    let hanging = Hanging::start();
    let mut waiting = demo(hanging.folder.path(), Path::new("/nothing")).spawn().expect("xtask starts");
    let mut said = BufReader::new(waiting.stderr.take().expect("piped")).lines();
    let line = said.next().expect("a line").expect("readable");
    assert!(line.starts_with("Another process installs"), "{line}");
    kill(&["-INT", &waiting.id().to_string()]);
    assert_eq!(waiting.wait().expect("it ends").code(), Some(130));
    assert!(hanging.pids.iter().all(|pid| lives(pid)));
    let target = hanging.xtask.id().to_string();
    hanging.end("-TERM", &target);
}
