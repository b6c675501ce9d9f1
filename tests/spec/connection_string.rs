//! Cases of connection strings and of their options: what is read, what is an error, and
//! what gives a warning.

use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};

use actix_mongo::connection::uri::ConnectionString;
use serde_json::Value;

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{json, uri_options};

/// One case for each entry of `tests`.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    each(file, content, |file, name, test| match uri_options::not_here(test) {
        Some(reason) => Case::skipped(file, name, reason),
        None => {
            let test = test.clone();
            Case::new(file, name, move |_| run(&test))
        }
    })
}

/// Makes a case of each entry of `tests`, by its description.
pub fn each(file: &TestFile, content: &Value, case: impl Fn(&TestFile, &str, &Value) -> Case) -> Vec<Case> {
    let case = |test: &Value| Ok(case(file, json::text(test, "description")?, test));
    let cases = json::array(content, "tests").and_then(|tests| match tests {
        [] => Err("the file has no 'tests'".to_owned()),
        tests => tests.iter().map(case).collect(),
    });
    cases.unwrap_or_else(|error| vec![Case::new(file, "", |_| Err(error))])
}

fn run(test: &Value) -> Result<(), String> {
    let read = ConnectionString::read(json::text(test, "uri")?);
    let Some(read) = validity(test, read)? else { return Ok(()) };
    printed_again(&read)?;
    if let Some(expected) = given(test, "warning") {
        let expected = expected.as_bool().ok_or("'warning' is not a boolean")?;
        if expected == read.warnings.is_empty() {
            return Err(format!("the warnings are {:?}", read.warnings));
        }
    }
    if given(test, "hosts").is_some() {
        hosts(&read, json::array(test, "hosts")?)?;
    }
    if let Some(auth) = given(test, "auth") {
        credentials(&read, auth)?;
    }
    match given(test, "options") {
        Some(options) => uri_options::compare(&read, options),
        None => Ok(()),
    }
}

/// A string prints as one that reads the same; without its secrets it can be read as well.
fn printed_again(read: &ConnectionString) -> Result<(), String> {
    let revealed = read.reveal().to_string();
    let again = ConnectionString::read(&revealed).map_err(|error| format!("{revealed}: {error}"))?;
    if again != *read || again.reveal().to_string() != revealed {
        return Err(format!("printed again it is {revealed}, which reads as another one"));
    }
    let masked = read.to_string();
    let masked_user = ConnectionString::read(&masked).map_err(|error| format!("{masked}: {error}"))?.user;
    match masked_user.and_then(|user| user.password) {
        Some(password) if password.reveal() != "***" => Err(format!("{masked} has a password")),
        _ => Ok(()),
    }
}

/// What was read, if it should have been; `None` if it should not, and was not.
pub fn validity<T, E: Display>(test: &Value, read: Result<T, E>) -> Result<Option<T>, String> {
    let valid = json::field(test, "valid")?.as_bool().ok_or("'valid' is not a boolean")?;
    match (read, valid) {
        (Ok(read), true) => Ok(Some(read)),
        (Err(_), false) => Ok(None),
        (Ok(_), false) => Err("no error".to_owned()),
        (Err(error), true) => Err(format!("an error: {error}")),
    }
}

/// A field about which something is to be asserted.
fn given<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|value| !value.is_null())
}

fn hosts(read: &ConnectionString, expected: &[Value]) -> Result<(), String> {
    let mut addresses = read.hosts.iter();
    for host in expected {
        let (name, kind) = (json::text(host, "host")?, given(host, "type").and_then(Value::as_str));
        let found = addresses.next().map(|address| match address.unix_path() {
            Some(path) => (path, "unix", None),
            None => (address.host(), kind_of(address.host()), Some(address.port())),
        });
        let (found_name, found_kind, found_port) = found.ok_or_else(|| format!("there is no {name}"))?;
        if found_name != name || kind.is_some_and(|kind| kind != found_kind) {
            return Err(format!("the host is {found_name} ({found_kind}), not {name} ({kind:?})"));
        }
        if let Some(port) = given(host, "port")
            && found_port.map(i64::from) != Some(json::integer(port)?)
        {
            return Err(format!("the port of {name} is {found_port:?}, not {port}"));
        }
    }
    match addresses.next() {
        None => Ok(()),
        more => Err(format!("there are more hosts: {more:?}")),
    }
}

fn kind_of(host: &str) -> &'static str {
    if host.parse::<Ipv4Addr>().is_ok() {
        "ipv4"
    } else if host.parse::<Ipv6Addr>().is_ok() {
        "ip_literal"
    } else {
        "hostname"
    }
}

fn credentials(read: &ConnectionString, expected: &Value) -> Result<(), String> {
    let user = read.user.as_ref();
    let found = [
        ("username", user.map(|user| user.username.as_str())),
        ("password", user.and_then(|user| user.password.as_ref()).map(|password| password.reveal())),
        ("db", read.database.as_deref()),
    ];
    for (name, found) in found {
        if given(expected, name).is_some() && Some(json::text(expected, name)?) != found {
            return Err(format!("{name} is {found:?}, not {}", expected[name]));
        }
    }
    Ok(())
}
