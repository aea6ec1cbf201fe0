//! A TCP connection: that it opens is the answer.

use pod_lifecycle::{
    api::{Container, TcpSocketAction},
    rule::probe::ProbeOutcome,
};
use tokio::net::TcpStream;

use super::Answer;
use crate::runtime::address;

pub(super) async fn ask(container: &Container, socket: &TcpSocketAction) -> Result<Answer, String> {
    let address = (address::host(&socket.host), address::port(container, &socket.port)?);
    let opened = TcpStream::connect(address).await;
    let outcome = ProbeOutcome::of_tcp_connect(opened.is_ok());
    Ok((
        outcome,
        opened.err().map_or_else(String::new, |problem| format!("dial tcp {}:{}: {problem}", address.0, address.1)),
    ))
}
