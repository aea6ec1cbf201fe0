//! The operator of the tutorial, against the cluster that `KUBECONFIG` names: see `docs/testing-controllers.md`.
//!
//! ```console
//! cargo run --package pod-lifecycle-fake-node --example operator -- by-steadiness
//! ```

mod release;

use kube::Client;
use release::{ByPhase, BySteadiness};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::try_default().await?;
    match std::env::args().nth(1).as_deref() {
        Some("by-phase") => release::run(client, ByPhase).await?,
        Some("by-steadiness") | None => release::run(client, BySteadiness::default()).await?,
        Some(other) => return Err(format!("{other:?}: wanted by-phase or by-steadiness").into()),
    }
    Ok(())
}
