//! The rows: what is measured on which server, and with which compressor.

use super::NamedServer;
use super::moment::Moment;
use crate::cases::{Form, Operation, Scan, Size};

/// One row.
#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub uri: String,
    pub what: What,
}

/// What is measured in it.
#[derive(Debug, Clone, Copy)]
pub enum What {
    Moment(Moment),
    Throughput(Operation),
}

impl What {
    /// Sockets and callers.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Moment(Moment::First) => (10, 1),
            Self::Moment(Moment::Cold) => (100, 100),
            Self::Throughput(Operation::Scan(_)) => (10, 1),
            Self::Throughput(_) => (10, 64),
        }
    }
}

/// The server that compressors are tried on.
const PLAIN: &str = "plain";
const COMPRESSORS: [&str; 3] = ["snappy", "zlib", "zstd"];
const THROUGHPUT: [Operation; 3] = [
    Operation::Find,
    Operation::Insert,
    Operation::Scan(Scan { form: Form::Raw, size: Size::Large, batch: Some(1000) }),
];

/// All rows whose name contains `only`.
pub fn rows(servers: &[NamedServer], only: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |name: String, uri: &str, what| {
        if only.is_none_or(|only| name.contains(only)) {
            rows.push(Row { name, uri: uri.to_owned(), what });
        }
    };
    for moment in [Moment::First, Moment::Cold] {
        for NamedServer { name, uri } in servers {
            add(format!("{}/{name}", moment.name()), uri, What::Moment(moment));
        }
    }
    for operation in THROUGHPUT {
        for NamedServer { name, uri } in servers {
            add(format!("{operation}/{name}"), uri, What::Throughput(operation));
        }
        for NamedServer { uri, .. } in servers.iter().filter(|server| server.name == PLAIN) {
            for compressor in COMPRESSORS {
                let separator = if uri.contains('?') { '&' } else { '?' };
                let uri = format!("{uri}{separator}compressors={compressor}");
                add(format!("{operation}/{compressor}"), &uri, What::Throughput(operation));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_and_compressor_has_its_rows() {
        let server = |name: &str| NamedServer { name: name.to_owned(), uri: format!("mongodb://{name}/") };
        let servers = [server("plain"), server("tls")];
        let all = rows(&servers, None);
        assert_eq!(all.len(), 2 * 2 + 3 * (2 + 3));
        assert!(rows(&servers[1..], Some("zstd")).is_empty());
        let zstd = rows(&servers, Some("find/zstd"));
        assert_eq!(zstd[0].uri, "mongodb://plain/?compressors=zstd");
        assert_eq!(rows(&servers, Some("first")).len(), 2);
    }
}
