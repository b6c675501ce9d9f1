//! The first step: a connection string taken apart, nothing in it understood yet
//! (connection string specification).
//!
//! A string with unescaped characters in its password comes apart in the wrong places.
//! So no error here quotes text that such a password may have leaked into.

use std::fmt;

use zeroize::Zeroize;

use super::hosts::{NamedHost, read_hosts};
use super::naming::{Trail, is_known};
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};

/// What a connection string starts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// `mongodb://`: the hosts are listed.
    #[default]
    Standard,
    /// `mongodb+srv://`: one name, whose DNS records list the hosts.
    Srv,
}

/// User name and perhaps password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// The user name, decoded.
    pub username: String,
    /// The password, decoded.
    pub password: Option<Secret>,
}

/// One `key=value`.
#[derive(Clone, PartialEq, Eq)]
pub struct RawOption {
    /// The key as it was spelled.
    pub key: String,
    /// The value, decoded.
    pub value: String,
}

impl Drop for RawOption {
    /// Some values are secrets.
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// The pieces of a connection string.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts {
    /// The scheme.
    pub scheme: Scheme,
    /// User name and password.
    pub user: Option<UserInfo>,
    /// The hosts, at least one.
    pub hosts: Vec<NamedHost>,
    /// The database after the slash.
    pub database: Option<String>,
    /// The options, in their order.
    pub options: Vec<RawOption>,
}

impl Parts {
    /// Takes `text` apart.
    pub fn read(text: &str) -> Result<Self> {
        let (scheme, rest) = read_scheme(text)?;
        let (authority, after) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = after.split_once('?').unwrap_or((after, ""));
        if path.contains('@') {
            return Err(unescaped("a '/' stands before an '@'"));
        }
        let parts = Self::read_parts(scheme, authority, path, query);
        if !query.contains('@') {
            return parts;
        }
        // A value may have an '@' in it. But a '?' in a password ends the hosts as well, and to
        // go on would be to look for a host of the user's name, at a port of the password's.
        let is_list = |options: &[RawOption]| options.iter().all(|option| is_known(&option.key));
        parts.ok().filter(|parts| !path.is_empty() && is_list(&parts.options)).ok_or_else(|| {
            unescaped("an '@' stands behind a '?', and what stands between them does not read as options")
        })
    }

    fn read_parts(scheme: Scheme, authority: &str, path: &str, query: &str) -> Result<Self> {
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(read_user(user)?), hosts),
            None => (None, authority),
        };
        let path = path.strip_prefix('/').unwrap_or(path);
        Ok(Self {
            scheme,
            user,
            hosts: read_hosts(scheme, hosts)?,
            database: if path.is_empty() { None } else { Some(read_database(path)?) },
            options: read_options(query)?,
        })
    }

    /// All values of an option, in their order; its name in any case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        let named = move |option: &&RawOption| option.key.eq_ignore_ascii_case(name);
        self.options.iter().filter(named).map(|option| option.value.as_str())
    }

    /// Whether the option is given, with whatever value.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }
}

impl fmt::Debug for Parts {
    /// Without the options: some of their values are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = f.debug_struct("Parts");
        parts.field("scheme", &self.scheme).field("user", &self.user).field("hosts", &self.hosts);
        parts.field("database", &self.database).finish_non_exhaustive()
    }
}

/// An error of the connection string.
pub fn invalid(message: impl Into<String>) -> Error {
    Error::new(Kind::InvalidUri, message)
}

fn unescaped(what: &str) -> Error {
    invalid(format!(
        "{what} in the connection string: within user name and password the characters : / ? # [ ] @ % \
         must be percent-encoded"
    ))
}

fn read_scheme(text: &str) -> Result<(Scheme, &str)> {
    if let Some(rest) = text.strip_prefix("mongodb://") {
        return Ok((Scheme::Standard, rest));
    }
    if let Some(rest) = text.strip_prefix("mongodb+srv://") {
        return Ok((Scheme::Srv, rest));
    }
    let seen = text.split_once("://").map(|(scheme, _)| scheme);
    let plain = |scheme: &&str| scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    Err(invalid(match seen.filter(plain) {
        Some(scheme) => format!("the connection string starts with {scheme}:// instead of mongodb://"),
        None => "a connection string starts with mongodb://".to_owned(),
    }))
}

fn read_user(text: &str) -> Result<UserInfo> {
    if text.contains('@') {
        return Err(unescaped("there is a second '@'"));
    }
    let (name, password) = match text.split_once(':') {
        Some((_, password)) if password.contains(':') => return Err(unescaped("there is a second ':'")),
        Some((name, password)) => (name, Some(password)),
        None => (text, None),
    };
    if name.is_empty() {
        return Err(invalid("the connection string has an '@' but no user name in front of it"));
    }
    let decode = |text| decode(text).ok_or_else(|| unescaped("there is a bad '%'"));
    Ok(UserInfo {
        username: decode(name)?,
        password: password.map(|password| decode(password).map(Secret::new)).transpose()?,
    })
}

fn read_database(path: &str) -> Result<String> {
    let name = decode(path)
        .ok_or_else(|| invalid("the database in the connection string has a bad percent-encoding"))?;
    match name.chars().find(|c| ['/', '\\', ' ', '"', '$', '\0'].contains(c)) {
        Some(found) => {
            Err(invalid(format!("the database in the connection string has {found:?} in its name")))
        }
        None => Ok(name),
    }
}

/// The `key=value` pairs between `&`.
pub fn read_options(query: &str) -> Result<Vec<RawOption>> {
    let mut trail = Trail::default();
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| read_option(pair, &mut trail)).collect()
}

fn read_option(pair: &str, trail: &mut Trail) -> Result<RawOption> {
    let Some((key, value)) = pair.split_once('=') else {
        return Err(invalid(format!("{} has no value; options are written key=value", trail.name(pair))));
    };
    let bad = || invalid(format!("{} has a bad percent-encoding", trail.name(key)));
    let (key, value) = (decode(key).ok_or_else(bad)?, decode(value).ok_or_else(bad)?);
    if key.is_empty() {
        return Err(invalid("an option has no name in front of its '='"));
    }
    // Taken for an unknown option it would be passed over, and what it asks for lost.
    if key.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let name = trail.name(&key);
        return Err(invalid(format!("{name} has a space in its name; options are written key=value")));
    }
    trail.pass(&key);
    Ok(RawOption { key, value })
}

/// Decodes `%41` to `A`. `None` if a '%' is not followed by two hexadecimal digits, or if
/// the result is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let (digits, after) = rest.split_first_chunk::<2>()?;
            let digit = |at: usize| char::from(digits[at]).to_digit(16);
            bytes.push((digit(0)? * 16 + digit(1)?) as u8);
            rest = after;
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}
