//! Child processes, and what happens to them on Ctrl-C.
//!
//! An interrupt does not end this process by itself: it ends the child that runs,
//! then the command returns, and with that its servers are stopped.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use test_support::real_server::ensure_installed;

/// Between two looks at a child; nobody waits for less.
const PAUSE: Duration = Duration::from_millis(20);
/// The code of a process that ended by an interrupt, as shells have it.
const INTERRUPTED_CODE: u8 = 130;

static INTERRUPTED: Mutex<bool> = Mutex::new(false);
static INTERRUPT: Condvar = Condvar::new();

/// Why a command could not do its work, in a sentence.
#[derive(Debug)]
pub enum Failure {
    /// Something went wrong.
    Because(String),
    /// The user wished it so.
    Interrupted(String),
}

impl Failure {
    /// The code that tells the two apart.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Because(_) => ExitCode::FAILURE,
            Self::Interrupted(_) => Outcome::Interrupted.exit_code(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Because(sentence) => write!(formatter, "error: {sentence}"),
            Self::Interrupted(sentence) => formatter.write_str(sentence),
        }
    }
}

impl From<test_support::real_server::Error> for Failure {
    fn from(error: test_support::real_server::Error) -> Self {
        match error.is_interrupted() {
            true => Self::Interrupted(error.to_string()),
            false => Self::Because(error.to_string()),
        }
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By itself.
    Ended(ExitStatus),
    /// Because this process was interrupted.
    Interrupted,
}

impl Outcome {
    /// Whether the child ended well.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Ended(status) if status.success())
    }

    /// The child's own exit code, to pass on.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Ended(status) => match (status.code(), status.signal()) {
                (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
                (None, signal) => 128 + u8::try_from(signal.unwrap_or(0)).unwrap_or(0),
            },
            Self::Interrupted => INTERRUPTED_CODE,
        })
    }
}

/// From now on interrupts are heeded by [`run`], [`installed_server`] and
/// [`wait_for_interrupt`] only.
pub fn catch_interrupts() -> Result<(), Failure> {
    let handler = || {
        *interrupted() = true;
        INTERRUPT.notify_all();
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::Because(format!("catching Ctrl-C: {error}")))
}

/// Waits for an interrupt, at most this long; whether one came.
pub fn wait_for_interrupt(within: Duration) -> bool {
    let waited = INTERRUPT.wait_timeout_while(interrupted(), within, |interrupted| !*interrupted);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}

/// The server's binary, installed first if there is none.
pub fn installed_server() -> Result<PathBuf, Failure> {
    Ok(ensure_installed(|| wait_for_interrupt(Duration::ZERO))?)
}

/// Runs cargo with these arguments.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Runs a child to its end, or ends it when this process is interrupted.
pub fn run(mut command: Command) -> Result<Outcome, Failure> {
    if wait_for_interrupt(Duration::ZERO) {
        return Ok(Outcome::Interrupted);
    }
    let failed = |error: io::Error, command: &Command| {
        Failure::Because(format!("{}: {error}", command.get_program().display()))
    };
    let spawned = command.stdin(Stdio::null()).spawn();
    let mut child = spawned.map_err(|error| failed(error, &command))?;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| failed(error, &command))? {
            return Ok(match wait_for_interrupt(Duration::ZERO) {
                true => Outcome::Interrupted,
                false => Outcome::Ended(status),
            });
        }
        if wait_for_interrupt(PAUSE) {
            terminate(&mut child);
            return Ok(Outcome::Interrupted);
        }
    }
}

/// Asks the child to end and waits for it. After a Ctrl-C the terminal has told
/// it already; after a signal to this process alone it does not know yet.
fn terminate(child: &mut Child) {
    let id = child.id().to_string();
    // Fails only if it has ended, or has no `kill` to be ended by; then killed.
    let told = Command::new("kill").args(["-TERM", &id]).status();
    if !told.is_ok_and(|status| status.success()) {
        let _ = child.kill();
    }
    let _ = child.wait();
}

fn interrupted() -> MutexGuard<'static, bool> {
    INTERRUPTED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command).expect("there is a shell")
    }

    #[test]
    fn exit_codes_are_passed_on() {
        assert!(shell("exit 0").is_success());
        assert_eq!(shell("exit 7").exit_code(), ExitCode::from(7));
        assert_eq!(shell("kill -KILL $$").exit_code(), ExitCode::from(137));
        assert_eq!(Outcome::Interrupted.exit_code(), ExitCode::from(130));
    }
}
