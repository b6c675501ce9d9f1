use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::*;
use crate::auth::Credential;
use crate::auth::scram::Hash;

fn identity(password: &str) -> Identity {
    Identity::new(&Credential::new("me", password), None).unwrap()
}

fn request(salt: u8) -> KeyRequest {
    KeyRequest { hash: Hash::Sha256, salt: vec![salt], iterations: 4096 }
}

fn kept(keyring: &Keyring) -> usize {
    keyring.known.0.lock().unwrap().len()
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
    assert!(keyring.deriving.counts().0 <= 1);
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
    let begun = Instant::now();
    while kept(&keyring) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    block_on(keyring.keys(&request, &identity)).unwrap();
    assert_eq!(kept(&keyring), 1);
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
    assert_eq!(kept(&keyring), requests.len());
}

#[test]
fn whoever_makes_up_salts_fills_no_memory() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    for salt in 0..2 * MOST as u8 {
        block_on(keyring.keys(&KeyRequest { iterations: 1, ..request(salt) }, &identity)).unwrap();
    }
    assert_eq!(kept(&keyring), MOST);
}

#[test]
fn a_password_that_can_t_be_prepared_starts_nothing() {
    let keyring = Keyring::default();
    let why = block_on(keyring.keys(&request(1), &identity("\u{7}"))).unwrap_err();
    assert!(why.contains("SASLprep"), "{why}");
    assert_eq!(kept(&keyring), 0);
    assert_eq!(keyring.deriving.counts(), (0, 0));
    let digested = KeyRequest { hash: Hash::Sha1, ..request(1) };
    block_on(keyring.keys(&digested, &identity("\u{7}"))).unwrap();
}

fn poll_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// All threads are busy until the senders are dropped; nobody waits for them.
fn busy(keyring: &Keyring) -> Vec<mpsc::Sender<()>> {
    let occupy = |salt| {
        let (open, gate) = mpsc::channel::<()>();
        let quick = KeyRequest { iterations: 1, ..request(salt) };
        let work = move || {
            assert!(gate.recv().is_err());
            Arc::new(quick.derive("x"))
        };
        assert!(poll_once(pin!(keyring.deriving.run(request(salt), work))).is_pending());
        open
    };
    (0..MOST_AT_ONCE as u8).map(|index| occupy(u8::MAX - index)).collect()
}

#[test]
fn whoever_makes_up_salts_gets_no_more_threads() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    let gates = busy(&keyring);
    for salt in 0..200 {
        let request = request(salt);
        assert!(poll_once(pin!(keyring.keys(&request, &identity))).is_pending());
        assert_eq!(keyring.deriving.counts(), (MOST_AT_ONCE, 0));
    }
    drop(gates);
    block_on(keyring.keys(&request(201), &identity)).unwrap();
    assert_eq!(kept(&keyring), 1, "what nobody waited for was not derived");
}

#[test]
fn whoever_makes_up_salts_and_waits_is_refused() {
    let (keyring, identity) = (Keyring::default(), identity("x"));
    let _gates = busy(&keyring);
    let requests: Vec<_> = (0..MOST_WAITING as u8).map(request).collect();
    let mut waiting: Vec<_> = requests.iter().map(|it| Box::pin(keyring.keys(it, &identity))).collect();
    for future in &mut waiting {
        assert!(poll_once(future.as_mut()).is_pending());
    }
    let fresh = request(99);
    let why = block_on(keyring.keys(&fresh, &identity)).unwrap_err();
    assert!(why.contains("too many other salts"), "{why}");
    // One who gives up makes room.
    drop(waiting.pop());
    assert!(poll_once(pin!(keyring.keys(&fresh, &identity))).is_pending());
}
