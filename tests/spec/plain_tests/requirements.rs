//! Requirements and versions.

use bson::{Bson, bson, doc};

use crate::plain::requirements::{Deployment, met};
use crate::plain::version::Version;

fn meets(list: Bson) -> bool {
    let deployment = Deployment {
        version: Version { major: 8, minor: 2, patch: 11 },
        topology: "replicaset",
        auth: false,
        parameters: doc! { "enableTestCommands": true, "number": 1_i64, "authenticationMechanisms": ["SCRAM-SHA-1"] },
    };
    met(Some(list.as_array().expect("a list")), &deployment).is_ok()
}

#[test]
fn one_of_the_list_is_enough_and_all_of_its_fields_count() {
    assert!(met(None, &Deployment::default()).is_ok());
    assert!(meets(bson!([{ "topologies": ["sharded"] }, { "topologies": ["single", "replicaset"] }])));
    assert!(!meets(bson!([{ "topologies": ["sharded"] }, { "topologies": ["single"] }])));
    assert!(!meets(bson!([{ "topologies": ["replicaset"], "minServerVersion": "9.0" }])));
}

#[test]
fn versions_are_bounds_that_belong_to_their_range() {
    assert!(meets(bson!([{ "minServerVersion": "8.2.11", "maxServerVersion": "8.2.11" }])));
    assert!(!meets(bson!([{ "minServerVersion": "8.2.12" }])));
    assert!(!meets(bson!([{ "maxServerVersion": "8.2" }])));
    assert!(meets(bson!([{ "minServerVersion": "8.2.9" }])), "numbers, not text");
    assert!(!meets(bson!([{ "minServerVersion": "x" }])));
}

#[test]
fn what_the_deployment_must_have_or_not_have() {
    assert!(meets(bson!([{ "serverless": "forbid" }])) && meets(bson!([{ "serverless": "allow" }])));
    assert!(!meets(bson!([{ "serverless": "require" }])));
    assert!(meets(bson!([{ "auth": false }])) && !meets(bson!([{ "auth": true }])));
    assert!(meets(bson!([{ "csfle": false }])) && !meets(bson!([{ "csfle": true }])));
    assert!(!meets(bson!([{ "csfle": { "minLibmongocryptVersion": "1.8.0" } }])));
    assert!(meets(bson!([{ "serverParameters": { "enableTestCommands": true, "number": 1 } }])));
    assert!(!meets(bson!([{ "serverParameters": { "number": 2 } }])));
    assert!(!meets(bson!([{ "serverParameters": { "other": 1 } }])));
    assert!(
        meets(bson!([{ "authMechanism": "scram-sha-1" }])) && !meets(bson!([{ "authMechanism": "PLAIN" }]))
    );
    assert!(!meets(bson!([{ "somethingNew": true }])));
}

#[test]
fn versions_have_up_to_three_numbers() {
    let version = |major, minor, patch| Version { major, minor, patch };
    assert_eq!(Version::parse("4"), Ok(version(4, 0, 0)));
    assert_eq!(Version::parse("4.9.0-alpha4-271-g7d5cf02"), Ok(version(4, 9, 0)));
    assert_eq!(Version::parse("1.2.3.4"), Ok(version(1, 2, 3)));
    assert!(Version::parse("4.10.0").unwrap() > Version::parse("4.9").unwrap());
    for text in ["", "a", "1.", ".1", "1.-1"] {
        assert!(Version::parse(text).is_err(), "{text}");
    }
}
