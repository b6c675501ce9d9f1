use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::auth::Credential;
use crate::auth::scram::Hash;

fn identity(password: &str) -> Identity {
    Identity::new(&Credential::new("me", password), None).unwrap()
}

fn request(salt: u8) -> KeyRequest {
    KeyRequest { hash: Hash::Sha256, salt: vec![salt], iterations: 4096 }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn all_who_wait_share_one_derivation() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    // Slow enough that nobody finds it done.
    let request = KeyRequest { iterations: 20_000, ..request(1) };
    let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(keyring.keys(&request, &identity))).collect();
    let mut cx = Context::from_waker(Waker::noop());
    for future in &mut waiting {
        if let Poll::Ready(keys) = future.as_mut().poll(&mut cx) {
            assert!(keys.is_ok());
        }
    }
    assert_eq!(keyring.lock().len(), 1);
    let first = block_on(keyring.keys(&request, &identity)).unwrap();
    // Those who were polled before have been told, and all of the same keys.
    let again = block_on(keyring.keys(&request, &identity)).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
}

#[test]
fn what_was_begun_goes_on_for_whoever_asks_next() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    let request = request(2);
    {
        let mut dropped = pin!(keyring.keys(&request, &identity));
        let _ = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    assert_eq!(keyring.lock().len(), 1);
    block_on(keyring.keys(&request, &identity)).unwrap();
    assert_eq!(keyring.lock().len(), 1);
}

#[test]
fn another_salt_count_or_mechanism_is_another_key() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    let requests = [
        request(1),
        request(2),
        KeyRequest { iterations: 4097, ..request(1) },
        KeyRequest { hash: Hash::Sha1, ..request(1) },
    ];
    let keys: Vec<_> = requests.iter().map(|it| block_on(keyring.keys(it, &identity)).unwrap()).collect();
    for (index, one) in keys.iter().enumerate() {
        assert!(keys[..index].iter().all(|other| one.proof(b"m") != other.proof(b"m")));
    }
    assert_eq!(keyring.lock().len(), requests.len());
}

#[test]
fn whoever_makes_up_salts_fills_no_memory() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    for salt in 0..2 * MOST as u8 {
        block_on(keyring.keys(&KeyRequest { iterations: 1, ..request(salt) }, &identity)).unwrap();
    }
    assert_eq!(keyring.lock().len(), MOST);
}

#[test]
fn a_password_that_can_t_be_prepared_starts_nothing() {
    let keyring = Keyring::default();
    let why = block_on(keyring.keys(&request(1), &identity("\u{7}"))).unwrap_err();
    assert!(why.contains("SASLprep"), "{why}");
    assert!(keyring.lock().is_empty());
    let digested = KeyRequest { hash: Hash::Sha1, ..request(1) };
    block_on(keyring.keys(&digested, &identity("\u{7}"))).unwrap();
}

#[test]
fn a_thread_that_dies_is_an_error_and_the_next_one_tries_again() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    let (sender, keys) = watch::channel(None);
    drop(sender);
    keyring.lock().push_back(Known { request: request(1), keys });
    assert!(block_on(keyring.keys(&request(1), &identity)).is_err());
    block_on(keyring.keys(&request(1), &identity)).unwrap();
}
