use std::sync::Arc;

use bson::rawdoc;

use super::*;
use crate::error::WriteFailure;

const CALM: Circumstances = Circumstances { sharded: false, left: None };

fn options() -> DispatchOptions {
    DispatchOptions {
        server_selection_timeout: Duration::from_secs(30),
        local_threshold: Duration::from_millis(15),
        heartbeat_frequency: Duration::from_secs(10),
        wait_queue_timeout: None,
        retry_reads: true,
        retry_writes: true,
        max_adaptive_retries: 2,
        overload_retargeting: false,
        jitter: Jitter::new(|| 1.0),
        server_api: None,
    }
}

fn plan(kind: CommandKind, retry: Retry) -> Plan {
    Plan { kind, retry, ..Plan::plain(Arc::from("d"), Criteria::Write, 0) }
}

fn read() -> Plan {
    plan(CommandKind::Read, Retry::Read)
}

fn write() -> Plan {
    plan(CommandKind::Write, Retry::Write)
}

fn command(code: i32) -> Error {
    Error::new(Kind::Command, "no").with_code(code, None)
}

fn overload(code: i32) -> Error {
    command(code).with_label(label::SYSTEM_OVERLOADED).with_label(label::RETRYABLE)
}

fn again(backoff: Option<u64>) -> Verdict {
    Verdict::Again { backoff: backoff.map(Duration::from_millis), elsewhere: false }
}

/// What follows each of these errors, one after the other.
fn verdicts(options: &DispatchOptions, plan: &Plan, around: Circumstances, errors: &[Error]) -> Vec<Verdict> {
    let mut retries = Retries::default();
    errors.iter().map(|error| retries.judge(options, plan, error, around)).collect()
}

#[test]
fn an_error_that_may_pass_is_repeated_once_and_at_once() {
    let found = verdicts(&options(), &read(), CALM, &[command(91), command(91)]);
    assert_eq!(found, [again(None), Verdict::Stop]);
    let labelled = || command(91).with_label(label::RETRYABLE_WRITE);
    assert_eq!(verdicts(&options(), &write(), CALM, &[labelled(), labelled()]), [again(None), Verdict::Stop]);
    assert_eq!(verdicts(&options(), &write(), CALM, &[command(91)]), [Verdict::Stop]);
}

/// Client back-pressure, prose test 3, with what its test 1 says of the waits.
#[test]
fn overload_errors_are_repeated_twice_with_growing_waits() {
    let found = verdicts(&options(), &read(), CALM, &[overload(462), overload(462), overload(462)]);
    assert_eq!(found, [again(Some(200)), again(Some(400)), Verdict::Stop]);
}

/// Client back-pressure, prose test 4.
#[test]
fn the_number_of_repeats_is_an_option() {
    let once = DispatchOptions { max_adaptive_retries: 1, ..options() };
    let found = verdicts(&once, &read(), CALM, &[overload(462), overload(462)]);
    assert_eq!(found, [again(Some(200)), Verdict::Stop]);
    let never = DispatchOptions { max_adaptive_retries: 0, ..options() };
    assert_eq!(verdicts(&never, &read(), CALM, &[overload(462)]), [Verdict::Stop]);
}

/// Client back-pressure, prose test 5.
#[test]
fn the_server_says_how_long_to_wait() {
    let asked = |base: bson::RawBson| {
        let error = overload(462).with_response(rawdoc! { "ok": 0, "baseBackoffMS": base });
        verdicts(&options(), &read(), CALM, &[error.clone(), error])
    };
    assert_eq!(asked(50_i32.into()), [again(Some(100)), again(Some(200))]);
    assert_eq!(asked(50_i64.into()), [again(Some(100)), again(Some(200))]);
    assert_eq!(asked(50.0.into()), [again(Some(100)), again(Some(200))]);
    for nothing in [0, -1] {
        assert_eq!(asked(nothing.into()), [again(Some(200)), again(Some(400))]);
    }
    assert_eq!(asked(i64::MAX.into()), [again(Some(10_000)), again(Some(10_000))]);
}

#[test]
fn waits_are_random_and_bounded() {
    let ms = Duration::from_millis;
    assert_eq!(backoff(0.0, BASE_BACKOFF, 1), Duration::ZERO);
    assert_eq!(backoff(0.5, BASE_BACKOFF, 2), ms(200));
    for repeat in [7, 31, 32, u32::MAX] {
        assert_eq!(backoff(1.0, BASE_BACKOFF, repeat), LONGEST_BACKOFF);
    }
    let drawn: Vec<f64> = (0..100).map(|_| Jitter::default().draw()).collect();
    assert!(drawn.iter().all(|drawn| (0.0..=1.0).contains(drawn)));
    assert!(drawn.iter().any(|other| other != &drawn[0]), "it varies");
}

/// Retryable reads, prose test 4; retryable writes, prose test 6, cases 4 and 5.
#[test]
fn one_overload_error_limits_the_repeats_of_all_kinds() {
    let found = verdicts(&options(), &read(), CALM, &[overload(91), command(91), command(91)]);
    assert_eq!(found, [again(Some(200)), again(None), Verdict::Stop]);
    let found = verdicts(&options(), &read(), CALM, &[command(91), overload(91), command(91)]);
    assert_eq!(found, [again(None), again(Some(400)), Verdict::Stop]);
}

#[test]
fn with_a_timeout_there_is_no_count_until_a_server_is_overloaded() {
    let around = Circumstances { left: Some(Duration::from_secs(1)), ..CALM };
    let many = vec![command(91); 50];
    assert!(verdicts(&options(), &read(), around, &many).iter().all(|found| *found == again(None)));
    let mut mixed = many;
    mixed.push(overload(462));
    assert_eq!(verdicts(&options(), &read(), around, &mixed).last(), Some(&Verdict::Stop));
}

#[test]
fn a_wait_beyond_the_timeout_is_not_begun() {
    let around = |millis| Circumstances { left: Some(Duration::from_millis(millis)), ..CALM };
    assert_eq!(verdicts(&options(), &read(), around(199), &[overload(462)]), [Verdict::Stop]);
    assert_eq!(verdicts(&options(), &read(), around(200), &[overload(462)]), [again(Some(200))]);
}

#[test]
fn every_command_is_repeated_for_overload_if_the_options_allow() {
    let verdict = |options: &DispatchOptions, kind| {
        verdicts(options, &plan(kind, Retry::Never), CALM, &[overload(462)])[0] != Verdict::Stop
    };
    let kinds = [CommandKind::Own, CommandKind::Read, CommandKind::Write, CommandKind::Any];
    let all = |options: DispatchOptions| kinds.map(|kind| verdict(&options, kind));
    assert_eq!(all(options()), [false, true, true, true]);
    assert_eq!(all(DispatchOptions { retry_reads: false, ..options() }), [false, false, true, false]);
    assert_eq!(all(DispatchOptions { retry_writes: false, ..options() }), [false, true, false, false]);
    // One of the two labels is not enough.
    for label in [label::SYSTEM_OVERLOADED, label::RETRYABLE] {
        let found = verdicts(
            &options(),
            &plan(CommandKind::Any, Retry::Never),
            CALM,
            &[command(2).with_label(label)],
        );
        assert_eq!(found, [Verdict::Stop]);
    }
}

/// Retryable reads, prose tests 3.1 to 3.3.
#[test]
fn only_routers_and_overload_make_it_go_elsewhere() {
    let elsewhere = |options: &DispatchOptions, sharded, error: Error| {
        let around = Circumstances { sharded, ..CALM };
        matches!(verdicts(options, &read(), around, &[error])[0], Verdict::Again { elsewhere: true, .. })
    };
    let retargeting = DispatchOptions { overload_retargeting: true, ..options() };
    assert!(elsewhere(&retargeting, false, overload(6)));
    assert!(!elsewhere(&retargeting, false, command(6)));
    assert!(!elsewhere(&options(), false, overload(6)));
    assert!(elsewhere(&options(), true, command(6)) && elsewhere(&options(), true, overload(6)));
}

#[test]
fn what_is_bound_to_its_server_is_repeated_for_overload_alone() {
    let target = Criteria::Server(crate::topology::ServerAddress::new("a", 1));
    let bound = Plan { target, ..read() };
    assert!(!sensible(&options(), &bound, &command(91)));
    assert!(sensible(&options(), &bound, &overload(462)));
}

/// The code of the error that comes out of these.
fn told(errors: &[Error]) -> Error {
    let mut all = Errors::default();
    let (last, before) = errors.split_last().unwrap();
    before.iter().for_each(|error| all.add(error.clone()));
    all.end(last.clone())
}

fn nothing_done(code: i32) -> Error {
    command(code).with_label(label::NO_WRITES_PERFORMED)
}

/// Retryable writes, prose tests 3 and 6.
#[test]
fn the_latest_error_by_which_something_was_attempted_is_told() {
    assert_eq!(told(&[command(91), command(10107)]).code(), Some(10107), "case 1");
    assert_eq!(told(&[nothing_done(91), nothing_done(10107)]).code(), Some(91), "case 2");
    let found = told(&[command(91), nothing_done(92), nothing_done(93)]);
    assert_eq!(found.code(), Some(91), "case 3");
    assert!(!found.has_label(label::NO_WRITES_PERFORMED));
    assert_eq!(told(&[nothing_done(91), command(92), nothing_done(93)]).code(), Some(92));
    let unmet = Error::new(Kind::Write, "unmet").with_write_failure(WriteFailure::default());
    assert_eq!(told(&[unmet, nothing_done(10107)]).kind(), Kind::Write, "test 3");
}

#[test]
fn an_attempt_that_never_reached_a_server_tells_less() {
    let none = || Error::new(Kind::ServerSelection, "none");
    let cleared = || Error::new(Kind::PoolCleared, "cleared");
    assert_eq!(told(&[command(91), none()]).code(), Some(91));
    assert_eq!(told(&[command(91), cleared(), none()]).code(), Some(91));
    assert_eq!(told(&[cleared(), none()]).kind(), Kind::PoolCleared);
    let broken = Error::new(Kind::AutoReconnect, "gone").network().ran(true);
    let found = told(&[broken, command(91)]);
    assert_eq!(found.code(), Some(91));
    assert!(found.may_have_run(), "the first attempt's outcome is unknown");
}

#[test]
fn a_timeout_is_told_with_its_cause() {
    use std::error::Error as _;

    let late = Error::new(Kind::Timeout, "late");
    let broken = Error::new(Kind::AutoReconnect, "gone").network().ran(true);
    let found = told(&[broken, late.clone()]);
    assert_eq!(found.kind(), Kind::Timeout);
    assert!(found.may_have_run());
    assert!(found.source().unwrap().to_string().contains("gone"));
    assert!(!told(&[late]).may_have_run());
}
