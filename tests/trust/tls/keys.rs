//! Private keys in all their clothes.

use actix_mongo::TlsOptions;
use pkcs8::der::pem::{LineEnding, encode_string};
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{PrivateKeyInfo, SecretDocument};
use rcgen::KeyPair;

use super::authority::{Authority, Identity};
use super::door::{Door, Plan};
use super::scene::{Folder, builder, connect, unusable};

pub const PASSWORD: &str = "correct horse";

pub struct Scene {
    servers: Authority,
    pub client: Identity,
    door: Door,
    folder: Folder,
}

/// A server that takes the client's certificate, and no other.
fn scene() -> Scene {
    scene_of(Authority::new(), Authority::new())
}

/// The same with a certificate of the first authority and clients of the second.
pub fn scene_of(servers: Authority, clients: Authority) -> Scene {
    let client = clients.client();
    let identity = servers.server();
    let plan = Plan { identity: &identity, clients: Some(&clients), versions: rustls::ALL_VERSIONS };
    Scene { door: Door::with(plan), servers, client, folder: Folder::new() }
}

impl Scene {
    /// With the client's certificate and this key, in one file.
    pub fn with_key(&self, key: &str) -> TlsOptions {
        let path = self.folder.file("client.pem", self.client.certificate.clone() + key);
        TlsOptions::new().ca_pem(self.servers.pem.as_str()).certificate_key_file(path)
    }

    pub fn builder(&self, tls: TlsOptions) -> actix_mongo::Builder {
        builder(&self.door.uri("localhost", ""), tls)
    }
}

pub fn encrypt(key: &KeyPair, how: Parameters<'_>) -> String {
    let plain = key.serialize_der();
    let encrypted: SecretDocument =
        PrivateKeyInfo::try_from(plain.as_slice()).unwrap().encrypt_with_params(how, PASSWORD).unwrap();
    encrypted.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap().to_string()
}

#[test]
fn encrypted_ones_need_the_right_password() {
    let scene = scene();
    let key = encrypt(
        &scene.client.key,
        Parameters::pbkdf2_sha256_aes256cbc(2048, b"salt and pepper", &[7; 16]).unwrap(),
    );
    let options = || scene.with_key(&key);
    connect(scene.builder(options().certificate_key_file_password(PASSWORD)));
    let query = format!("tlsCertificateKeyFilePassword={}", PASSWORD.replace(' ', "%20"));
    connect(builder(&scene.door.uri("localhost", &query), options()));
    let file = ["tlsCertificateKeyFile: ", "client.pem "];
    let with_password = scene.builder(options().certificate_key_file_password("battery staple"));
    unusable(&with_password, &[&file[..], &["does not decrypt", "check the password"]].concat());
    unusable(
        &scene.builder(options()),
        &[&file[..], &["encrypted", "tlsCertificateKeyFilePassword"]].concat(),
    );
    for password in ["", "x", "battery staple", "Correct Horse"] {
        let error =
            scene.builder(options().certificate_key_file_password(password)).connect_lazy().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("staple"), "{error:?}");
    }
}

#[test]
fn other_ways_to_encrypt_are_known() {
    let scene = scene();
    let scrypt = Parameters::scrypt_aes256cbc(
        pkcs8::pkcs5::scrypt::Params::new(4, 8, 1, 32).unwrap(),
        b"salt and pepper",
        &[7; 16],
    );
    let aes128 = Parameters::pbkdf2_sha256_aes128cbc(2048, b"salt and pepper", &[7; 16]);
    for how in [scrypt, aes128] {
        let options = scene.with_key(&encrypt(&scene.client.key, how.unwrap()));
        connect(scene.builder(options.certificate_key_file_password(PASSWORD)));
    }
}

#[test]
fn the_traditional_form_of_an_ec_key_is_read() {
    let scene = scene();
    let whole = scene.client.key.serialize_der();
    let inner = PrivateKeyInfo::try_from(whole.as_slice()).unwrap().private_key;
    let key = encode_string("EC PRIVATE KEY", LineEnding::CRLF, inner).unwrap();
    connect(scene.builder(scene.with_key(&key)));
}

#[test]
fn those_that_can_not_be_used_are_refused_by_what_is_wrong() {
    let scene = scene();
    let own = scene.client.key.serialize_pem();
    let refuse = |key: &str, says: &[&str]| {
        let file = ["tlsCertificateKeyFile: ", "client.pem "];
        unusable(&scene.builder(scene.with_key(key)), &[&file[..], says].concat());
    };
    refuse("", &["holds no private key"]);
    refuse(&(own.clone() + &own), &["more than one private key"]);
    refuse(&KeyPair::generate().unwrap().serialize_pem(), &["don't belong together"]);
    let traditional = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nYQ==\n\
                       -----END RSA PRIVATE KEY-----\n";
    refuse(traditional, &["encrypted in the traditional way", "openssl pkcs8"]);
    refuse(
        "-----BEGIN DSA PRIVATE KEY-----\nYQ==\n-----END DSA PRIVATE KEY-----\n",
        &["unknown kind", "DSA"],
    );
    refuse("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n", &["not well-formed"]);
    refuse("-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n", &["can't be used"]);
    let nonsense = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nYQ==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    unusable(
        &scene.builder(scene.with_key(nonsense).certificate_key_file_password(PASSWORD)),
        &["not well-formed"],
    );
    let alone = scene.folder.file("key.pem", &own);
    unusable(
        &scene.builder(TlsOptions::new().insecure(true).certificate_key_file(alone)),
        &["holds no certificate"],
    );
}
