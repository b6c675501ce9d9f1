use super::*;
use crate::connection::uri::ConnectionString;

fn credential(rest: &str) -> Credential {
    let read = ConnectionString::read(&format!("mongodb://{rest}")).unwrap();
    read.check().unwrap();
    read.credential().unwrap().unwrap()
}

fn refused(rest: &str) -> String {
    let read = ConnectionString::read(&format!("mongodb://{rest}")).unwrap();
    let error = read.check().unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
    error
}

#[test]
fn a_name_or_a_mechanism_asks_for_authentication_and_nothing_else_does() {
    for rest in ["a/db", "a/?authSource=db", "a/db?authMechanismProperties=x:y"] {
        let read = ConnectionString::read(&format!("mongodb://{rest}")).unwrap();
        assert_eq!(read.credential().unwrap(), None, "{rest}");
    }
    assert_eq!(credential("me:pw@a").mechanism, None);
    assert_eq!(credential("a/?authMechanism=MONGODB-X509").mechanism, Some(Mechanism::MongodbX509));
}

#[test]
fn sources_have_the_defaults_of_the_mechanism() {
    let source = |rest: &str| credential(rest).source;
    assert_eq!(source("me:pw@a"), "admin");
    assert_eq!(source("me:pw@a/db"), "db");
    assert_eq!(source("me:pw@a/db?authSource=other"), "other");
    assert_eq!(source("me:pw@a/db?authMechanism=SCRAM-SHA-1"), "db");
    assert_eq!(source("me:pw@a/?authMechanism=PLAIN"), "$external");
    assert_eq!(source("me:pw@a/db?authMechanism=PLAIN"), "db");
    assert_eq!(source("me@a/db?authMechanism=GSSAPI"), "$external");
    assert_eq!(source("a/db?authMechanism=MONGODB-AWS&authSource=$external"), "$external");
    for mechanism in ["MONGODB-X509", "MONGODB-AWS"] {
        let error = refused(&format!("a/?authMechanism={mechanism}&authSource=db"));
        assert!(error.contains("no authSource other than $external"), "{error}");
    }
}

#[test]
fn names_and_passwords_are_there_where_the_mechanism_needs_them() {
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"] {
        assert!(refused(&format!("a/?authMechanism={mechanism}")).contains("needs a user name"));
        assert!(refused(&format!("me@a/?authMechanism={mechanism}")).contains("needs a password"));
        assert_eq!(credential(&format!("me:@a/?authMechanism={mechanism}")).password, Some(Secret::new("")));
    }
    assert!(refused("me@a").contains("needs a password"));
    assert!(refused("a/?authMechanism=GSSAPI").contains("GSSAPI needs a user name"));
    assert_eq!(credential("me@a/?authMechanism=GSSAPI").password, None);
    let error = refused("me:hunter2@a/?authMechanism=MONGODB-X509");
    assert_eq!(error, "MONGODB-X509 takes no password in a connection string");
    assert!(refused("me:hunter2@a/?authMechanism=MONGODB-AWS").contains("takes no user name"));
    let oidc = "a/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s";
    assert!(refused(&format!("me:hunter2@{oidc}")).contains("takes no password"));
    assert_eq!(credential(&format!("me@{oidc}")).username.as_deref(), Some("me"));
}

#[test]
fn properties_are_those_of_the_mechanism() {
    let service = |query: &str| -> String {
        let credential = credential(&format!("me@a/?authMechanism=GSSAPI{query}"));
        credential.property("SERVICE_NAME").unwrap().to_owned()
    };
    assert_eq!(service(""), "mongodb");
    assert_eq!(service("&authMechanismProperties=service_name:other"), "other");
    assert_eq!(service("&gssapiServiceName=old"), "old");
    assert_eq!(service("&gssapiServiceName=old&authMechanismProperties=SERVICE_NAME:new"), "new");
    let text = "me@a/?authMechanism=GSSAPI&authMechanismProperties=CANONICALIZE_HOST_NAME:";
    assert_eq!(credential(&format!("{text}forward")).property("CANONICALIZE_HOST_NAME"), Some("forward"));
    assert!(refused(&format!("{text}maybe")).contains("it takes none, forward,"));
    for start in ["me:hunter2@a/?", "me:hunter2@a/?authMechanism=PLAIN&", "a/?authMechanism=MONGODB-AWS&"] {
        let error = refused(&format!("{start}authMechanismProperties=hunter2:hunter2"));
        assert!(error.contains("does not take from a connection string"), "{error}");
    }
}

#[test]
fn oidc_needs_an_environment_and_its_resource() {
    let oidc =
        |properties: &str| format!("a/?authMechanism=MONGODB-OIDC&authMechanismProperties={properties}");
    assert!(refused("a/?authMechanism=MONGODB-OIDC").contains("needs the property ENVIRONMENT"));
    assert!(refused(&oidc("ENVIRONMENT:moon")).contains("one of test, azure, gcp, k8s"));
    assert!(refused(&oidc("ENVIRONMENT:azure")).contains("needs a TOKEN_RESOURCE"));
    assert!(refused(&oidc("ENVIRONMENT:k8s,TOKEN_RESOURCE:x")).contains("takes no TOKEN_RESOURCE"));
    assert!(refused(&oidc("ENVIRONMENT:test,ALLOWED_HOSTS:x")).contains("it takes ENVIRONMENT"));
    assert!(refused(&format!("me@{}", oidc("ENVIRONMENT:test"))).contains("takes no user name"));
    let gcp = credential(&oidc("ENVIRONMENT:gcp,TOKEN_RESOURCE:mongodb://b"));
    assert_eq!(gcp.property("TOKEN_RESOURCE"), Some("mongodb://b"));
    // What a comma tore apart is not taken in part.
    assert!(refused(&oidc("ENVIRONMENT:gcp,TOKEN_RESOURCE:b,c")).contains("needs the property ENVIRONMENT"));
}

#[test]
fn mechanisms_have_one_spelling() {
    assert!(refused("me:pw@a/?authMechanism=scram-sha-1").contains("\"scram-sha-1\" is no authMechanism"));
    assert!(refused("me:pw@a/?authMechanism=x%40hunter2").contains("*** is no authMechanism"));
}

#[test]
fn no_secret_of_a_credential_is_shown() {
    let oidc = "a/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:gcp,TOKEN_RESOURCE:hunter2";
    let shown = format!("{:?} {:?}", credential(oidc), credential("me:hunter2@a"));
    assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
}
