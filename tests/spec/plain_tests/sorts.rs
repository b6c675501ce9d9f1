//! Sorts of skips, and the share of the open ones.

use crate::tally::{Counts, EVERYDAY, Fate, Sort, everyday, is_everyday};

fn counts(fates: &[(Fate, usize)]) -> Counts {
    let mut counts = Counts::default();
    for (fate, times) in fates {
        (0..*times).for_each(|_| counts.add(*fate));
    }
    counts
}

#[test]
fn each_sort_of_skip_is_counted_apart() {
    let counts = counts(&[
        (Fate::Passed, 5),
        (Fate::Failed, 4),
        (Fate::Skipped(Sort::Open), 3),
        (Fate::Skipped(Sort::Later), 2),
        (Fate::Skipped(Sort::Elsewhere), 1),
    ]);
    assert_eq!(counts, Counts { passed: 5, failed: 4, open: 3, later: 2, elsewhere: 1 });
    assert_eq!((counts.run(), counts.skipped()), (9, 6));
    assert_eq!(counts.and(counts).skipped(), 12);
}

#[test]
fn the_share_is_of_what_applies_now() {
    let counts = counts(&[
        (Fate::Passed, 195),
        (Fate::Failed, 1),
        (Fate::Skipped(Sort::Open), 4),
        (Fate::Skipped(Sort::Later), 50),
        (Fate::Skipped(Sort::Elsewhere), 300),
    ]);
    assert_eq!((counts.applying(), counts.open_percent()), (200, 2.0));
    assert_eq!(Counts::default().open_percent(), 0.0);
}

#[test]
fn the_everyday_sum_leaves_other_directories_out() {
    let one = |sort| counts(&[(Fate::Skipped(sort), 1), (Fate::Passed, 1)]);
    let sum = everyday([
        ("crud/tests/unified", one(Sort::Open)),
        ("sessions/tests", one(Sort::Later)),
        ("connection-monitoring-and-pooling/tests/logging", one(Sort::Elsewhere)),
        ("connection-monitoring-and-pooling/tests/cmap-format", one(Sort::Open)),
        ("sessions/tests-of-others", one(Sort::Open)),
        ("transactions/tests/unified", one(Sort::Open)),
    ]);
    assert_eq!(sum, Counts { passed: 3, failed: 0, open: 1, later: 1, elsewhere: 1 });
}

#[test]
fn the_everyday_directories_are_told_once_each() {
    assert!(EVERYDAY.is_sorted(), "and in their order");
    for directory in EVERYDAY {
        assert!(is_everyday(directory) && is_everyday(&format!("{directory}/unified")));
        assert_eq!(EVERYDAY.iter().filter(|of| directory.starts_with(**of)).count(), 1);
    }
}
