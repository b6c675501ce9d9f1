use super::messages::ServerFirst;
use super::*;
use crate::auth::{Credential, Identity};

/// The example of each RFC: nonce, the server's messages, and the client's last.
struct Example {
    hash: Hash,
    nonce: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

/// RFC 7677, section 3.
const SHA_256: Example = Example {
    hash: Hash::Sha256,
    nonce: "rOprNGfwEbeRWgbNEkqO",
    server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

/// The example of the auth specification, in which the password is digested first.
const SHA_1: Example = Example {
    hash: Hash::Sha1,
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    server_first: "r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,s=rQ9ZY3MntBeuP3E1TDVC4w==,i=10000",
    client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,p=MC2T8BvbmWRckDw8oWl5IVghwCY=",
    server_final: "v=UMWeI25JD1yNYZRMpZ4VHvhZ9e0=",
};

fn identity(username: &str, password: &str) -> Identity {
    Identity::new(&Credential::new(username, password), None).unwrap()
}

impl Example {
    fn scram(&self) -> Scram {
        Scram::with_nonce(self.hash, "user", self.nonce.to_owned())
    }

    /// Up to where the server's proof is to come.
    fn proving(&self) -> Scram {
        let mut scram = self.scram();
        let Ok(Next::Keys(request)) = scram.step(self.server_first.as_bytes()) else {
            panic!("it wants keys")
        };
        let prepared = self.hash.prepare(&identity("user", "pencil")).unwrap();
        let message = scram.finish(Arc::new(request.derive(&prepared))).unwrap();
        assert_eq!(String::from_utf8(message.to_vec()).unwrap(), self.client_final);
        scram
    }
}

#[test]
fn the_examples_of_the_specifications() {
    for example in [SHA_256, SHA_1] {
        let first = format!("n,,n=user,r={}", example.nonce);
        assert_eq!(*example.scram().first(), first.into_bytes());
        let mut scram = example.proving();
        assert!(!scram.is_over());
        assert!(matches!(scram.step(example.server_final.as_bytes()), Ok(Next::Proved)));
        assert!(scram.is_over());
        assert!(scram.step(example.server_final.as_bytes()).is_err(), "nothing is to come");
    }
}

#[test]
fn names_are_escaped_and_else_left_alone() {
    let first = |name: &str| {
        let first = Scram::with_nonce(Hash::Sha256, name, "x".to_owned()).first();
        String::from_utf8(first.to_vec()).unwrap()
    };
    assert_eq!(first("a=b,c=2C"), "n,,n=a=3Db=2Cc=3D2C,r=x");
    assert_eq!(first("\u{2168}"), "n,,n=\u{2168},r=x");
}

#[test]
fn each_conversation_has_a_nonce_of_its_own() {
    let nonce = || Scram::new(Hash::Sha256, "me").unwrap().nonce;
    let (one, other) = (nonce(), nonce());
    assert_ne!(one, other);
    assert_eq!(STANDARD.decode(one).unwrap().len(), NONCE);
}

fn refused(message: &str) -> String {
    let mut scram = Scram::with_nonce(Hash::Sha256, "user", "abc".to_owned());
    let sentence = scram.step(message.as_bytes()).expect_err(message);
    // And it goes no further.
    assert!(!scram.is_over());
    sentence
}

#[test]
fn a_bent_first_message_is_refused() {
    let salt = "s=W22ZaJ0SNY7soEsUEjb6gQ==";
    let cases = [
        (String::new(), "no nonce"),
        ("r=abcdef".to_owned(), "no salt"),
        (format!("r=abcdef,{salt}"), "no iteration count"),
        (format!("{salt},r=abcdef,i=4096"), "no nonce"),
        (format!("r=,{salt},i=4096"), "no nonce"),
        (format!("r=abc,{salt},i=4096"), "does not continue"),
        (format!("r=abd1,{salt},i=4096"), "does not continue"),
        (format!("r=xabc1,{salt},i=4096"), "does not continue"),
        (format!("r=abc\u{e9},{salt},i=4096"), "characters"),
        (format!("r=abc ,{salt},i=4096"), "characters"),
        ("r=abcd,s=,i=4096".to_owned(), "no salt"),
        ("r=abcd,s=!!!!,i=4096".to_owned(), "salt is not base64"),
        ("r=abcd,s=W22,i=4096".to_owned(), "salt is not base64"),
        (format!("r=abcd,{salt},i="), "no iteration count"),
        (format!("r=abcd,{salt},i=4095"), "fewer than the 4096"),
        (format!("r=abcd,{salt},i=1"), "fewer than the 4096"),
        (format!("r=abcd,{salt},i=0"), "no number"),
        (format!("r=abcd,{salt},i=04096"), "no number"),
        (format!("r=abcd,{salt},i=-4096"), "no number"),
        (format!("r=abcd,{salt},i=+4096"), "no number"),
        (format!("r=abcd,{salt},i=4096.0"), "no number"),
        (format!("r=abcd,{salt},i=many"), "no number"),
        (format!("r=abcd,{salt},i=2000001"), "more than 2000000"),
        (format!("r=abcd,{salt},i=4294967297"), "more than 2000000"),
        (format!("r=abcd,{salt},i={}", "9".repeat(40)), "more than 2000000"),
        (format!("m=x,r=abcd,{salt},i=4096"), "extension"),
        ("e=unknown-user".to_owned(), "the server refused: unknown-user"),
        ("e=Something <b>else".to_owned(), "the server refused"),
        (format!("r=abcd{},{salt},i=4096", "x".repeat(LONGEST)), "more than any has"),
    ];
    for (message, part) in cases {
        let sentence = refused(&message);
        assert!(sentence.contains(part), "{message}: {sentence}");
        assert!(!sentence.contains("<b>"));
    }
    let mut scram = SHA_256.scram();
    assert!(scram.step(b"r=\xff\xfe").unwrap_err().contains("no text"));
}

#[test]
fn the_limits_themselves_are_taken_and_extensions_passed_over() {
    for count in [LEAST_ITERATIONS, MOST_ITERATIONS] {
        let message = format!("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={count},x=later");
        assert_eq!(ServerFirst::read(message.as_bytes(), "abc").unwrap().iterations, count);
    }
}

#[test]
fn a_server_that_does_not_prove_itself_is_not_believed() {
    let cases = [
        ("", "no signature"),
        ("v=", "no signature"),
        ("v=!", "not base64"),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", "signature is wrong"),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", "signature is wrong"),
        ("v=AA==", "signature is wrong"),
        ("e=invalid-proof", "the server refused: invalid-proof"),
        ("e=", "the server refused"),
    ];
    for (message, part) in cases {
        let mut scram = SHA_256.proving();
        let sentence = scram.step(message.as_bytes()).unwrap_err();
        assert!(sentence.contains(part) && !scram.is_over(), "{message}: {sentence}");
    }
    // Right, but of the other mechanism.
    assert!(SHA_256.proving().step(SHA_1.server_final.as_bytes()).is_err());
}

#[test]
fn nothing_goes_on_out_of_turn() {
    let keys = || Arc::new(KeyRequest { hash: Hash::Sha256, salt: vec![1], iterations: 1 }.derive("x"));
    let mut scram = SHA_256.scram();
    assert!(scram.finish(keys()).is_err(), "no keys were asked for");
    scram.step(SHA_256.server_first.as_bytes()).unwrap();
    assert!(scram.step(SHA_256.server_first.as_bytes()).is_err(), "the keys are to come");
}

#[test]
fn passwords_are_prepared_as_each_mechanism_has_it() {
    let prepared =
        |hash: Hash, password: &str| hash.prepare(&identity("user", password)).map(|text| text.to_string());
    // MD5 of "user:mongo:pencil".
    assert_eq!(prepared(Hash::Sha1, "pencil").unwrap(), "1c33006ec1ffd90f9cadcbcc0e118200");
    assert_eq!(prepared(Hash::Sha256, "I\u{ad}X").unwrap(), "IX");
    assert_eq!(prepared(Hash::Sha256, "\u{2163}").unwrap(), "IV");
    assert_eq!(prepared(Hash::Sha256, "a\u{a0}b").unwrap(), "a b");
    let refused = prepared(Hash::Sha256, "qq\u{7}zz").unwrap_err();
    assert!(
        refused.contains("SASLprep") && !refused.contains('\u{7}') && !refused.contains("qq"),
        "{refused}"
    );
    assert!(prepared(Hash::Sha1, "qq\u{7}zz").is_ok());
}

#[test]
fn keys_and_what_holds_them_show_nothing() {
    let scram = SHA_256.proving();
    let Stage::Final { keys, .. } = &scram.stage else { panic!("it has keys") };
    let shown = format!("{keys:?} {scram:?}");
    assert!(shown.contains("***"), "{shown}");
    for key in [&keys.client, &keys.stored, &keys.server] {
        assert!(!shown.contains(&format!("{key:?}")), "{shown}");
    }
}
