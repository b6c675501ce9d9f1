use super::*;

fn identity(credential: &Credential) -> Identity {
    Identity::new(credential, None).unwrap()
}

fn refused(credential: Credential) -> (Kind, String) {
    let error = Identity::new(&credential, None).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2"), "{text}");
    (error.kind(), error.to_string())
}

fn user() -> Credential {
    Credential::new("me", "hunter2")
}

#[test]
fn sources_have_the_defaults_of_the_mechanism() {
    let source = |credential: &Credential, default: Option<&str>| {
        Identity::new(credential, default).unwrap().source().to_owned()
    };
    assert_eq!(source(&user(), None), "admin");
    assert_eq!(source(&user(), Some("db")), "db");
    assert_eq!(source(&user().source("other"), Some("db")), "other");
    let plain = user().mechanism(Mechanism::Plain);
    assert_eq!(source(&plain, None), "$external");
    assert_eq!(source(&plain, Some("db")), "db");
    assert_eq!(source(&Credential::x509(), Some("db")), "$external");
    assert_eq!(source(&Credential::x509().source("$external"), None), "$external");
}

#[test]
fn a_mechanism_takes_what_it_can_do_with_and_nothing_else() {
    let cases = [
        (Credential::default(), "SCRAM-SHA-256 needs a user name"),
        (Credential::new("", "hunter2"), "needs a user name"),
        (Credential::default().username("me"), "needs a password"),
        (Credential::default().username("me").mechanism(Mechanism::Plain), "PLAIN needs a password"),
        (user().mechanism(Mechanism::MongodbX509), "MONGODB-X509 takes no password"),
        (Credential::x509().source("db"), "takes no authSource other than $external"),
        (user().source(""), "authSource is empty"),
        (user().username("m\0e"), "zero byte"),
        (Credential::new("me", "hunter2\0").mechanism(Mechanism::Plain), "zero byte"),
        (user().mechanism_property("SERVICE_NAME", "hunter2"), "takes no mechanism properties"),
    ];
    for (credential, part) in cases {
        let (kind, sentence) = refused(credential);
        assert_eq!(kind, Kind::InvalidArgument, "{sentence}");
        assert!(sentence.contains(part), "{sentence}");
    }
    for mechanism in [Mechanism::Gssapi, Mechanism::MongodbAws, Mechanism::MongodbOidc] {
        let (kind, sentence) = refused(user().mechanism(mechanism));
        assert_eq!(kind, Kind::Unsupported);
        assert!(sentence.starts_with(mechanism.name()), "{sentence}");
    }
    assert_eq!(identity(&Credential::x509()).username(), "");
    assert_eq!(identity(&Credential::x509().username("CN=me")).username(), "CN=me");
    assert_eq!(identity(&Credential::new("me", "")).password(), "");
}

#[test]
fn of_two_values_of_one_property_the_later_counts() {
    let twice = user().mechanism_property("service_name", "a").mechanism_property("SERVICE_NAME", "b");
    assert_eq!(twice, user().mechanism_property("Service_Name", "b"));
}

#[test]
fn nothing_shows_the_password() {
    let credential = user().mechanism_property("TOKEN", "hunter2");
    let shown = format!("{credential:?} {:?}", identity(&user()));
    assert!(!shown.contains("hunter2") && shown.contains("***") && shown.contains("me"), "{shown}");
}

#[test]
fn an_error_says_who_was_not_believed() {
    let error = identity(&user().source("db")).failed(Mechanism::ScramSha1, "no");
    assert_eq!(error.to_string(), "SCRAM-SHA-1 authentication of user \"me\" (authSource \"db\") failed: no");
    assert_eq!(error.kind(), Kind::Authentication);
    let failure = error.authentication_failure().unwrap();
    assert_eq!((failure.mechanism, failure.source.as_str()), ("SCRAM-SHA-1", "db"));
    assert_eq!(failure.user.as_deref(), Some("me"));
    let nobody = identity(&Credential::x509()).failed(Mechanism::MongodbX509, "no");
    assert_eq!(nobody.to_string(), "MONGODB-X509 authentication (authSource \"$external\") failed: no");
    assert_eq!(nobody.authentication_failure().unwrap().user, None);
}
