//! A call of the gRPC health service: the serving status is the answer.

use pod_lifecycle::{api::GrpcAction, rule::probe::ProbeOutcome};
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::Answer;
use crate::runtime::address;

pub(super) async fn ask(grpc: &GrpcAction) -> Result<Answer, String> {
    let address = format!("http://{}:{}", address::host(""), grpc.port);
    let endpoint = Endpoint::from_shared(address).map_err(|problem| problem.to_string())?;
    let channel = match endpoint.connect().await {
        Ok(channel) => channel,
        Err(problem) => return Ok((ProbeOutcome::Failure, format!("failed to connect: {problem}"))),
    };
    let request = HealthCheckRequest { service: grpc.service.clone().unwrap_or_default() };
    Ok(match HealthClient::new(channel).check(request).await {
        Ok(response) => {
            let status = response.get_ref().status;
            (
                ProbeOutcome::of_grpc_serving_status(status),
                format!("service status: {}", response.get_ref().status().as_str_name()),
            )
        }
        Err(problem) if problem.code() == Code::Unimplemented => {
            (ProbeOutcome::Failure, "this server does not implement the grpc health protocol".into())
        }
        Err(problem) => (ProbeOutcome::Failure, format!("health rpc failed: {}", problem.message())),
    })
}
