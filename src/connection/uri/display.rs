//! A connection string printed again: as it was given, but in one spelling, and with `***` in
//! place of what is secret.

use std::fmt::{self, Write};

use super::ConnectionString;
use super::naming::{PROPERTIES, SECRET, Trail, is_known};
use super::parts::{RawOption, Scheme};

/// Properties that say where something is, not what it is.
const SHOWN: [&str; 5] =
    ["SERVICE_NAME", "SERVICE_REALM", "SERVICE_HOST", "CANONICALIZE_HOST_NAME", "ENVIRONMENT"];
const MASK: &str = "***";

/// As [`ConnectionString`], with its secrets.
#[derive(Clone, Copy)]
pub struct Revealed<'a>(&'a ConnectionString);

impl ConnectionString {
    /// The string with its secrets: what is printed reads as this one does. Not for logs.
    pub fn reveal(&self) -> Revealed<'_> {
        Revealed(self)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, secrets: bool) -> fmt::Result {
        f.write_str(match self.scheme {
            Scheme::Standard => "mongodb://",
            Scheme::Srv => "mongodb+srv://",
        })?;
        if let Some(user) = &self.user {
            encode(f, &user.username, "")?;
            if let Some(password) = &user.password {
                f.write_char(':')?;
                if secrets { encode(f, password.reveal(), "")? } else { f.write_str(MASK)? }
            }
            f.write_char('@')?;
        }
        for (index, host) in self.hosts.iter().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            match (host.unix_path(), self.scheme) {
                (Some(path), _) => encode(f, path, "")?,
                (None, Scheme::Srv) => encode(f, host.host(), "")?,
                (None, Scheme::Standard) => encode(f, &host.to_string(), "[]:")?,
            }
        }
        f.write_char('/')?;
        encode(f, self.database.as_deref().unwrap_or_default(), "")?;
        let mut trail = Trail::default();
        for (index, option) in self.given.iter().enumerate() {
            f.write_char(if index == 0 { '?' } else { '&' })?;
            let hidden = !secrets && trail.hides(&option.key).is_some();
            if hidden {
                f.write_str(MASK)?
            } else {
                encode(f, &option.key, "")?
            }
            f.write_char('=')?;
            if secrets {
                encode(f, &option.value, ",:/")?
            } else {
                masked(f, option)?
            }
            trail.pass(&option.key);
        }
        Ok(())
    }
}

/// With `***` for the password, for values of options that are secret or unknown, and for values
/// of `authMechanismProperties` that may be a token; in one spelling (percent-encoding, a port for
/// each host), the options in their order. What a TXT record added is not shown.
impl fmt::Display for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

/// As it prints, without secrets.
impl fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionString").field(&format_args!("{self}")).finish()
    }
}

impl fmt::Display for Revealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, true)
    }
}

impl fmt::Debug for Revealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

fn masked(f: &mut fmt::Formatter<'_>, option: &RawOption) -> fmt::Result {
    let is = |name: &&str| option.key.eq_ignore_ascii_case(name);
    if SECRET.iter().any(is) {
        return f.write_str(MASK);
    }
    if is(&PROPERTIES) {
        return properties(f, &option.value);
    }
    // A piece of a password that was not encoded can end up in any value, and a secret under a
    // misspelt name.
    let doubtful = !is_known(&option.key) || option.value.contains('@');
    if doubtful { f.write_str(MASK) } else { encode(f, &option.value, ",:/") }
}

/// An entry without a `:` may be the tail of a token that had a comma in it.
fn properties(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (index, entry) in text.split(',').enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        match entry.split_once(':') {
            Some((name, value)) if SHOWN.iter().any(|shown| name.eq_ignore_ascii_case(shown)) => {
                encode(f, name, "")?;
                f.write_char(':')?;
                encode(f, value, ":/")?;
            }
            Some((name, _)) if name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') => {
                write!(f, "{name}:{MASK}")?;
            }
            _ => f.write_str(MASK)?,
        }
    }
    Ok(())
}

/// Percent-encodes all that is neither unreserved (RFC 3986, section 2.3) nor one of `plain`.
fn encode(f: &mut fmt::Formatter<'_>, text: &str, plain: &str) -> fmt::Result {
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || (byte.is_ascii() && plain.contains(c)) {
            f.write_char(c)?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ConnectionString {
        ConnectionString::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let text = "mongodb://m%40e:hunter2@A:1,[::1],%2Ftmp%2Fx.sock/d%3Db?proxyHost=p&proxyUsername=u\
                    &PROXYpassword=hunter2&tlsCertificateKeyFilePassword=hunter2\
                    &authMechanismProperties=AWS_SESSION_TOKEN:hunter2,SERVICE_NAME:it,hunter2&w=1&x=a%40b";
        assert_eq!(
            read(text).to_string(),
            "mongodb://m%40e:***@a:1,[::1]:27017,%2Ftmp%2Fx.sock/d%3Db?proxyHost=p&proxyUsername=u\
             &PROXYpassword=***&tlsCertificateKeyFilePassword=***\
             &authMechanismProperties=AWS_SESSION_TOKEN:***,SERVICE_NAME:it,***&w=1&***=***"
        );
        let debugged = format!("{:?} {:?}", read(text), read(text).reveal());
        assert!(!debugged.contains("hunter2") && debugged.contains("***"), "{debugged}");
        let pieces = "mongodb://a/?colour=red&proxyHost=p&proxyUsername=u&proxyPassword=x&hunter2=hunter2&maxPolSize=5";
        assert_eq!(
            read(pieces).to_string(),
            "mongodb://a:27017/?colour=***&proxyHost=p&proxyUsername=u&proxyPassword=***&***=***&maxPolSize=***"
        );
        assert!(!format!("{:?}", read("mongodb://a/?proxyPasword=hunter2")).contains("hunter2"));
        let token = "mongodb://a/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:gcp,TOKEN_RESOURCE:x";
        assert!(read(token).to_string().ends_with("ENVIRONMENT:gcp,TOKEN_RESOURCE:***"), "{}", read(token));
    }

    #[test]
    fn what_is_revealed_reads_as_the_same() {
        for text in [
            "mongodb://a",
            "mongodb+srv://me:p%25w%3A%2F@a.b.c/db?srvMaxHosts=2&tls=false",
            "mongodb://a,b:2,[fe80::1]:3/?readPreferenceTags=dc:ny,rack:1&readPreferenceTags=&readPreference=nearest",
            "mongodb://b%C3%BCcher.example,%2Ftmp%2FX%20y.sock/d.c?appName=%26%3D%3F&maxPolSize=5",
            "mongodb://u@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:a%25b",
        ] {
            let (first, revealed) = (read(text), read(text).reveal().to_string());
            assert_eq!(read(&revealed), first, "{revealed}");
        }
    }
}
