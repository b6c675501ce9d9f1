//! What the TXT records of a seed list may say. Their options are read where those of a
//! connection string are.

use crate::error::{Error, Kind, Result};

/// The options that a TXT record may set (initial DNS seed list specification, "Default
/// Connection String Options").
pub const ALLOWED_IN_TXT: [&str; 3] = ["authSource", "replicaSet", "loadBalanced"];

/// The options of a host's TXT records, written as in a connection string. `None` if there
/// is no record. Several records are an error, since nobody knows their order.
pub fn default_options(host: &str, records: Vec<Vec<u8>>) -> Result<Option<String>> {
    let mut records = records.into_iter();
    let Some(record) = records.next() else { return Ok(None) };
    let more = records.len();
    if more > 0 {
        return Err(Error::new(
            Kind::InvalidUri,
            format!("{host:?} has {} TXT records, and may have one at most", more + 1),
        ));
    }
    let bad = |_| Error::new(Kind::InvalidUri, format!("the TXT record of {host:?} is no text in UTF-8"));
    String::from_utf8(record).map(Some).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_at_most_and_it_is_text() {
        assert_eq!(default_options("h", Vec::new()).unwrap(), None);
        assert_eq!(default_options("h", vec![b"a=b".to_vec()]).unwrap().as_deref(), Some("a=b"));
        let several = default_options("h", vec![b"a=b".to_vec(), b"a=b".to_vec()]).unwrap_err();
        assert_eq!(several.to_string(), "\"h\" has 2 TXT records, and may have one at most");
        let bytes = default_options("h", vec![vec![0xff]]).unwrap_err();
        assert_eq!((several.kind(), bytes.kind()), (Kind::InvalidUri, Kind::InvalidUri));
    }
}
