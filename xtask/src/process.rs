//! Child processes, and what happens to them on Ctrl-C.
//!
//! An interrupt does not end this process by itself: it ends the child that runs,
//! then the command returns, and with that its servers are stopped.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
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
    let child = spawn(&mut command)?;
    watch(child, &command)
}

/// The same, and what the child printed on its standard output.
pub fn read(mut command: Command) -> Result<(Outcome, String), Failure> {
    if wait_for_interrupt(Duration::ZERO) {
        return Ok((Outcome::Interrupted, String::new()));
    }
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut output = child.stdout.take().expect("standard output is piped");
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let outcome = watch(child, &command)?;
    // Children of the child may hold its output; they are not waited for.
    if outcome == Outcome::Interrupted {
        return Ok((outcome, String::new()));
    }
    let text = reader.join().expect("reading does not panic");
    Ok((outcome, text.map_err(|error| failure(&command, &error))?))
}

fn spawn(command: &mut Command) -> Result<Child, Failure> {
    let spawned = command.stdin(Stdio::null()).spawn();
    spawned.map_err(|error| failure(command, &error))
}

fn failure(command: &Command, error: &io::Error) -> Failure {
    Failure::Because(format!("{}: {error}", command.get_program().display()))
}

fn watch(mut child: Child, command: &Command) -> Result<Outcome, Failure> {
    loop {
        if let Some(status) = child.try_wait().map_err(|error| failure(command, &error))? {
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

    #[test]
    fn output_is_read_to_its_end() {
        let mut command = Command::new("sh");
        // More than a pipe holds.
        command.args(["-c", "yes | head -c 200000; echo end; exit 3"]);
        let (outcome, text) = read(command).expect("there is a shell");
        assert_eq!(outcome.exit_code(), ExitCode::from(3));
        assert_eq!((text.len(), text.ends_with("end\n")), (200_004, true));
    }
}
