//! Records that a [`DnsServer`](super::DnsServer) answers with.

use std::net::IpAddr;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// Records by their names, which have one spelling in any case of letters.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    records: Vec<Record>,
    ttl: u32,
}

impl Zone {
    /// No records; those that are added may be kept so many seconds.
    pub fn new(ttl: u32) -> Self {
        Self { records: Vec::new(), ttl }
    }

    /// Adds an address.
    pub fn address(self, name: &str, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an IP address");
        self.add(name, address.into())
    }

    /// Adds a service: `_mongodb._tcp.NAME` unless the name has a service of its own.
    pub fn srv(self, name: &str, port: u16, target: &str) -> Self {
        let name = if name.starts_with('_') { name.to_owned() } else { format!("_mongodb._tcp.{name}") };
        self.add(&name, RData::SRV(SRV::new(0, 0, port, domain(target))))
    }

    /// Adds a text of these character strings.
    pub fn txt(self, name: &str, strings: &[&str]) -> Self {
        self.add(name, RData::TXT(TXT::new(strings.iter().map(|text| (*text).to_owned()).collect())))
    }

    /// Adds another name of something.
    pub fn cname(self, name: &str, target: &str) -> Self {
        self.add(name, RData::CNAME(CNAME(domain(target))))
    }

    /// Takes out the services of a name.
    pub fn without_srv(mut self, name: &str) -> Self {
        let name = domain(&format!("_mongodb._tcp.{name}"));
        self.records.retain(|record| record.name != name || record.record_type() != RecordType::SRV);
        self
    }

    fn add(mut self, name: &str, data: RData) -> Self {
        self.records.push(Record::from_rdata(domain(name), self.ttl, data));
        self
    }

    /// The answer to a question, however long.
    pub fn answer(&self, question: &Message) -> Message {
        let mut answer = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
        answer.metadata.authoritative = true;
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        for query in &question.queries {
            answer.add_query(query.clone());
            let named = self.records.iter().filter(|record| record.name == query.name);
            let (mut known, mut fitting) = (false, Vec::new());
            for record in named {
                known = true;
                let kind = record.record_type();
                if kind == query.query_type || kind == RecordType::CNAME {
                    fitting.push(record.clone());
                }
            }
            if !known {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            answer.add_answers(fitting);
        }
        answer
    }
}

/// Of any bytes: name servers can send what is no name of a host.
fn domain(text: &str) -> Name {
    let labels = text.split('.').filter(|label| !label.is_empty()).map(str::as_bytes);
    Name::from_labels(labels).expect("a domain name")
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Query;

    use super::*;

    #[test]
    fn an_answer_has_the_records_of_its_name_and_type() {
        let zone = (0..1000).fold(Zone::new(1), |zone, n| zone.srv("a.example", 1 + n, "b.example"));
        let zone = zone.txt("a.example", &["x", "y"]).address("b.example", "::1");
        let asked = |name: &str, kind: RecordType| {
            let mut question = Message::query();
            question.add_query(Query::query(domain(name), kind));
            zone.answer(&question)
        };
        let services = asked("_MongoDB._tcp.A.example", RecordType::SRV);
        assert_eq!(services.answers.len(), 1000);
        assert_eq!(asked("a.example", RecordType::TXT).answers.len(), 1);
        assert_eq!(asked("b.example", RecordType::A).answers.len(), 0);
        assert_eq!(asked("c.example", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
    }
}
