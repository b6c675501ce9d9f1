//! One connection of the scripted server: it reads and records ahead, while
//! `answers` answers in order.

use super::answers::{Answers, Task};
use super::log::{CommandRecord, End};
use super::shape::Then;
use super::shared::Shared;
use crate::packed::{self, OP_COMPRESSED};
use crate::wire::{HEADER_LENGTH, Header, Malformed, Message};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{mpsc, oneshot};

/// Serves one connection until either side ends it, and records the end.
/// `order` lets a test end it at any moment.
pub(super) async fn serve(
    shared: Arc<Shared>,
    number: usize,
    stream: TcpStream,
    order: oneshot::Receiver<Then>,
) {
    // Fails only on a socket that is dead already; reading will tell.
    let _ = stream.set_nodelay(true);
    let (mut input, output) = stream.into_split();
    let (sender, mut commands) = mpsc::unbounded_channel();
    let mut answers = Answers::new(shared.clone(), output);
    let (end, then) = tokio::select! {
        end = read(&shared, number, &mut input, &sender) => (end, Then::Close),
        then = answers.run(&mut commands) => (End::ByServer, then),
        Ok(then) = order => (End::ByServer, then),
    };
    answers.end(then);
    drop(input);
    shared.ended(number, end);
}

/// Takes a connection and never says a word, until either side ends it.
pub(super) async fn stay_silent(
    shared: Arc<Shared>,
    number: usize,
    mut stream: TcpStream,
    order: oneshot::Receiver<Then>,
) {
    let mut buffer = [0; 4096];
    let read = async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return End::ByClient,
                Ok(_) => {}
                Err(_) => return End::BrokenByClient,
            }
        }
    };
    let end = tokio::select! {
        end = read => end,
        Ok(then) = order => {
            if then == Then::Reset {
                // Fails only on a socket that is dead already.
                let _ = stream.set_zero_linger();
            }
            End::ByServer
        }
    };
    drop(stream);
    shared.ended(number, end);
}

async fn read(
    shared: &Shared,
    number: usize,
    input: &mut OwnedReadHalf,
    tasks: &mpsc::UnboundedSender<Task>,
) -> End {
    loop {
        let (header, compressor, message) = match read_message(input).await {
            Ok(Ok(read)) => read,
            Ok(Err(malformed)) => {
                shared.protocol_error(format!("connection {number}: {malformed}"));
                return End::ByServer;
            }
            Err(end) => return end,
        };
        let Some((name, _)) = message.body.iter().next() else {
            shared.protocol_error(format!("connection {number}: an empty command"));
            return End::ByServer;
        };
        let Ok(database) = message.body.get_str("$db") else {
            shared.protocol_error(format!("connection {number}: {name} without $db"));
            return End::ByServer;
        };
        let (name, database) = (name.clone(), database.to_owned());
        if compressor.is_some() && !packed::may_be_compressed(&name) {
            shared.protocol_error(format!("connection {number}: {name} is compressed"));
            return End::ByServer;
        }
        let mut body = message.body;
        for (key, documents) in message.sequences {
            body.insert(key, documents);
        }
        let (command, rule) = shared.command(CommandRecord {
            order: 0,
            connection: number,
            name,
            database,
            body,
            flags: message.flags,
            request_id: header.request_id,
            compressor,
            length: usize::try_from(header.length).expect("checked as the body was read"),
            answered: false,
        });
        // The other end lives as long as this task.
        let _ = tasks.send(Task { command, rule });
    }
}

/// A message, with the header that it came with and the compressor, if there is one.
type Read = (Header, Option<u8>, Message);

async fn read_message(input: &mut OwnedReadHalf) -> Result<Result<Read, Malformed>, End> {
    let mut header = [0; HEADER_LENGTH];
    match input.read(&mut header).await {
        Ok(0) => return Err(End::ByClient),
        Ok(count) => read_rest(input, &mut header[count..]).await?,
        Err(_) => return Err(End::BrokenByClient),
    }
    let header = Header::read(&header);
    let length = match header.body_length() {
        Ok(length) => length,
        Err(malformed) => return Ok(Err(malformed)),
    };
    let mut body = vec![0; length];
    read_rest(input, &mut body).await?;
    if header.op_code == OP_COMPRESSED {
        let read = packed::unpack(header, &body).and_then(|(compressor, inner, content)| {
            Ok((header, Some(compressor), Message::read(inner, &content)?))
        });
        return Ok(read);
    }
    Ok(Message::read(header, &body).map(|message| (header, None, message)))
}

async fn read_rest(input: &mut OwnedReadHalf, rest: &mut [u8]) -> Result<(), End> {
    match input.read_exact(rest).await {
        Ok(_) => Ok(()),
        Err(_) => Err(End::BrokenByClient),
    }
}
