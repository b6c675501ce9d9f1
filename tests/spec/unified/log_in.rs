//! SCRAM-SHA-256 (RFC 5802, RFC 7677) for the runner's own connection to a server that wants a
//! user: past the driver, and trusting the server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use test_support::scripted::Client;

/// Logs a connection in, with a name and a password of plain letters.
pub fn log_in(client: &mut Client, user: &str, password: &str) -> Result<(), String> {
    let bare = format!("n={user},r={}", bson::oid::ObjectId::new().to_hex());
    let start =
        doc! { "saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": binary(&format!("n,,{bare}")) };
    let (conversation, challenge) = ask(client, start)?;
    let field = |name: &str| {
        let found = challenge.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| format!("no '{name}' in the challenge {challenge}"))
    };
    let salt = STANDARD.decode(field("s")?).map_err(|error| error.to_string())?;
    let rounds: u32 = field("i")?.parse().map_err(|_| format!("the challenge {challenge}"))?;
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, rounds, &mut salted);

    let unproved = format!("c=biws,r={}", field("r")?);
    let key = tag(&salted, b"Client Key");
    let signature = tag(&Sha256::digest(&key), format!("{bare},{challenge},{unproved}").as_bytes());
    let proof: Vec<u8> = key.iter().zip(&signature).map(|(key, signature)| key ^ signature).collect();
    let mut payload = format!("{unproved},p={}", STANDARD.encode(proof));
    // What comes back proves the server, and a last exchange says nothing.
    for _ in 0..2 {
        let next =
            doc! { "saslContinue": 1, "conversationId": conversation.clone(), "payload": binary(&payload) };
        match ask(client, next)? {
            (Bson::Null, _) => return Ok(()),
            _ => payload = String::new(),
        }
    }
    Err("the conversation has no end".to_owned())
}

/// The conversation and what the server says in it; none once it is done.
fn ask(client: &mut Client, mut command: Document) -> Result<(Bson, String), String> {
    command.insert("$db", "admin");
    let reply = client.run(command).map_err(|lost| lost.to_string())?;
    if !reply.get_f64("ok").is_ok_and(|ok| ok == 1.0) {
        return Err(format!("the server does not let the runner in: {reply}"));
    }
    let payload = reply.get_binary_generic("payload").map_err(|error| error.to_string())?;
    let payload = String::from_utf8(payload.clone()).map_err(|error| error.to_string())?;
    let done = reply.get_bool("done").unwrap_or(false);
    let conversation = reply.get("conversationId").cloned().filter(|_| !done);
    Ok((conversation.unwrap_or(Bson::Null), payload))
}

fn tag(key: &[u8], message: &[u8]) -> Vec<u8> {
    let keyed = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    keyed.chain_update(message).finalize().into_bytes().to_vec()
}

fn binary(text: &str) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: text.as_bytes().to_vec() }
}
