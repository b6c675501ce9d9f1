//! RSA keys, in each of their forms.

use pkcs8::der::pem::{LineEnding, encode_string};
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{Document, PrivateKeyInfo};
use rcgen::KeyPair;

use super::authority::Authority;
use super::keys::{PASSWORD, Scene, encrypt, scene_of};
use super::scene::{connect, unusable};

/// Of 2048 bits, made for these tests and known to everybody: nothing here makes RSA keys.
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCitITZFeJuEaRr
kRxCXK5A0KzzKLQubyPWd0y87p7gKtl0fPNHJXCEjbdN25bPh36aRA7CjbJxKKiy
N+yUEOvcMvDkgAmkVXw5KQulQJvy4xgovNNgHMFrTHLsSTYuqwMqFrpox1V+Ia/D
QSNGMYEsnqxPAPeHvqKj8F14sG1EdMm1d9wwaLo6yA9mLRWwgFncq76XE5hpl9fa
8Yls0uu9XTixj+2O0DC1nucs9k5ZH8XvgToFdX4O/8m/1fbZP6RsPMctQASMy1hg
jLoEnMI0M8vTqQr7znLpW10OpWE5/AtQLOSinwtKY0/pOzjik7SEZ12y2vcQCbn5
gINGKL6RAgMBAAECgf8AorPiJTO9OlRqFycFG1eS6T3DtWT+yXBaZhzmoAf+2CwB
SHuqy3qlCeitZS4xoVXdRGbKW8NWrdH64D0MVwSU154ZRmbDPZI+pupkutvhFwIB
JruspHAc+y93vNF5XTGl+HDB+AVdeMQ2/wokPA1FH1mM9XQCE7yO52F2FzpWCh0n
Y4QpWHSmzB4H8qu0uchjffJG/you6IfKhCwi4DKJaKmvyqkymM8l14aV42eJuzvx
pLWv2zxFXeg8aJR3OW7THsSs3Ragti65Nl2PQq/synvGOD6jlKNrXsr6bti9ViNT
q61UfHGs335DYnhhV39KbVujdLsYRmRGJ5ix9HECgYEAznZRmvX4WpJP8eDF6HMo
PMjRcT2Ssrh7jXGW/+UAi+KXNoR1zAm83sXlamBRu92J8Hda5IRZ+b2MP2qZ+4es
tw7ODKfpIpaEFyzy2FI0BWqrPWAMLYg6wlFlllw8VdnBWUZEksyIc30QNMZaicoN
YA56HqqMP0Pwy0DnWVJgKZ0CgYEAyb56tF3SYGezSXSzhdfa/82EiGgPt55ll11j
4nt89j+S6bjBJEMRk0kND2KnJVjQKJd/APAvY7dF8ARrG4Os4M/W7uOTZCl30c6D
HBIpjU8f/b+YAaBMsJW/bXiV3zFaCDrnUaxQbnwn+EIk60ilsolHLjfwKsqcYiy6
UGaloIUCgYEAoCpHqlgwv0qL/E9sGKTlTSpY2Gl02XKmXpcFFiT4JIy209M0cwIG
5CdPjxODtKLrdIGTIH3QMx6pozS2mdup0CULEeRcxrlPZY84ITq8IouapjVRnSz2
sHJmxZtuLweLqA8L+Xn0TOtzXA2YhRYbBC6W7B1QSXASaAtErhVqhj0CgYAU2kFo
n0H9gPqBHzTnIraaNi36w3bMbezmRlrqsATslwmiatxb2SrZ5HUbIAFS1Ok/KNmR
yUG8ttbdxjcj8upNmm4G5zL26WpfH09h+WaeGo2d9s3JbT5AClptAEfNeBZsP1pl
kMAHi4G+IWgbgbjOyW24E0QZyDN92k2vvcxk2QKBgQC+nipNd9USvwWnVGj9ODrW
iOjjzBBwIe08o7uMrh048Ih10YR0TlCJP6vvnNfiOvdOIZbjlrfTg/hh2N/qdowi
zc+q3Aq7PS4fRPFQPR+Wz0blKHYNzPmUld7D6yJFT3HkK2LEqwHd914G2Cod6YoR
6RtgeiSDrCxjmTUk6jgguA==
-----END PRIVATE KEY-----
";

fn key() -> KeyPair {
    KeyPair::from_pem(KEY).unwrap()
}

/// The server and the client have it.
fn scene() -> Scene {
    scene_of(Authority::new().with_keys(key), Authority::new().with_keys(key))
}

/// The same key in the form of PKCS #1.
fn traditional() -> String {
    let (label, whole) = Document::from_pem(KEY).unwrap();
    assert_eq!(label, "PRIVATE KEY");
    let inner = PrivateKeyInfo::try_from(whole.as_bytes()).unwrap().private_key;
    encode_string("RSA PRIVATE KEY", LineEnding::LF, inner).unwrap()
}

#[test]
fn pkcs_8() {
    let scene = scene();
    connect(scene.builder(scene.with_key(KEY)));
}

#[test]
fn pkcs_1() {
    let scene = scene();
    connect(scene.builder(scene.with_key(&traditional())));
    connect(scene.builder(scene.with_key(&traditional().replace('\n', "\r\n"))));
}

#[test]
fn pkcs_8_encrypted() {
    let scene = scene();
    let how = Parameters::pbkdf2_sha256_aes256cbc(2048, b"salt and pepper", &[7; 16]).unwrap();
    let options = scene.with_key(&encrypt(&scene.client.key, how));
    unusable(&scene.builder(options.clone()), &["encrypted", "tlsCertificateKeyFilePassword"]);
    connect(scene.builder(options.certificate_key_file_password(PASSWORD)));
}

#[test]
fn one_under_the_wrong_name_is_refused() {
    let scene = scene();
    // What PKCS #1 has inside does not pass for PKCS #8, nor the reverse.
    let swapped = KEY.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    unusable(&scene.builder(scene.with_key(&swapped)), &["client.pem", "can't be used"]);
    let swapped = traditional().replace("RSA PRIVATE KEY", "PRIVATE KEY");
    unusable(&scene.builder(scene.with_key(&swapped)), &["client.pem", "can't be used"]);
}

#[test]
fn one_of_somebody_else_is_refused() {
    let scene = scene_of(Authority::new(), Authority::new());
    for key in [KEY.to_owned(), traditional()] {
        unusable(&scene.builder(scene.with_key(&key)), &["don't belong together"]);
    }
}
