//! Which errors make a second attempt worth while (retryable reads and retryable writes
//! specifications). Whether an operation may have one at all, its dispatcher decides.

use crate::error::{Error, Kind, label};

/// Codes of a server that is about to go, has just lost its role, or could not reach
/// another one.
const TRANSIENT: [i32; 12] = [
    6,     // HostUnreachable
    7,     // HostNotFound
    89,    // NetworkTimeout
    91,    // ShutdownInProgress
    189,   // PrimarySteppedDown
    262,   // ExceededTimeLimit
    9001,  // SocketException
    10107, // NotWritablePrimary
    11600, // InterruptedAtShutdown
    11602, // InterruptedDueToReplStateChange
    13435, // NotPrimaryNoSecondaryOk
    13436, // NotPrimaryOrSecondary
];
/// Reads alone are also tried again for this one.
const READ_CONCERN_MAJORITY_NOT_AVAILABLE_YET: i32 = 134;
/// `IllegalOperation`.
const ILLEGAL_OPERATION: i32 = 20;
/// From here on (4.4) servers label errors themselves, and drivers must not.
const LABELS_ITS_ERRORS: i32 = 9;

/// Whether a read that failed with this code may be tried once more.
pub fn is_retryable_read_code(code: i32) -> bool {
    code == READ_CONCERN_MAJORITY_NOT_AVAILABLE_YET || TRANSIENT.contains(&code)
}

/// Whether a read that failed so may be tried once more.
pub fn is_retryable_read_error(error: &Error) -> bool {
    match error.kind() {
        Kind::PoolCleared => true,
        Kind::Command | Kind::Authentication => error.code().is_some_and(is_retryable_read_code),
        _ => error.is_network(),
    }
}

/// Whether a write that failed so may be tried once more: it carries the label, from the
/// server or from [`label_retryable_write`].
pub fn is_retryable_write_error(error: &Error) -> bool {
    error.has_label(label::RETRYABLE_WRITE)
}

/// Adds the label `RetryableWriteError` where the driver has to: to network errors, to
/// those of a cleared pool, and for servers that do not label their errors themselves. To
/// be called for operations that may be tried again, on connections with `retryWrites`.
///
/// `max_wire_version` is the server's, if one was reached.
pub fn label_retryable_write(error: Error, max_wire_version: Option<i32>, is_mongos: bool) -> Error {
    let old = max_wire_version.is_some_and(|version| version < LABELS_ITS_ERRORS);
    let code_counts = match error.kind() {
        Kind::Command | Kind::Authentication => {
            old && error.code().is_some_and(|code| TRANSIENT.contains(&code))
        }
        // A mongos speaks of another server's state here, so only a mongod's code counts;
        // the codes of single documents never do.
        Kind::Write => {
            old && !is_mongos && concern_code(&error).is_some_and(|code| TRANSIENT.contains(&code))
        }
        _ => false,
    };
    if code_counts || error.is_network() || error.kind() == Kind::PoolCleared {
        error.with_label(label::RETRYABLE_WRITE)
    } else {
        error
    }
}

/// What the server says when its storage engine knows no numbered writes helps nobody: this
/// says what to do about it.
pub fn explain_missing_numbers(error: Error) -> Error {
    let by_engine =
        error.code() == Some(ILLEGAL_OPERATION) && error.message().starts_with("Transaction numbers");
    if !by_engine {
        return error;
    }
    error.with_message(
        "This MongoDB deployment does not support retryable writes. Please add retryWrites=false to your \
         connection string.",
    )
}

fn concern_code(error: &Error) -> Option<i32> {
    error.write_failure()?.write_concern_error.as_ref().map(|concern| concern.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{WriteConcernError, WriteError, WriteFailure};

    fn command(code: i32) -> Error {
        Error::new(Kind::Command, "no").with_code(code, None)
    }

    fn write(document: Option<i32>, concern: Option<i32>) -> Error {
        let failure = WriteFailure {
            write_errors: document.map(|code| WriteError::new(0, code, "no")).into_iter().collect(),
            write_concern_error: concern.map(|code| WriteConcernError::new(code, "No", "no")),
            ..Default::default()
        };
        Error::new(Kind::Write, "no").with_write_failure(failure)
    }

    #[test]
    fn reads_are_tried_again_for_the_listed_codes_and_broken_sockets() {
        for code in TRANSIENT.into_iter().chain([134]) {
            assert!(is_retryable_read_error(&command(code)), "{code}");
        }
        for code in [1, 50, 11000, 13, 112] {
            assert!(!is_retryable_read_error(&command(code)), "{code}");
        }
        assert!(is_retryable_read_error(&Error::new(Kind::AutoReconnect, "gone").network()));
        assert!(is_retryable_read_error(&Error::new(Kind::PoolCleared, "cleared")));
        assert!(!is_retryable_read_error(&Error::new(Kind::ServerSelection, "none")));
        assert!(!is_retryable_read_error(&Error::new(Kind::WaitQueueTimeout, "late")));
    }

    #[test]
    fn a_write_is_tried_again_for_its_label_alone() {
        assert!(!is_retryable_write_error(&command(10107)));
        assert!(is_retryable_write_error(&command(10107).with_label(label::RETRYABLE_WRITE)));
    }

    /// Retryable writes, prose test 1.
    #[test]
    fn a_storage_engine_without_numbered_writes_is_explained() {
        let error = Error::new(Kind::Command, "Transaction numbers are only allowed on a replica set member");
        let error = explain_missing_numbers(error.with_code(20, Some("IllegalOperation".to_owned())));
        assert_eq!(error.code(), Some(20));
        assert_eq!(
            error.message(),
            "This MongoDB deployment does not support retryable writes. Please add retryWrites=false to your \
             connection string."
        );
        assert_eq!(explain_missing_numbers(command(20)).message(), "no");
    }

    #[test]
    fn the_driver_labels_network_errors_and_old_servers_answers() {
        let labelled =
            |error, version, mongos| is_retryable_write_error(&label_retryable_write(error, version, mongos));
        assert!(labelled(Error::new(Kind::ConnectionFailure, "no").network(), None, false));
        assert!(labelled(Error::new(Kind::PoolCleared, "no"), Some(21), false));
        assert!(labelled(command(91), Some(8), true));
        assert!(!labelled(command(91), Some(9), false));
        assert!(!labelled(command(134), Some(8), false));
        assert!(!labelled(command(91), None, false));
        assert!(labelled(write(None, Some(91)), Some(8), false));
        assert!(!labelled(write(None, Some(91)), Some(8), true));
        assert!(!labelled(write(None, Some(91)), Some(9), false));
        assert!(!labelled(write(Some(91), None), Some(8), false));
    }
}
