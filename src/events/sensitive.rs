//! Which commands may tell a secret, and what is left of them (command logging and monitoring
//! specification, "Security").

use bson::RawDocument;

use crate::error::Error;

/// What replaces the server's sentence.
const REDACTED: &str = "REDACTED";

/// Commands whose name says it all, in lower case.
const NAMES: [&str; 9] = [
    "authenticate",
    "saslstart",
    "saslcontinue",
    "getnonce",
    "createuser",
    "updateuser",
    "copydbgetnonce",
    "copydbsaslstart",
    "copydb",
];

/// Whether this command, or its reply, may tell a secret.
pub fn is_sensitive(name: &str, command: &RawDocument) -> bool {
    let one_of = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
    one_of(&NAMES)
        || (one_of(&["hello", "ismaster"])
            && matches!(command.get("speculativeAuthenticate"), Ok(Some(_)) | Err(_)))
}

/// An error without what a server said in words. The driver's own errors tell no secret.
pub fn redacted(error: &Error) -> Error {
    if error.server_response().is_none() {
        return error.clone();
    }
    let mut left = Error::new(error.kind(), REDACTED);
    if let Some(code) = error.code() {
        left = left.with_code(code, error.code_name().map(ToOwned::to_owned));
    }
    for label in error.labels() {
        left = left.with_label(label);
    }
    left
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn names_count_in_any_case_and_hellos_by_what_they_carry() {
        let plain = rawdoc! { "x": 1 };
        for name in ["authenticate", "saslStart", "SASLCONTINUE", "createUser", "copydb", "copydbgetnonce"] {
            assert!(is_sensitive(name, &plain), "{name}");
        }
        let speculative = rawdoc! { "hello": 1, "speculativeAuthenticate": { "saslStart": 1 } };
        for name in ["hello", "isMaster", "ismaster"] {
            assert!(is_sensitive(name, &speculative), "{name}");
            assert!(!is_sensitive(name, &plain), "{name}");
        }
        assert!(!is_sensitive("find", &speculative));
    }

    #[test]
    fn a_servers_error_keeps_code_name_and_labels() {
        let error = Error::new(Kind::Command, "no user bob with password x")
            .with_code(18, Some("AuthenticationFailed".into()))
            .with_label("L")
            .with_response(rawdoc! { "errmsg": "secret" });
        let left = redacted(&error);
        assert_eq!(left.to_string(), "REDACTED (code 18, AuthenticationFailed)");
        assert_eq!(left.labels(), ["L"]);
        assert!(left.server_response().is_none());
        assert!(!format!("{left:?}").contains("secret"));
        assert_eq!(redacted(&Error::new(Kind::Timeout, "late")).message(), "late");
    }
}
