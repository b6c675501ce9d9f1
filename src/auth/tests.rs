use super::*;
use crate::error::Kind;

fn authenticator(credential: &Credential) -> Authenticator {
    Authenticator::new(Identity::new(credential, None).unwrap(), false)
}

fn user() -> Credential {
    Credential::new("me", "hunter2")
}

#[test]
fn the_hello_asks_for_mechanisms_where_none_is_chosen() {
    let opening = authenticator(&user().source("db")).open().unwrap();
    assert_eq!(opening.mechanisms_of.as_deref(), Some("db.me"));
    // Not by its SASLprep form.
    let roman = authenticator(&Credential::new("\u{2168}", "x")).open().unwrap();
    assert_eq!(roman.mechanisms_of.as_deref(), Some("admin.\u{2168}"));
    let chosen = authenticator(&user().mechanism(Mechanism::ScramSha1)).open().unwrap();
    assert_eq!(chosen.mechanisms_of, None);
}

#[test]
fn the_hello_carries_the_first_command_where_servers_may_answer_it() {
    let speculates = |credential: &Credential| {
        let speculation = authenticator(credential).open().unwrap().speculation;
        speculation.map(|(_, conversation)| conversation.mechanism())
    };
    assert_eq!(speculates(&user()), Some(Mechanism::ScramSha256));
    for mechanism in [Mechanism::ScramSha1, Mechanism::ScramSha256] {
        assert_eq!(speculates(&user().mechanism(mechanism)), Some(mechanism));
    }
    assert_eq!(speculates(&Credential::x509()), Some(Mechanism::MongodbX509));
    assert_eq!(speculates(&user().mechanism(Mechanism::Plain)), None);
}

#[test]
fn of_what_the_server_offers_only_scram_is_taken() {
    let by = |credential: &Credential, offered: Option<&[&str]>| {
        authenticator(credential).conversation(offered).unwrap().mechanism()
    };
    assert_eq!(by(&user(), Some(&["SCRAM-SHA-1", "SCRAM-SHA-256"])), Mechanism::ScramSha256);
    for offered in [None, Some(["SCRAM-SHA-1"].as_slice()), Some(&[]), Some(&["PLAIN", "NEW"])] {
        assert_eq!(by(&user(), offered), Mechanism::ScramSha1, "{offered:?}");
    }
}

#[test]
fn a_mechanism_that_was_chosen_is_never_replaced() {
    for mechanism in [Mechanism::ScramSha1, Mechanism::ScramSha256, Mechanism::Plain] {
        for offered in [None, Some(["SCRAM-SHA-1"].as_slice()), Some(&["SCRAM-SHA-256"])] {
            let conversation = authenticator(&user().mechanism(mechanism)).conversation(offered);
            assert_eq!(conversation.unwrap().mechanism(), mechanism);
        }
    }
}

#[test]
fn a_password_is_not_sent_in_the_clear_unless_allowed() {
    let plain = user().mechanism(Mechanism::Plain);
    let error = authenticator(&plain).check_stream(false).unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication);
    assert!(error.to_string().contains("allow_cleartext_password"), "{error}");
    authenticator(&plain).check_stream(true).unwrap();
    Authenticator::new(Identity::new(&plain, None).unwrap(), true).check_stream(false).unwrap();
    for credential in [user(), Credential::x509()] {
        authenticator(&credential).check_stream(false).unwrap();
    }
}
