//! An API server in memory on a port of the loopback address, for `kubectl` and everybody else, until it is stopped.
//!
//! ```text
//! cargo run -p pod-lifecycle-api-server --example memory -- 127.0.0.1:8001
//! kubectl --server http://127.0.0.1:8001 get namespaces
//! ```

use pod_lifecycle::SystemClock;
use pod_lifecycle_api_server::ApiServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listening = ApiServer::with_clock(SystemClock).listen(address).await?;
    println!("http://{}", listening.address());
    tokio::signal::ctrl_c().await
}
