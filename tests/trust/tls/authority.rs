//! Makes certificates.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

/// Somebody to trust.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Makes the keys of those it vouches for.
    keys: fn() -> KeyPair,
    /// Its certificate.
    pub pem: String,
}

/// A certificate with its key.
pub struct Identity {
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its key.
    pub key: KeyPair,
    serial: u64,
}

impl Authority {
    /// One with a name of its own.
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Self::called(&format!("root {}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// One with this name.
    pub fn called(name: &str) -> Self {
        let params = authority_params(name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), keys: own_key, pem }
    }

    /// The same, whose servers and clients get these keys.
    pub fn with_keys(self, keys: fn() -> KeyPair) -> Self {
        Self { keys, ..self }
    }

    /// One that this one vouches for.
    pub fn intermediate(&self) -> Self {
        let params = authority_params("intermediate");
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { issuer: Issuer::new(params, key), keys: own_key, pem }
    }

    /// The certificate of a server on this machine.
    pub fn server(&self) -> Identity {
        self.server_of(&["localhost", "127.0.0.1"])
    }

    /// The certificate of a server on these hosts.
    pub fn server_of(&self, hosts: &[&str]) -> Identity {
        self.issue(hosts, |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// The certificate of a client.
    pub fn client(&self) -> Identity {
        self.client_called("client")
    }

    /// The certificate of a client with this name.
    pub fn client_called(&self, name: &str) -> Identity {
        self.issue(&["client"], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            params.distinguished_name.push(DnType::CommonName, name);
        })
    }

    /// One that was valid until 2001.
    pub fn expired_server(&self) -> Identity {
        self.issue(&["localhost", "127.0.0.1"], |params| {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        })
    }

    fn issue(&self, hosts: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut params);
        let key = (self.keys)();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key, serial }
    }

    /// A list with these, good until 2100.
    pub fn revoke(&self, revoked: &[&Identity]) -> String {
        self.revoke_until(revoked, 2100)
    }

    /// A list with these, good until a year.
    pub fn revoke_until(&self, revoked: &[&Identity], year: i32) -> String {
        let entry = |identity: &&Identity| RevokedCertParams {
            serial_number: SerialNumber::from(identity.serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(year, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

impl Identity {
    /// Certificate and key in one.
    pub fn both(&self) -> String {
        self.certificate.clone() + &self.key.serialize_pem()
    }

    /// The same certificate, with those between it and the root.
    pub fn below(mut self, intermediate: &Authority) -> Self {
        self.certificate += &intermediate.pem;
        self
    }
}

/// On a curve.
fn own_key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}
