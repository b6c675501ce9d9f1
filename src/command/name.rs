//! The rules for names of databases and collections, so that a bad one is told at once
//! and not by the first command that uses it.

use crate::error::{Error, Kind, Result};

/// The longest name of a database, in bytes.
const LONGEST_DATABASE: usize = 63;
/// The longest `database.collection`, in bytes.
const LONGEST_NAMESPACE: usize = 255;
/// What no database name may hold. Servers on Windows refuse more; they say so themselves.
const NOT_IN_DATABASE: [char; 7] = ['/', '\\', '.', ' ', '"', '$', '\0'];
/// The database of users that are known outside of the server.
const EXTERNAL: &str = "$external";

/// Whether a database may have this name.
pub fn check_database(name: &str) -> Result<()> {
    if name == EXTERNAL {
        return Ok(());
    }
    let why = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.len() > LONGEST_DATABASE {
        format!("it has {} bytes, and at most {LONGEST_DATABASE} are allowed", name.len())
    } else if let Some(found) = name.chars().find(|c| NOT_IN_DATABASE.contains(c)) {
        format!("it has {found:?} in it, which is one of the characters / \\ . space \" $ and NUL")
    } else {
        return Ok(());
    };
    Err(invalid("database", name, &why))
}

/// Whether a collection of this database may have this name.
pub fn check_collection(database: &str, name: &str) -> Result<()> {
    let whole = database.len() + 1 + name.len();
    let why = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.contains('\0') {
        "it has a NUL character in it".to_owned()
    } else if name.contains('$') && !(database == "local" && name == "oplog.$main") {
        "it has '$' in it, which servers keep for their own names".to_owned()
    } else if name.starts_with('.') || name.ends_with('.') {
        "it starts or ends with '.'".to_owned()
    } else if name.contains("..") {
        "it has '..' in it".to_owned()
    } else if whole > LONGEST_NAMESPACE {
        format!("with its database's name it has {whole} bytes, and at most {LONGEST_NAMESPACE} are allowed")
    } else {
        return Ok(());
    };
    Err(invalid("collection", name, &why))
}

fn invalid(what: &str, name: &str, why: &str) -> Error {
    Error::new(Kind::InvalidName, format!("a {what} can't have the name {name:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(result: Result<()>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidName);
        error.to_string()
    }

    #[test]
    fn usual_names_pass() {
        for name in ["a", "test", "Größe", "a-b_c", "a*b", "$external", &"x".repeat(63)] {
            check_database(name).unwrap();
        }
        for name in ["a", "system.profile", "a b/c", "a.b.c", "größe", &"x".repeat(250)] {
            check_collection("test", name).unwrap();
        }
        check_collection("local", "oplog.$main").unwrap();
    }

    #[test]
    fn each_rule_for_databases_is_told_by_name() {
        assert_eq!(why(check_database("")), "a database can't have the name \"\": it is empty");
        for forbidden in NOT_IN_DATABASE {
            let text = why(check_database(&format!("a{forbidden}b")));
            assert!(text.contains(&format!("it has {forbidden:?} in it")), "{text}");
        }
        assert!(why(check_database(&"x".repeat(64))).contains("it has 64 bytes, and at most 63"));
        assert!(why(check_database("$externals")).contains("'$'"));
    }

    #[test]
    fn each_rule_for_collections_is_told_by_name() {
        let refused = |name: &str| why(check_collection("test", name));
        assert!(refused("").contains("it is empty"));
        assert!(refused("a\0b").contains("NUL"));
        assert!(refused("$a").contains("'$'") && refused("a$").contains("'$'"));
        assert!(refused("oplog.$main").contains("'$'"));
        assert!(refused(".a").contains("starts or ends") && refused("a.").contains("starts or ends"));
        assert!(refused("a..b").contains("'..'"));
        assert!(refused(&"x".repeat(251)).contains("it has 256 bytes, and at most 255"));
    }
}
