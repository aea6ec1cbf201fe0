//! What a status has to say and only the runtime knows.

use std::net::Ipv4Addr;

use pod_lifecycle::{
    spec::ContainerIndex,
    state::InstanceId,
    status::{PodFacts, RuntimeFacts},
};

use super::Runtime;

impl RuntimeFacts for Runtime {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        let process = self.started.get(&(container, instance));
        process.map_or_else(String::new, |process| format!("process://{}", process.id))
    }

    fn pod(&self) -> PodFacts {
        let mut facts = PodFacts::default();
        facts.host_ips = vec![Ipv4Addr::LOCALHOST.to_string()];
        facts.pod_ips = vec![Ipv4Addr::LOCALHOST.to_string()];
        facts
    }
}
