//! The tests of the handshake specification on metadata that libraries add. What they do over
//! sockets of a client is done here to the message that sockets send; `tests/core` shows that
//! they send it.

use bson::Document;

use super::*;
use crate::error::Kind;

/// A library's name, version and platform.
type Library = (&'static str, Option<&'static str>, Option<&'static str>);

const LIBRARY: Library = ("library", Some("1.2"), Some("Library Platform"));
const FRAMEWORK: Library = ("framework", Some("2.0"), Some("Framework Platform"));

fn info((name, version, platform): Library) -> DriverInfo {
    let info = version.into_iter().fold(DriverInfo::new(name), DriverInfo::version);
    platform.into_iter().fold(info, DriverInfo::platform)
}

fn greeting(libraries: &[Library]) -> Greeting {
    let libraries = libraries.iter().copied().map(info).collect();
    Greeting::new(None, libraries, Surroundings::default(), false, None).unwrap()
}

fn client(greeting: &Greeting) -> Document {
    let mut frame = greeting.frame();
    frame.seal(1, |_| {});
    let command = Document::try_from(frame.whole_command().unwrap().as_ref()).unwrap();
    command.get_document("client").unwrap().clone()
}

/// What stands behind the first delimiter: name, version, platform.
fn added(client: &Document) -> [String; 3] {
    let driver = client.get_document("driver").unwrap();
    let fields = [driver.get_str("name"), driver.get_str("version"), client.get_str("platform")];
    fields.map(|field| field.unwrap().split_once('|').map(|(_, rest)| rest.to_owned()).unwrap_or_default())
}

/// The rest of the document.
fn rest(mut client: Document) -> Document {
    client.remove("driver");
    client.remove("platform");
    client
}

fn joined(first: Library, second: Library) -> [String; 3] {
    let join = |a: Option<&str>, b: Option<&str>| [a, b].into_iter().flatten().collect::<Vec<_>>().join("|");
    [join(Some(first.0), Some(second.0)), join(first.1, second.1), join(first.2, second.2)]
}

const SUCCESSORS: [Library; 4] = [
    FRAMEWORK,
    ("framework", Some("2.0"), None),
    ("framework", None, Some("Framework Platform")),
    ("framework", None, None),
];

#[test]
fn prose_1_metadata_is_updated() {
    for next in SUCCESSORS {
        let greeting = greeting(&[LIBRARY]);
        let before = client(&greeting);
        greeting.append(info(next)).unwrap();
        let after = client(&greeting);
        assert_eq!(added(&after), joined(LIBRARY, next));
        assert_eq!(rest(after), rest(before));
    }
}

#[test]
fn prose_2_multiple_successive_updates() {
    for next in SUCCESSORS {
        let greeting = greeting(&[]);
        let before = client(&greeting);
        greeting.append(info(LIBRARY)).unwrap();
        greeting.append(info(next)).unwrap();
        let after = client(&greeting);
        assert_eq!(added(&after), joined(LIBRARY, next));
        assert_eq!(rest(after), rest(before));
    }
}

#[test]
fn prose_3_successive_updates_with_duplicate_data() {
    let (name, version, platform) = FRAMEWORK;
    let cases = [
        (name, LIBRARY.1, LIBRARY.2),
        (LIBRARY.0, version, LIBRARY.2),
        (LIBRARY.0, LIBRARY.1, platform),
        (name, version, LIBRARY.2),
        (name, LIBRARY.1, platform),
        (LIBRARY.0, version, platform),
    ];
    for next in cases {
        let greeting = greeting(&[]);
        greeting.append(info(LIBRARY)).unwrap();
        greeting.append(info(next)).unwrap();
        assert_eq!(added(&client(&greeting)), joined(LIBRARY, next));
    }
    let greeting = greeting(&[]);
    greeting.append(info(LIBRARY)).unwrap();
    greeting.append(info(LIBRARY)).unwrap();
    assert_eq!(added(&client(&greeting)), ["library", "1.2", "Library Platform"]);
}

/// What is added last changes nothing.
fn unchanged(initial: &[Library], appended: &[Library], last: Library) {
    let greeting = greeting(initial);
    appended.iter().for_each(|library| greeting.append(info(*library)).unwrap());
    let before = client(&greeting);
    greeting.append(info(last)).unwrap();
    assert_eq!(client(&greeting), before);
}

#[test]
fn prose_4_updates_with_duplicate_data() {
    unchanged(&[], &[LIBRARY, FRAMEWORK], LIBRARY);
}

#[test]
fn prose_5_identical_to_the_initial_metadata() {
    unchanged(&[LIBRARY], &[], LIBRARY);
}

#[test]
fn prose_6_identical_to_the_initial_metadata_with_another_between() {
    unchanged(&[LIBRARY], &[("framework", Some("1.2"), Some("Library Platform"))], LIBRARY);
}

const UNSET: [(Library, Library); 3] = [
    (("", Some("1.2"), Some("Library Platform")), ("", Some("1.2"), Some("Library Platform"))),
    (("library", None, Some("Library Platform")), ("library", Some(""), Some("Library Platform"))),
    (("library", Some("1.2"), None), ("library", Some("1.2"), Some(""))),
];

#[test]
fn prose_7_empty_strings_are_unset_when_appending() {
    UNSET.into_iter().for_each(|(first, again)| unchanged(&[], &[first], again));
}

#[test]
fn prose_8_empty_strings_are_unset_in_the_initial_metadata() {
    UNSET.into_iter().for_each(|(first, again)| unchanged(&[first], &[], again));
}

#[test]
fn the_delimiter_is_refused_and_so_is_more_than_servers_take() {
    let greeting = greeting(&[LIBRARY]);
    let before = client(&greeting);
    for bad in [DriverInfo::new("a|b"), info(("a", Some("|"), None)), info(("a", None, Some("x|")))] {
        assert_eq!(greeting.append(bad).unwrap_err().kind(), Kind::InvalidArgument);
    }
    let long = DriverInfo::new("n".repeat(600));
    let error = greeting.append(long.clone()).unwrap_err();
    assert!(error.to_string().contains("512"), "{error}");
    assert_eq!(client(&greeting), before);
    assert!(Greeting::new(None, vec![long], Surroundings::default(), false, None).is_err());
    // A platform is cut, since servers need not know all of it.
    greeting.append(info(("p", None, Some("p".repeat(600).leak())))).unwrap();
    assert!(client(&greeting).get_str("platform").unwrap().contains("Library Platform|pppp"));
}
