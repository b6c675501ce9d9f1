//! "Did you mean": the known name that is closest to a misspelled one.

/// The name in `known` that `name` is most likely meant to be: no more than two letters
/// differ, are missing or too many, whatever their case.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let length = name.chars().count();
    // Each letter more or less is one that differs: no need to look at names much longer.
    let alike = known.iter().filter(|other| other.chars().count().abs_diff(length) <= MOST);
    let measured = alike.map(|other| (distance(&name, &other.to_ascii_lowercase()), *other));
    let (distance, other) = measured.min_by_key(|(distance, _)| *distance)?;
    // Of a short name two letters are half of it.
    (distance <= (length / 3).min(MOST)).then_some(other)
}

/// More letters make it another name.
const MOST: usize = 2;

/// How many letters must be put in, taken out or replaced to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("größe", "grosse"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn only_a_close_name_is_proposed() {
        let known = ["maxPoolSize", "minPoolSize", "w", "tls"];
        assert_eq!(nearest("maxPolSize", &known), Some("maxPoolSize"));
        assert_eq!(nearest("MAXPOOLSIZES", &known), Some("maxPoolSize"));
        assert_eq!(nearest("miinPoolSise", &known), Some("minPoolSize"));
        assert_eq!(nearest("poolSize", &known), None);
        assert_eq!(nearest("x", &known), None);
        assert_eq!(nearest("tlss", &known), Some("tls"));
        assert_eq!(nearest("", &known), None);
    }
}
