//! Advice with the names and numbers of an explanation in it: the claim that is missing, the secret, the node, the finalizer.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    EndCause, Explanation, Obstacle, ObstacleKind, PodSituation, PullFailure, Remedy, Situation, UnfitNodes,
    observed::missing_object, removal::Removal, scheduling, text,
};

/// At most this many of the scheduler's reasons stand in the line on what would change it.
const MAX_UNFIT: usize = 4;

impl Explanation {
    /// Returns the remedy as a clause, with what the explanation knows in it.
    pub(super) fn remedy_clause(&self, remedy: Remedy, container: Option<&str>) -> String {
        let specific = self.specific(remedy, container);
        let clause = specific.unwrap_or_else(|| remedy.clause(container));
        // The kubelet takes a static Pod from its manifest; the API server has only a copy.
        if self.is_mirror() && remedy.changes_spec() && remedy != Remedy::RegistryAccess {
            let node = self.node().map(|node| format!(" on {node}")).unwrap_or_default();
            return format!("{clause}, in the manifest of the static Pod{node}: the API has only its mirror");
        }
        clause
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only these remedies have a name or a number to add")]
    fn specific(&self, remedy: Remedy, container: Option<&str>) -> Option<String> {
        match remedy {
            Remedy::FittingNode if matches!(self.situation, PodSituation::Unscheduled { message: None }) => {
                let scheduler = &self.observed.as_ref()?.scheduler;
                Some(format!(
                    "wait; if it takes long, check that the scheduler {scheduler} runs: it has not decided on the Pod yet"
                ))
            }
            Remedy::FittingNode => unfit_advice(&self.unfit),
            Remedy::HonestRequests => self.end_message().and_then(honest_request),
            Remedy::NewImage | Remedy::RegistryAccess | Remedy::RegistryReturn => self.image_advice(remedy, container?),
            Remedy::MissingReference | Remedy::RuntimesDemand | Remedy::RunnableCommand => {
                self.configuration_advice(remedy, container?)
            }
            Remedy::Patience | Remedy::NetworkAndVolumes => self.start_advice(),
            Remedy::FinalizerRemoval => self.removal.as_ref().map(|removal| self.finalizer_advice(removal)),
            Remedy::ReportOfNode if self.removal.is_some() => {
                let node = self.node()?;
                Some(format!(
                    "look at {node}: does it report (kubectl get node), do its kubelet and its runtime answer, can its volumes be \
                     unmounted (their logs)"
                ))
            }
            Remedy::ReportOfNode => Some(format!("check that the kubelet of {} is running and reports", self.node()?)),
            Remedy::NodeReturn => Some(format!("bring {} back", self.node()?)),
            Remedy::ManifestOnNode => {
                let PodSituation::MirrorDeleted { node, source } = &self.situation else { return None };
                Some(match &**source {
                    "http" => format!("take it out of what the kubelet of node {node} reads from its manifest URL"),
                    _ => format!(
                        "remove its manifest from the folder of static Pods on node {node} (staticPodPath of the kubelet, often \
                         /etc/kubernetes/manifests): that alone stops it"
                    ),
                })
            }
            Remedy::FailedProbe => {
                // An event has the answer of the probe already.
                let failure = self.obstacle(ObstacleKind::Probe, container)?;
                let name = container.unwrap_or_default();
                Some(format!(
                    "make `{name}` answer its probe in time, or give the probe more time: it got {:?}",
                    text::unpunctuated(&failure.message)
                ))
            }
            Remedy::RoomOnNode | Remedy::SmallerResize | Remedy::Message => self.resize_advice(remedy),
            _ => None,
        }
    }

    /// Returns the message of the Pod's end.
    fn end_message(&self) -> Option<&str> {
        let (PodSituation::Over { cause } | PodSituation::Leaving { cause: Some(cause) }) = &self.situation else {
            return None;
        };
        let EndCause::Reason { message, .. } = cause else { return None };
        Some(message)
    }

    /// Returns the node with its name: `node node-1`.
    pub(super) fn node(&self) -> Option<String> {
        let node = &self.observed.as_ref()?.node;
        (!node.is_empty()).then(|| format!("node {node}"))
    }

    pub(super) fn is_mirror(&self) -> bool {
        self.observed.as_ref().is_some_and(|observed| observed.is_mirror)
    }

    fn namespace(&self) -> &str {
        self.observed.as_ref().map_or("", |observed| &observed.namespace)
    }

    /// Returns the latest obstacle of a kind that is about this container.
    pub(super) fn obstacle(&self, kind: ObstacleKind, container: Option<&str>) -> Option<&Obstacle> {
        self.obstacles.iter().find(|obstacle| obstacle.kind == kind && obstacle.container.as_deref() == container)
    }

    /// Returns the obstacles that come before the first container.
    pub(super) fn start_obstacles(&self) -> impl Iterator<Item = &Obstacle> {
        self.obstacles.iter().filter(|obstacle| obstacle.kind.is_before_containers())
    }

    // --- What keeps a Pod from starting ---

    /// Returns the message of a container that cannot start, or of its last exit.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these situations have an exit")]
    fn start_message(&self, container: &str) -> Option<&str> {
        let situation = &self.container(container)?.situation;
        if let Situation::CannotStart { message, .. } = situation {
            return Some(message);
        }
        // The runtime writes why a start failed into the termination message.
        let exit = match situation {
            Situation::Ended { exit, .. } | Situation::HeldBack { exit, .. } | Situation::RestartDue { exit, .. } => {
                exit
            }
            Situation::HeldBackBetween { exit: Some(exit), .. } => exit,
            _ => return None,
        };
        exit.message.as_deref()
    }

    fn image_advice(&self, remedy: Remedy, container: &str) -> Option<String> {
        // Without an answer of a registry there is only the general advice.
        let failure = PullFailure::in_message(self.start_message(container)?)?;
        let advice = failure.advice().replace("{}", &format!("`{container}`"));
        // The first remedy says what the registry's answer means.
        Some(match (remedy == Remedy::RegistryAccess, failure) {
            (false, PullFailure::NotFound) => format!("{advice}; another image is pulled without delay"),
            (false, _) => advice,
            (true, PullFailure::Denied) => match self.pull_secrets() {
                [] => "the Pod has no imagePullSecrets".into(),
                secrets => format!("the Pod has the imagePullSecrets {}", text::names(secrets)),
            },
            (true, _) => "until then the pull is tried again by itself".into(),
        })
    }

    fn pull_secrets(&self) -> &[String] {
        self.observed.as_ref().map_or(&[], |observed| &observed.pull_secrets)
    }

    /// Returns advice on the message of a container whose configuration, creation or start failed.
    fn configuration_advice(&self, remedy: Remedy, container: &str) -> Option<String> {
        let message = self.start_message(container).unwrap_or_default();
        if let Some(advice) = missing_object(message, self.namespace()) {
            return Some(advice);
        }
        // `verifyRunAsNonRoot` in `pkg/kubelet/kuberuntime/security_context.go`.
        if message.contains("runAsNonRoot") {
            return Some(format!(
                "give `{container}` a user that is not root (securityContext.runAsUser in a new Pod, or USER in the image), or leave \
                 out runAsNonRoot"
            ));
        }
        if message.contains("subPath") {
            return Some(format!("correct the subPath of the volume mount of `{container}`, in a new Pod"));
        }
        let is_command = message.contains("executable file not found") || message.contains("exec format error");
        let is_command = is_command || message.contains("exec: ") || message.contains("no command specified");
        match (remedy == Remedy::RunnableCommand, remedy == Remedy::MissingReference) {
            _ if message.is_empty() => None,
            (true, _) if is_command => None,
            (true, _) => Some(format!("correct what the runtime's words name, in a new Pod of `{container}`")),
            (_, true) => Some(format!(
                "correct what the message names: `{container}` then starts by itself, or in a new Pod if its spec is wrong"
            )),
            (false, false) => None,
        }
    }

    /// Returns advice on a Pod that waits for volumes, its network, its sandbox or devices.
    fn start_advice(&self) -> Option<String> {
        let mut advised: Vec<String> = Vec::new();
        for obstacle in self.start_obstacles() {
            let advice = obstacle
                .advice
                .clone()
                .unwrap_or_else(|| format!("correct what the event on {} names", obstacle.subject));
            if !advised.contains(&advice) {
                advised.push(advice);
            }
        }
        advised.truncate(2);
        if !advised.is_empty() {
            return Some(advised.join("; "));
        }
        // Without events, the objects that it needs are all that is known.
        let needs: Vec<String> = self.observed.as_ref()?.needs.iter().map(ToString::to_string).collect();
        if needs.is_empty() {
            return None;
        }
        Some(format!("check that what it needs is there: {} (kubectl describe pod has the events)", text::list(&needs)))
    }

    // --- Removal ---

    fn finalizer_advice(&self, removal: &Removal) -> String {
        let who: Vec<String> = removal
            .finalizers
            .iter()
            .map(|finalizer| format!("{} is removed by {}", finalizer.name, finalizer.removed_by))
            .collect();
        let owner = self.observed.as_ref().and_then(|observed| observed.owner.as_deref());
        let owner = owner.map(|owner| format!(" (its owner is {owner})")).unwrap_or_default();
        let namespace = self.namespace();
        let within = if namespace.is_empty() { String::new() } else { format!(" -n {namespace}") };
        let by_hand = match &*removal.finalizers {
            [_] => format!(
                "kubectl patch pod {}{within} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
                self.pod
            ),
            _ => format!("kubectl edit pod {}{within}", self.pod),
        };
        format!(
            "{}{owner}; only if that controller no longer exists or has done its work, remove it by hand: {by_hand}",
            who.join("; ")
        )
    }

    // --- Resize ---

    fn resize_advice(&self, remedy: Remedy) -> Option<String> {
        let PodSituation::Resizing { condition, reason, .. } = &self.situation else { return None };
        Some(match (&**condition, &**reason, remedy) {
            (_, "Deferred", _) => {
                "wait, or make room on the node: the kubelet tries a deferred resize again by itself".into()
            }
            (_, "Infeasible", _) => "ask for less: this node can never grant this resize".into(),
            ("PodResizeInProgress", "Error", _) => {
                "remove what the message names, or resize it to something else: the kubelet tries again by itself"
                    .into()
            }
            ("PodResizeInProgress", ..) => "wait: the kubelet and the runtime carry it out".into(),
            _ => return None,
        })
    }
}

/// Returns what makes nodes fit, for the reasons of the most nodes.
fn unfit_advice(unfit: &[UnfitNodes]) -> Option<String> {
    let resources: Vec<&str> = unfit.iter().filter_map(UnfitNodes::resource).collect();
    // If no resource is enough, they are wanted on one node together.
    if !resources.is_empty() && resources.len() == unfit.len() {
        return Some(scheduling::more_of(&resources));
    }
    let clauses: Vec<String> = unfit
        .iter()
        .take(MAX_UNFIT)
        .map(|unfit| match unfit.nodes {
            Some(1) => format!("for 1 node, {}", unfit.advice),
            Some(nodes) => format!("for {nodes} nodes, {}", unfit.advice),
            None => unfit.advice.clone(),
        })
        .collect();
    match &*clauses {
        [] => None,
        [_] => unfit.first().map(|only| only.advice.clone()),
        clauses => Some(format!("one of these: {}", clauses.join("; "))),
    }
}

/// Reads the use and the request from the eviction manager's message: `Container app was using 31Gi, request is 0, has
/// larger consumption of ephemeral-storage.`
fn honest_request(message: &str) -> Option<String> {
    // containerMessageFmt in pkg/kubelet/eviction. It may name several containers; the first one is enough.
    let (container, rest) = message.split_once("Container ")?.1.split_once(" was using ")?;
    let (used, rest) = rest.split_once(", request is ")?;
    let (requested, rest) = rest.split_once(", has larger consumption of ")?;
    let resource = rest.split(". ").next()?.trim_end_matches('.');
    Some(format!("request what `{container}` uses (`{resource}`: {used} used, {requested} requested)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_the_resources_of_the_message() {
        let unscheduled = |message: &str| unfit_advice(&scheduling::unfit_nodes(message));
        assert_eq!(
            unscheduled("0/3 nodes are available: 1 Insufficient memory, 2 Insufficient cpu.").unwrap(),
            "add a node with enough CPU and memory, or lower `requests.cpu` and `requests.memory`"
        );
        let taint = "0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.";
        assert_eq!(unscheduled(taint).unwrap(), "add a toleration for the taint a=b, or remove it from a node");
        assert_eq!(unscheduled("no idea"), None);
        assert_eq!(
            unscheduled("0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.").unwrap(),
            "one of these: for 2 nodes, add a node with enough CPU, or lower `requests.cpu`; for 1 node, make a node schedulable \
             again (kubectl uncordon)"
        );
        let message = "The node was low on resource: memory. Container app was using 2Gi, request is 1Gi, has larger \
                       consumption of memory. ";
        assert_eq!(honest_request(message).unwrap(), "request what `app` uses (`memory`: 2Gi used, 1Gi requested)");
    }
}
