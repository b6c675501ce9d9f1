//! Who a connection string says the user is: its parts put together, with the defaults and
//! rules of the mechanism (auth specification). Reading a string does not need this;
//! connecting with it does.

use super::super::parts::{UserInfo, invalid};
use super::super::values::shown;
use super::AuthOptions;
use super::mechanism;
use crate::auth::{self, EXTERNAL, Mechanism, Need, Secret};
use crate::error::Result;

/// Who the user is, and how to prove it, as the string has it; [`crate::Credential`] is made
/// from it by `into`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// The user; some mechanisms know it without.
    pub username: Option<String>,
    /// The password, where the mechanism takes one.
    pub password: Option<Secret>,
    /// The database that knows the user.
    pub source: String,
    /// The mechanism; `None` is the best SCRAM that server and user have.
    pub mechanism: Option<Mechanism>,
    /// Properties of the mechanism, by their names in upper case. A value may be a token.
    pub properties: Vec<(String, Secret)>,
}

const CANONICALIZATIONS: [&str; 5] = ["none", "forward", "forwardAndReverse", "true", "false"];
const ENVIRONMENTS: [&str; 4] = ["test", "azure", "gcp", "k8s"];

impl Credential {
    /// Puts together what a connection string has of a credential. `None` if it has none:
    /// a database or an `authSource` alone asks for no authentication.
    pub fn read(
        user: Option<&UserInfo>,
        database: Option<&str>,
        options: &AuthOptions,
    ) -> Result<Option<Self>> {
        if user.is_none() && options.mechanism.is_none() {
            return Ok(None);
        }
        let mechanism = options.mechanism.as_deref().map(mechanism::parse).transpose()?;
        // Without a name the server is asked, and of its answer only SCRAM is taken. The two
        // of its kind have the same rules.
        let rules = mechanism.unwrap_or(Mechanism::ScramSha256);
        let credential = Self {
            username: user.map(|user| user.username.clone()),
            password: user.and_then(|user| user.password.clone()),
            source: source(rules, options.source.as_deref(), database)?,
            mechanism,
            properties: properties(rules, &options.properties)?,
        };
        need("a user name", rules, rules.username(), credential.username.is_some())?;
        need("a password", rules, rules.password(), credential.password.is_some())?;
        match rules {
            Mechanism::Gssapi => credential.check_gssapi()?,
            Mechanism::MongodbOidc => credential.check_oidc()?,
            _ => {}
        }
        Ok(Some(credential))
    }

    /// A property, by its name in upper case.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.reveal())
    }

    fn check_gssapi(&self) -> Result<()> {
        match self.property("CANONICALIZE_HOST_NAME") {
            Some(value) if !CANONICALIZATIONS.contains(&value) => Err(invalid(format!(
                "{} is no value of CANONICALIZE_HOST_NAME; it takes {}",
                shown(value),
                CANONICALIZATIONS.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    fn check_oidc(&self) -> Result<()> {
        let known = ENVIRONMENTS.join(", ");
        let Some(environment) = self.property("ENVIRONMENT") else {
            return Err(invalid(format!("MONGODB-OIDC needs the property ENVIRONMENT, one of {known}")));
        };
        if !ENVIRONMENTS.contains(&environment) {
            let shown = shown(environment);
            return Err(invalid(format!("{shown} is no ENVIRONMENT of MONGODB-OIDC; it is one of {known}")));
        }
        let needs_resource = matches!(environment, "azure" | "gcp");
        if needs_resource != self.property("TOKEN_RESOURCE").is_some() {
            let must = if needs_resource { "needs a" } else { "takes no" };
            return Err(invalid(format!(
                "the ENVIRONMENT {environment} of MONGODB-OIDC {must} TOKEN_RESOURCE"
            )));
        }
        if environment == "test" && self.username.is_some() {
            return Err(invalid("the ENVIRONMENT test of MONGODB-OIDC takes no user name"));
        }
        Ok(())
    }
}

impl From<Credential> for auth::Credential {
    fn from(read: Credential) -> Self {
        Self::of_parts(read.username, read.password, read.source, read.mechanism, read.properties)
    }
}

fn need(what: &str, mechanism: Mechanism, need: Need, given: bool) -> Result<()> {
    let name = mechanism.name();
    match (need, given) {
        (Need::Required, false) => Err(invalid(format!("{name} needs {what}, and none is given"))),
        (Need::Forbidden, true) => {
            Err(invalid(format!("{name} takes no {} in a connection string", &what[2..])))
        }
        _ => Ok(()),
    }
}

fn source(mechanism: Mechanism, given: Option<&str>, database: Option<&str>) -> Result<String> {
    if mechanism.is_external() {
        return match given {
            None | Some(EXTERNAL) => Ok(EXTERNAL.to_owned()),
            Some(_) => {
                Err(invalid(format!("{} takes no authSource other than {EXTERNAL}", mechanism.name())))
            }
        };
    }
    Ok(given.or(database).unwrap_or_else(|| mechanism.default_source()).to_owned())
}

/// The properties by the names of the specification, with the default of the one that has
/// any. Of a repeated one the last counts.
fn properties(mechanism: Mechanism, given: &[(String, Secret)]) -> Result<Vec<(String, Secret)>> {
    let mut properties = Vec::<(String, Secret)>::new();
    if mechanism == Mechanism::Gssapi {
        properties.push(("SERVICE_NAME".to_owned(), Secret::new("mongodb")));
    }
    for (key, value) in given {
        let Some(name) = mechanism.properties().iter().find(|name| name.eq_ignore_ascii_case(key)) else {
            // Not shown: it may be the tail of a token that holds a comma.
            return Err(invalid(format!(
                "authMechanismProperties has a property that {} does not take from a connection string{}",
                mechanism.name(),
                taken(mechanism)
            )));
        };
        properties.retain(|(other, _)| other != name);
        properties.push(((*name).to_owned(), value.clone()));
    }
    Ok(properties)
}

fn taken(mechanism: Mechanism) -> String {
    match mechanism.properties() {
        [] => String::new(),
        names => format!("; it takes {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
