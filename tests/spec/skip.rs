//! The one way in which a case comes to be skipped: first by a reason that was computed
//! from the case and the server; then by a defect of the server or a library that is on the list.

use crate::case::{Skip, Verdict};
use crate::defects::Defect;
use crate::tally::Sort;

/// The defect under which a case is listed.
pub fn defect_of<'a>(name: &str, defects: &'a [Defect]) -> Option<&'a Defect> {
    defects.iter().find(|defect| defect.cases.iter().any(|case| matches(case, name)))
}

/// What a verdict means for a case that is listed: it is skipped because it fails, and
/// it fails because it passes.
pub fn judge(verdict: Verdict, defect: Option<&Defect>) -> Verdict {
    match (verdict, defect) {
        (Verdict::Failed(_), Some(defect)) => {
            let reason = format!("{}: {}", defect.of, defect.evidence);
            Verdict::Skipped(Skip { sort: Sort::Open, reason })
        }
        (Verdict::Passed, Some(_)) => {
            Verdict::Failed("it is listed as a defect, but passes: take it off the list".to_owned())
        }
        (verdict, _) => verdict,
    }
}

/// Whether `text` fits `pattern`, where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let places = text.char_indices().map(|(index, _)| index).chain([text.len()]);
    places.into_iter().any(|index| matches(rest, &text[index..]))
}
