//! `runOnRequirements`: whether a deployment is one that a case asks for.

use bson::{Bson, Document};

use super::matching::same_number;
use super::version::Version;

/// What is known of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    pub version: Version,
    /// As the format calls it: `single`, `replicaset`.
    pub topology: &'static str,
    /// Whether it wants a user.
    pub auth: bool,
    /// Its parameters, by name.
    pub parameters: Document,
}

/// Whether one of the list is met; none at all is met by every deployment. If not, why,
/// in the words of each.
pub fn met(list: Option<&[Bson]>, deployment: &Deployment) -> Result<(), String> {
    let Some(list) = list else { return Ok(()) };
    let mut reasons = Vec::new();
    for requirement in list {
        let Bson::Document(requirement) = requirement else {
            return Err(format!("not a requirement: {requirement}"));
        };
        match one(requirement, deployment) {
            Ok(()) => return Ok(()),
            Err(reason) if reasons.contains(&reason) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    Err(format!("needs {}", reasons.join(", or ")))
}

fn one(requirement: &Document, deployment: &Deployment) -> Result<(), String> {
    for (key, value) in requirement {
        if let Some(reason) = objection(key, value, deployment)? {
            return Err(reason);
        }
    }
    Ok(())
}

/// What the deployment would have to be. An error if the requirement can't be read.
fn objection(key: &str, value: &Bson, deployment: &Deployment) -> Result<Option<String>, String> {
    let bad = || format!("a requirement that can't be read: {key}: {value}");
    let met = match (key, value) {
        ("minServerVersion", Bson::String(least)) => deployment.version >= Version::parse(least)?,
        ("maxServerVersion", Bson::String(most)) => deployment.version <= Version::parse(most)?,
        ("topologies", Bson::Array(names)) => {
            let names: Vec<_> = names.iter().filter_map(Bson::as_str).collect();
            if names.contains(&deployment.topology) {
                return Ok(None);
            }
            return Ok(Some(format!("a topology that is {}", names.join(" or "))));
        }
        ("serverless", Bson::String(mode)) => mode != "require",
        ("auth", Bson::Boolean(auth)) => *auth == deployment.auth,
        ("csfle", Bson::Boolean(false)) => true,
        ("csfle", _) => return Ok(Some("client-side encryption".to_owned())),
        ("authMechanism", Bson::String(mechanism)) => {
            let known = deployment.parameters.get_array("authenticationMechanisms");
            let known = known.map(Vec::as_slice).unwrap_or_default();
            known.iter().filter_map(Bson::as_str).any(|it| it.eq_ignore_ascii_case(mechanism))
        }
        ("serverParameters", Bson::Document(parameters)) => {
            let differs = |(name, value): (&String, &Bson)| {
                let actual = deployment.parameters.get(name);
                !actual.is_some_and(|actual| actual == value || same_number(actual, value))
            };
            !parameters.iter().any(differs)
        }
        _ => return Err(bad()),
    };
    Ok((!met).then(|| format!("{key} {value}")))
}
