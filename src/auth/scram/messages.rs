//! The server's messages of SCRAM (RFC 5802, section 7), read. They come from whoever
//! answers; nothing in them is believed before the signature is right.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Fewer iterations would make a stolen proof cheap to search; the specification's limit.
pub const LEAST_ITERATIONS: u32 = 4096;
/// More would let whoever answers have us hash for as long as it likes. This is more than a
/// hundred times the servers' default, above what is recommended to new systems (1,300,000
/// with SHA-1), and some two seconds of one processor.
pub const MOST_ITERATIONS: u32 = 2_000_000;
/// No message of a server is longer: nonces and salts have some tens of bytes.
pub const LONGEST: usize = 8 * 1024;

/// The server-first-message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFirst<'a> {
    /// The client's nonce, and the server's behind it.
    pub nonce: &'a str,
    /// The user's salt.
    pub salt: Vec<u8>,
    /// How often to hash.
    pub iterations: u32,
}

/// The server-final-message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFinal {
    /// It knows the keys, it says, and proves it by this.
    Signature(Vec<u8>),
    /// It gives up, for a reason of the RFC.
    Refusal(String),
}

impl<'a> ServerFirst<'a> {
    /// Reads a message that must go on with `client_nonce`. A sentence says what is wrong.
    pub fn read(payload: &'a [u8], client_nonce: &str) -> Result<Self, String> {
        let mut attributes = Attributes::of(payload)?;
        if let Some(reason) = attributes.refusal() {
            return Err(refused(reason));
        }
        if attributes.rest.starts_with("m=") {
            return Err("the server asks for an extension of SCRAM that nobody knows".to_owned());
        }
        let nonce = attributes.take("r", "nonce")?;
        let salt = attributes.take("s", "salt")?;
        let iterations = attributes.take("i", "iteration count")?;
        // What follows are extensions, which who does not know them passes over.
        if nonce.strip_prefix(client_nonce).is_none_or(str::is_empty) {
            return Err(
                "the server's nonce does not continue the one that was sent to it: it answers somebody else"
                    .to_owned(),
            );
        }
        if !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the server's nonce has characters in it that no nonce has".to_owned());
        }
        let salt = STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty());
        let salt = salt.ok_or("the server's salt is not base64")?;
        Ok(Self { nonce, salt, iterations: count(iterations)? })
    }
}

impl ServerFinal {
    /// Reads a message.
    pub fn read(payload: &[u8]) -> Result<Self, String> {
        let mut attributes = Attributes::of(payload)?;
        if let Some(reason) = attributes.refusal() {
            return Ok(Self::Refusal(refused(reason)));
        }
        let signature = STANDARD.decode(attributes.take("v", "signature")?);
        signature.map(Self::Signature).map_err(|_| "the server's signature is not base64".to_owned())
    }
}

/// `a=...,b=...`, taken from the left.
struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    fn of(payload: &'a [u8]) -> Result<Self, String> {
        if payload.len() > LONGEST {
            return Err(format!("the server's message has {} bytes, more than any has", payload.len()));
        }
        let rest = std::str::from_utf8(payload).map_err(|_| "the server's message is no text")?;
        Ok(Self { rest })
    }

    /// The value of the next attribute, which must have this name.
    fn take(&mut self, name: &str, what: &str) -> Result<&'a str, String> {
        let (attribute, rest) = self.rest.split_once(',').unwrap_or((self.rest, ""));
        let value = attribute.strip_prefix(name).and_then(|value| value.strip_prefix('='));
        match value {
            Some(value) if !value.is_empty() => {
                self.rest = rest;
                Ok(value)
            }
            _ => Err(format!("the server's message has no {what} where it belongs")),
        }
    }

    fn refusal(&self) -> Option<&'a str> {
        self.rest.strip_prefix("e=")
    }
}

/// A reason of the RFC, or none: other text is not repeated.
fn refused(reason: &str) -> String {
    let reason = reason.split(',').next().unwrap_or_default();
    let known = reason.len() <= 64 && reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if known && !reason.is_empty() {
        format!("the server refused: {reason}")
    } else {
        "the server refused".to_owned()
    }
}

fn count(text: &str) -> Result<u32, String> {
    let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err("the server's iteration count is no number".to_owned());
    }
    match text.parse::<u32>() {
        Ok(count) if count < LEAST_ITERATIONS => Err(format!(
            "the server asks for {count} iterations, fewer than the {LEAST_ITERATIONS} that are safe; it may \
             not be the server it claims to be"
        )),
        Ok(count) if count <= MOST_ITERATIONS => Ok(count),
        // It may not even be a number of 32 bits.
        _ => Err(format!(
            "the server asks for more than {MOST_ITERATIONS} iterations, the most this driver does"
        )),
    }
}
