//! Which options are known, and which names of others may be shown. A '&' in a secret that was
//! not percent-encoded ends its value there, and what follows is read as further options: so
//! behind an option that carries a secret, an unknown name may be a piece of it. Read by the
//! parts of a string, by warnings and by printing; nothing here looks at values.

use super::nearest::nearest;
use super::{DEPRECATED, KNOWN};

/// Options that are a secret as a whole.
pub const SECRET: [&str; 2] = ["tlsCertificateKeyFilePassword", "proxyPassword"];
/// The option that is a list of `NAME:value`, of which some are secrets.
pub const PROPERTIES: &str = "authMechanismProperties";
/// The option that drivers of one thread have.
pub const TRY_ONCE: &str = "serverSelectionTryOnce";
/// A word that differs from a name of so many letters by one or two is that name, misspelt; of
/// shorter ones ("tls", "journal") it may be a word of its own.
const TELLING: usize = 8;

/// Where a reader stands among the options, from the first to the last.
#[derive(Debug, Default)]
pub struct Trail {
    /// The latest option that carries a secret.
    behind: Option<&'static str>,
}

impl Trail {
    /// The option whose secret the name of the next one may be a piece of; then it must not
    /// be shown.
    pub fn hides(&self, key: &str) -> Option<&'static str> {
        self.behind.filter(|_| !is_known(key) && !is_misspelt(key))
    }

    /// What to call the next option in a message.
    pub fn name(&self, key: &str) -> String {
        match self.hides(key) {
            None => format!("the option {key:?}"),
            Some(bearer) => {
                format!("an option behind {bearer} (if it is a piece of that value, write its '&' as %26)")
            }
        }
    }

    /// Goes on to the one behind this.
    pub fn pass(&mut self, key: &str) {
        let bearers = [SECRET[0], SECRET[1], PROPERTIES];
        let exact = bearers.into_iter().find(|name| name.eq_ignore_ascii_case(key));
        // Who has its name wrong gives the secret all the same.
        self.behind = exact.or_else(|| nearest(key, &bearers)).or(self.behind);
    }
}

/// Whether an option of this name is read, or left out on purpose.
pub fn is_known(key: &str) -> bool {
    KNOWN.iter().chain(&DEPRECATED).chain(&[TRY_ONCE]).any(|name| key.eq_ignore_ascii_case(name))
}

fn is_misspelt(key: &str) -> bool {
    nearest(key, &KNOWN).is_some_and(|name| name.len() >= TELLING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(passed: &[&str]) -> Trail {
        let mut trail = Trail::default();
        passed.iter().for_each(|key| trail.pass(key));
        trail
    }

    #[test]
    fn behind_a_secret_only_names_that_are_nearly_known_are_shown() {
        let trail = behind(&["w", "PROXYpassword", "appName"]);
        assert_eq!(trail.hides("ter2"), Some("proxyPassword"));
        // Too near to "tls" and "journal" to tell.
        assert!(trail.hides("tlss").is_some() && trail.hides("journey").is_some());
        for shown in ["tls", "j", "serverselectiontryonce", "maxPolSize", "proxyUserame"] {
            assert_eq!(trail.hides(shown), None, "{shown}");
        }
        assert_eq!(trail.name("maxPolSize"), "the option \"maxPolSize\"");
        assert!(!trail.name("ter2").contains("ter2"));
    }

    #[test]
    fn the_secret_is_one_under_a_misspelt_name_too() {
        assert_eq!(behind(&["proxyPasword"]).hides("x"), Some("proxyPassword"));
        assert_eq!(behind(&["authMechanismPropertys"]).hides("x"), Some(PROPERTIES));
        assert_eq!(behind(&["tlsCertificateKeyFile", "proxyUsername", "maxPolSize"]).hides("x"), None);
    }
}
