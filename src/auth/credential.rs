//! Who the user is: [`Credential`], as an application gives it, and [`Identity`], the same
//! made complete and checked by the rules of its mechanism (auth specification).

use super::mechanism::{EXTERNAL, Mechanism, Need};
use super::secret::Secret;
use crate::error::{AuthenticationFailure, Error, Kind, Result};

/// Who the user is, and how to prove it.
///
/// ```
/// use actix_mongo::{Credential, Mechanism};
///
/// let credential = Credential::new("me", "secret")
///     .source("accounts")
///     .mechanism(Mechanism::ScramSha256);
/// assert!(!format!("{credential:?}").contains("secret"));
/// ```
///
/// The password is overwritten in memory when the last copy of it is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "it does nothing before `Builder::credential`"]
pub struct Credential {
    username: Option<String>,
    password: Option<Secret>,
    source: Option<String>,
    mechanism: Option<Mechanism>,
    properties: Vec<(String, Secret)>,
}

impl Credential {
    /// A user with a password. The mechanism is the best SCRAM that server and user have,
    /// unless [`mechanism`](Self::mechanism) says otherwise.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { username: Some(username.into()), password: Some(password.into()), ..Self::default() }
    }

    /// The user whom the client's certificate names (`MONGODB-X509`).
    pub fn x509() -> Self {
        Self { mechanism: Some(Mechanism::MongodbX509), ..Self::default() }
    }

    /// The user name. With `MONGODB-X509` it is the subject of the certificate (RFC 2253), and
    /// seldom needed: the server knows it.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The database that knows the user (`authSource`). Default: that of the connection string
    /// (`authSource`, else the database after the slash), else `admin`; for `PLAIN` it is
    /// `$external` in place of `admin`, and for `MONGODB-X509` always `$external`.
    pub fn source(mut self, database: impl Into<String>) -> Self {
        self.source = Some(database.into());
        self
    }

    /// The mechanism, and no other. Default: of SCRAM-SHA-256 and SCRAM-SHA-1 the first that
    /// the server says the user has.
    pub fn mechanism(mut self, mechanism: Mechanism) -> Self {
        self.mechanism = Some(mechanism);
        self
    }

    /// A property of the mechanism (`authMechanismProperties`), its name in any case. Of two
    /// calls with one name the later counts. None of the mechanisms of this build takes any;
    /// connecting then fails with [`Kind::InvalidArgument`].
    pub fn mechanism_property(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        let name = name.into().to_uppercase();
        self.properties.retain(|(other, _)| *other != name);
        self.properties.push((name, value.into()));
        self
    }

    /// From its parts, as a connection string has them.
    pub(crate) fn of_parts(
        username: Option<String>,
        password: Option<Secret>,
        source: String,
        mechanism: Option<Mechanism>,
        properties: Vec<(String, Secret)>,
    ) -> Self {
        Self { username, password, source: Some(source), mechanism, properties }
    }
}

/// A credential with all that its mechanism needs.
#[derive(Debug)]
pub struct Identity {
    username: String,
    password: Secret,
    source: String,
    mechanism: Option<Mechanism>,
}

impl Identity {
    /// Completes a credential; `source` is the database that knows the user if the credential
    /// names none. Fails with [`Kind::Unsupported`] for a mechanism that this build does not
    /// have, and with [`Kind::InvalidArgument`] if the mechanism can't do with what is given.
    pub fn new(credential: &Credential, source: Option<&str>) -> Result<Self> {
        // Without a name the server is asked, and of its answer only SCRAM is taken. The two
        // of its kind have the same rules.
        let rules = credential.mechanism.unwrap_or(Mechanism::ScramSha256);
        if !rules.is_built() {
            let sentence = format!("{rules} is an authentication mechanism that this build does not have");
            return Err(Error::new(Kind::Unsupported, sentence));
        }
        let invalid = |sentence: String| Err(Error::new(Kind::InvalidArgument, sentence));
        let username = credential.username.as_deref();
        // An empty name is none: of nobody anything can be proved.
        let named = username.is_some_and(|name| !name.is_empty());
        let parts = [
            ("a user name", rules.username(), named),
            ("a password", rules.password(), credential.password.is_some()),
        ];
        for (what, need, given) in parts {
            match (need, given) {
                (Need::Required, false) => {
                    return invalid(format!("{rules} needs {what}, and none is given"));
                }
                (Need::Forbidden, true) => return invalid(format!("{rules} takes no {}", &what[2..])),
                _ => {}
            }
        }
        if username.is_some_and(|name| name.contains('\0')) {
            return invalid("the user name has a zero byte in it".to_owned());
        }
        if rules == Mechanism::Plain && credential.password().contains('\0') {
            return invalid("the password has a zero byte in it, which PLAIN can't send".to_owned());
        }
        // Not shown: one may be the tail of a token that holds a comma.
        if !credential.properties.is_empty() {
            return invalid(format!("{rules} takes no mechanism properties"));
        }
        let source = match (credential.source.as_deref(), source) {
            (Some(""), _) => return invalid("authSource is empty; it names the database".to_owned()),
            (Some(given), _) if rules.is_external() && given != EXTERNAL => {
                return invalid(format!("{rules} takes no authSource other than {EXTERNAL}"));
            }
            (Some(given), _) => given,
            (None, Some(default)) if !rules.is_external() => default,
            (None, _) => rules.default_source(),
        };
        Ok(Self {
            username: username.unwrap_or_default().to_owned(),
            password: credential.password.clone().unwrap_or_default(),
            source: source.to_owned(),
            mechanism: credential.mechanism,
        })
    }

    /// The user's name, exactly as it was given; empty if none was.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password; empty if none was given.
    pub fn password(&self) -> &str {
        self.password.reveal()
    }

    /// The database that knows the user.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The mechanism; `None` is the best SCRAM that server and user have.
    pub fn mechanism(&self) -> Option<Mechanism> {
        self.mechanism
    }

    /// Whether it sends the password itself.
    pub fn sends_password(&self) -> bool {
        self.mechanism == Some(Mechanism::Plain)
    }

    /// The error of an authentication by this mechanism, for a reason that tells no secret.
    pub fn failed(&self, mechanism: Mechanism, why: impl AsRef<str>) -> Error {
        let user = Some(self.username.clone()).filter(|name| !name.is_empty());
        let of = user.as_ref().map(|name| format!(" of user {name:?}")).unwrap_or_default();
        let sentence =
            format!("{mechanism} authentication{of} (authSource {:?}) failed: {}", self.source, why.as_ref());
        let failure =
            AuthenticationFailure { mechanism: mechanism.name(), source: self.source.clone(), user };
        Error::new(Kind::Authentication, sentence).with_authentication_failure(failure)
    }
}

impl Credential {
    fn password(&self) -> &str {
        self.password.as_ref().map(Secret::reveal).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
