//! Where a handler finds its container.

use pod_lifecycle::api::{Container, IntOrString};

/// The Pod's address.
const POD: &str = "127.0.0.1";

/// The host that a handler asks: the Pod's address, unless it says another.
pub(super) fn host(host: &str) -> &str {
    if host.is_empty() { POD } else { host }
}

/// The port that a handler asks, by number or by the name of one of the container's ports.
pub(super) fn port(container: &Container, port: &IntOrString) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => {
            container.ports.iter().find(|port| port.name == *name).map(|port| port.container_port)
        }
    };
    let number = number.ok_or_else(|| format!("the container {:?} has no such port: {port:?}", container.name))?;
    u16::try_from(number).map_err(|_| format!("{number} is no port"))
}
