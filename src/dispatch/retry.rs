//! Whether a failed attempt may be repeated.

use super::call::is_bound;
use super::operation::{Plan, Retry};
use super::shared::Core;
use crate::command::retryability::{is_retryable_read_error, is_retryable_write_error};
use crate::error::Error;

/// Repeats per operation (retryable reads and writes specifications).
const REPEATS: u32 = 1;

/// Whether to try once more after this error, with so many repeats behind.
pub fn allowed(core: &Core, plan: &Plan, error: &Error, repeats: u32) -> bool {
    repeats < REPEATS && sensible(core, plan, error)
}

/// Whether this error is one after which to try once more, were there an attempt left.
pub fn sensible(core: &Core, plan: &Plan, error: &Error) -> bool {
    if is_bound(&plan.target) {
        return false;
    }
    match plan.retry {
        Retry::Never => false,
        Retry::Read => core.options.retry_reads && is_retryable_read_error(error),
        Retry::Write => core.options.retry_writes && is_retryable_write_error(error),
    }
}
