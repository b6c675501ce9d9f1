//! Commands that take minutes and have many processes, run so that none of them
//! outlives this process.
//!
//! A shell in a process group of its own holds the reading end of a pipe whose
//! writing end is here alone, like a server's guard. Ctrl-C in a terminal does
//! not reach it: whoever runs an errand says when it is to end.

use super::{Error, because};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const SCRIPT: &str = include_str!("errand.sh");

/// Between two looks whether the errand is to end; nobody waits for less.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Runs a command to its end and returns its exit code, or ends it with all its
/// children as soon as `interrupted` says so. It has no input, and all that it
/// prints goes to standard error.
pub(super) fn run(command: &Command, interrupted: &dyn Fn() -> bool) -> Result<i32, Error> {
    let name = command.get_program().display().to_string();
    let mut shell = guarded(command).spawn().map_err(because("starting sh"))?;
    let mut output = shell.stdout.take().expect("standard output is piped");
    // Ended when dropped, before this function returns.
    let errand = Errand { words: shell.stdin.take(), shell };
    let (sender, code) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        let _ = output.read_to_string(&mut text);
        // Nobody listens any more if the errand was interrupted.
        let _ = sender.send(text);
    });
    loop {
        match code.recv_timeout(PAUSE) {
            Ok(text) => {
                let code = text.trim().parse();
                let code = code.map_err(|_| Error::new(format!("`{name}` was ended by something else")))?;
                errand.done();
                return Ok(code);
            }
            Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Error::interrupted()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new(format!("`{name}`: nobody waits for it")));
            }
        }
    }
}

/// The command with its guard before it.
fn guarded(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "errand-guard"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    shell
}

struct Errand {
    /// `None` once closed.
    words: Option<ChildStdin>,
    shell: Child,
}

impl Errand {
    /// The command has ended by itself; what it left running may stay.
    fn done(mut self) {
        if let Some(words) = &mut self.words {
            // Fails only if the guard has gone.
            let _ = writeln!(words, "done");
        }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.words = None;
        // Fails only if it has been waited for already.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll_until;
    use std::fs;

    /// Longer than anything here takes.
    const LONG: &str = "600";
    const SOON: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn lives(pid: &str) -> bool {
        let told = Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status();
        told.expect("there is a kill").success()
    }

    #[test]
    fn the_exit_code_is_the_commands() {
        for code in [0, 7, 101] {
            let ended = run(&shell(&format!("echo on standard error; exit {code}")), &|| false);
            assert_eq!(ended.expect("it ends"), code);
        }
        let killed = run(&shell("kill -KILL $$"), &|| false);
        assert_eq!(killed.expect("it ends"), 137);
        let missing = run(&Command::new("/no/such/program"), &|| false);
        assert_eq!(missing.expect("the shell says so"), 127);
    }

    #[test]
    fn surroundings_are_passed_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = shell("[ \"$KEPT-${CARGO_MANIFEST_DIR-none}-$PWD\" = \"yes-none-$1\" ]");
        command.arg("sh").arg(folder.path()).current_dir(folder.path());
        command.env("KEPT", "yes").env_remove("CARGO_MANIFEST_DIR");
        assert_eq!(run(&command, &|| false).expect("it ends"), 0);
    }

    #[test]
    fn an_interrupt_ends_the_command_and_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        // The second child does not mind being asked.
        let script = format!(
            "sleep {LONG} & first=$!; (trap '' TERM; exec sleep {LONG}) & \
             echo $first $! > \"$1.part\"; mv \"$1.part\" \"$1\"; wait"
        );
        let mut command = shell(&script);
        command.arg("sh").arg(&file);
        let ended = run(&command, &|| file.is_file());
        assert!(ended.is_err_and(|error| error.is_interrupted()));
        let pids = fs::read_to_string(&file).expect("written");
        assert_eq!(pids.split_whitespace().count(), 2);
        for pid in pids.split_whitespace() {
            poll_until(SOON, "the end of the children", || !lives(pid));
        }
    }
}
