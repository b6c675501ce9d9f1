//! Whether a failed attempt is repeated, when, and which of several errors the caller gets
//! (retryable reads, retryable writes and client back-pressure specifications). Plain.

use std::fmt;
use std::time::Duration;

use super::operation::{CommandKind, Plan, Retry};
use super::shared::DispatchOptions;
use crate::command::retryability::{is_retryable_read_error, is_retryable_write_error};
use crate::error::{Error, Kind, label};
use crate::topology::Criteria;
use crate::wire::walk::Walk;

/// Repeats of an operation without a timeout.
const REPEATS: u32 = 1;
/// The first repeat after an overload error waits up to twice this long.
const BASE_BACKOFF: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// What an operation has behind it.
#[derive(Debug, Default)]
pub struct Retries {
    repeats: u32,
    /// One of its errors was an overload error: that limits all further repeats.
    overloaded: bool,
}

/// What comes after an error.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// The caller gets it.
    Stop,
    /// One more attempt.
    Again {
        /// Not before this has passed.
        backoff: Option<Duration>,
        /// On another server, if there is one.
        elsewhere: bool,
    },
}

/// Where an attempt failed.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Behind routers, which are all alike.
    pub sharded: bool,
    /// What is left of the operation's timeout, if it has one.
    pub left: Option<Duration>,
}

impl Retries {
    /// Repeats so far.
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// Judges an error; counts the repeat that it allows.
    pub fn judge(
        &mut self,
        options: &DispatchOptions,
        plan: &Plan,
        error: &Error,
        around: Circumstances,
    ) -> Verdict {
        let overload = error.has_label(label::SYSTEM_OVERLOADED);
        self.overloaded |= overload;
        let most = match (self.overloaded, around.left) {
            (true, _) => options.max_adaptive_retries,
            (false, Some(_)) => u32::MAX,
            (false, None) => REPEATS,
        };
        if self.repeats >= most || !sensible(options, plan, error) {
            return Verdict::Stop;
        }
        let backoff = overload.then(|| {
            let base = base_backoff(error).unwrap_or(BASE_BACKOFF);
            backoff(options.jitter.draw(), base, self.repeats + 1)
        });
        if around.left.is_some_and(|left| backoff.is_some_and(|backoff| backoff > left)) {
            return Verdict::Stop;
        }
        self.repeats += 1;
        let elsewhere = around.sharded || (overload && options.overload_retargeting);
        Verdict::Again { backoff, elsewhere }
    }
}

/// Whether this error is one after which to try once more, were there an attempt left.
pub fn sensible(options: &DispatchOptions, plan: &Plan, error: &Error) -> bool {
    let unseen = match plan.kind {
        CommandKind::Own => false,
        CommandKind::Read => options.retry_reads,
        CommandKind::Write => options.retry_writes,
        CommandKind::Any => options.retry_reads && options.retry_writes,
    };
    if unseen && is_retryable_overload(error) {
        return true;
    }
    // Neither for a cursor's batch, nor where all goes over one socket: another one would not do.
    if matches!(plan.target, Criteria::Server(_)) || plan.via.is_bound() {
        return false;
    }
    match plan.retry {
        Retry::Never => false,
        Retry::Read => options.retry_reads && is_retryable_read_error(error),
        Retry::Write => options.retry_writes && is_retryable_write_error(error),
    }
}

/// The server refused the command unseen, because it has too much to do.
fn is_retryable_overload(error: &Error) -> bool {
    error.has_label(label::SYSTEM_OVERLOADED) && error.has_label(label::RETRYABLE)
}

/// How long to wait before a repeat, the first being 1.
fn backoff(jitter: f64, base: Duration, repeat: u32) -> Duration {
    let longest = base.saturating_mul(2_u32.saturating_pow(repeat)).min(LONGEST_BACKOFF);
    longest.mul_f64(jitter.clamp(0.0, 1.0))
}

/// What the server asks for in place of [`BASE_BACKOFF`].
fn base_backoff(error: &Error) -> Option<Duration> {
    let mut elements = Walk::over(error.server_response()?).map_while(Result::ok);
    let millis = elements.find(|element| element.key == b"baseBackoffMS")?.as_i64()?;
    u64::try_from(millis).ok().filter(|millis| *millis > 0).map(Duration::from_millis)
}

/// The errors of one operation's attempts: which one the caller gets, and what is to be
/// said of all of them.
#[derive(Debug, Default)]
pub struct Errors {
    told: Option<Error>,
    /// The outcome of some attempt is unknown.
    may_have_run: bool,
}

impl Errors {
    /// Takes a further error in. The latest of those by which something was attempted wins;
    /// if there is none, the first does.
    pub fn add(&mut self, error: Error) {
        self.may_have_run |= error.may_have_run();
        if self.told.is_none() || was_attempted(&error) {
            self.told = Some(error);
        }
    }

    /// The last error is there: what the caller gets.
    pub fn end(&mut self, last: Error) -> Error {
        let timed_out = last.kind() == Kind::Timeout && !was_attempted(&last);
        if timed_out && let Some(before) = self.told.take() {
            // The operation's own timeout is what ended it; what was to be repaired is
            // its cause.
            let ran = self.may_have_run || last.may_have_run();
            return last.ran(ran).with_source(before);
        }
        self.add(last);
        let ran = self.may_have_run;
        let told =
            self.told.take().unwrap_or_else(|| Error::new(Kind::Internal, "an error without an error"));
        told.ran(ran)
    }
}

/// Whether the attempt that failed so may have done something: it reached a server, which
/// did not say that it did nothing.
fn was_attempted(error: &Error) -> bool {
    let reached = matches!(error.kind(), Kind::Command | Kind::Write) || error.may_have_run();
    reached && !error.has_label(label::NO_WRITES_PERFORMED)
}

/// Where the random part of waits comes from.
#[derive(Clone, Copy)]
pub struct Jitter(fn() -> f64);

impl Jitter {
    /// Numbers from 0 to 1 from this function.
    pub fn new(draw: fn() -> f64) -> Self {
        Self(draw)
    }

    fn draw(self) -> f64 {
        (self.0)()
    }
}

impl Default for Jitter {
    fn default() -> Self {
        Self(fastrand::f64)
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}

#[cfg(test)]
mod tests;
