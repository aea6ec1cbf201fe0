//! Reasons of the scheduler for not placing a Pod, each with the number of nodes and with what to change.
//!
//! Reads `FitError.Error` of `pkg/scheduler/framework`: `0/5 nodes are available: 3 Insufficient cpu, 2 node(s) had
//! untolerated taint {gpu: true}. preemption: …`. The reasons are those of `pkg/scheduler/framework/plugins`.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;

use super::{PodSituation, text};

/// Nodes that do not fit a Pod for one reason.
///
/// ```
/// use pod_lifecycle::explain::ObservedPod;
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/unschedulable.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let unfit = &pod.explain("2026-03-01T12:10:00Z".parse()?).unfit[0];
/// assert_eq!((unfit.nodes, unfit.reason.as_str()), (Some(3), "Insufficient cpu"));
/// assert_eq!(unfit.advice, "add a node with enough CPU, or lower `requests.cpu`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnfitNodes {
    /// Number of nodes; `None` if the reason holds for the Pod on any node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// Reason in the scheduler's words.
    pub reason: String,
    /// Change that makes these nodes fit, in English.
    pub advice: String,
}

/// Advice for the scheduler's reasons that begin with a text. `pkg/scheduler/framework/plugins` has the texts; a second
/// text is that of an earlier version.
pub(crate) const ADVICE: &[(&str, &str)] = &[
    ("Too many pods", "add a node: these have as many Pods as they may have"),
    (
        "node(s) didn't match Pod's node affinity/selector",
        "change the Pod's nodeSelector or nodeAffinity, or label a node with what they ask for",
    ),
    (
        "node(s) didn't match scheduler-enforced node affinity",
        "ask the administrator of the scheduler, whose configuration rules these nodes out (addedAffinity)",
    ),
    ("node(s) didn't match the requested node name", "correct spec.nodeName, or leave it out"),
    ("node(s) were unschedulable", "make a node schedulable again (kubectl uncordon)"),
    (
        "node(s) had untolerated taint(s)",
        "add a toleration for the taints of a node (kubectl describe node), or remove the taints",
    ),
    (
        "node(s) had taints that the pod didn't tolerate",
        "add a toleration for the taints of a node (kubectl describe node), or remove the taints",
    ),
    (
        "node(s) didn't match pod affinity rules",
        "start a Pod that its podAffinity asks for on such a node, or relax the podAffinity",
    ),
    (
        "node(s) didn't match pod anti-affinity rules",
        "add a node, or relax the Pod's podAntiAffinity: each of these runs a Pod that it excludes",
    ),
    (
        "node(s) didn't satisfy existing pods anti-affinity rules",
        "add a node: the podAntiAffinity of Pods that run on these excludes this Pod",
    ),
    (
        "node(s) didn't match pod topology spread constraints (missing required label)",
        "label the nodes with the topologyKey of the Pod's topologySpreadConstraints",
    ),
    (
        "node(s) didn't match pod topology spread constraints",
        "add a node where the fewest of these Pods run, or relax topologySpreadConstraints (maxSkew, ScheduleAnyway)",
    ),
    (
        "node(s) didn't have free ports for the requested pod ports",
        "add a node, or use another hostPort: it is taken on these",
    ),
    (
        "node(s) didn't find available persistent volumes to bind",
        "create a PersistentVolume that fits the claim, or a StorageClass that provisions one",
    ),
    (
        "node(s) didn't match PersistentVolume's node affinity",
        "add a node where the Pod's volume is: it can be used from no other node or zone",
    ),
    (
        "node(s) had volume node affinity conflict",
        "add a node where the Pod's volume is: it can be used from no other node or zone",
    ),
    ("node(s) had no available volume zone", "add a node in the zone of the Pod's volume"),
    ("node(s) exceed max volume count", "add a node: these have as many volumes attached as they may have"),
    ("node(s) did not have enough free storage", "make room in the storage of a node, or ask for a smaller volume"),
    (
        "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
        "restore the PersistentVolume of the claim, or create the claim again",
    ),
    (
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
        "delete the Pod that uses the claim: only one Pod may (ReadWriteOncePod)",
    ),
    ("node(s) had no available disk", "delete the Pod that uses the disk, or use another node"),
    ("node(s) didn't match Pod's required features", "use a node whose kubelet supports what the Pod needs"),
    ("cannot allocate all claims", "add a node with the devices that the Pod's resource claims ask for"),
    (
        "pod has unbound immediate PersistentVolumeClaims",
        "get the Pod's claims bound (kubectl get pvc): no volume fits them, or their StorageClass provisions none",
    ),
    ("pod affinity terms conflict", "correct the Pod's nodeAffinity: its terms contradict each other"),
    ("waiting for scheduling gates", "remove its scheduling gates"),
];

/// Taints that Kubernetes sets itself, with what removes them.
///
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/>
pub(crate) const TAINTS: &[(&str, &str)] = &[
    ("node.kubernetes.io/not-ready", "get the nodes ready (kubectl describe node)"),
    ("node.kubernetes.io/unreachable", "bring the nodes back: their kubelets do not report"),
    ("node.kubernetes.io/unschedulable", "make a node schedulable again (kubectl uncordon)"),
    ("node.kubernetes.io/memory-pressure", "free memory on the nodes"),
    ("node.kubernetes.io/disk-pressure", "free disk space on the nodes"),
    ("node.kubernetes.io/pid-pressure", "end processes on the nodes"),
    ("node.kubernetes.io/network-unavailable", "repair the network of the nodes"),
    ("node.kubernetes.io/out-of-service", "bring the nodes back into service, and remove this taint"),
    ("node.cloudprovider.kubernetes.io/uninitialized", "wait for the cloud provider to initialize the nodes"),
    ("node.cloudprovider.kubernetes.io/shutdown", "start the nodes again"),
];

/// Returns the reasons for which a Pod is on no node.
pub(super) fn of_situation(situation: &PodSituation) -> Vec<UnfitNodes> {
    let PodSituation::Unscheduled { message: Some(message) } = situation else { return Vec::new() };
    unfit_nodes(message)
}

/// Returns the reasons in a message of the scheduler; none of a message in another form.
pub(super) fn unfit_nodes(message: &str) -> Vec<UnfitNodes> {
    if message.starts_with("no nodes available to schedule pods") {
        let advice = "add a node: the cluster has none that takes Pods".into();
        return Vec::from([UnfitNodes { nodes: None, reason: text::unpunctuated(message).into(), advice }]);
    }
    let Some((_, reasons)) = message.split_once("nodes are available:") else { return Vec::new() };
    // What preemption found follows the reasons, and repeats the counts.
    let reasons = reasons.split("preemption:").next().unwrap_or_default();
    let reasons = reasons.trim().trim_end_matches("no new claims to deallocate,").trim();
    let mut unfit: Vec<UnfitNodes> =
        split(text::unpunctuated(reasons)).iter().map(|part| UnfitNodes::of(part)).collect();
    // The reason of the most nodes first; of equal ones, the scheduler's order.
    unfit.sort_by_key(|unfit| core::cmp::Reverse(unfit.nodes.unwrap_or(u32::MAX)));
    unfit.retain(|unfit| !unfit.reason.is_empty());
    unfit
}

/// Splits reasons at commas, of which only one before a number ends a reason.
fn split(reasons: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in reasons.split(", ") {
        match parts.last_mut() {
            Some(last) if !part.starts_with(|first: char| first.is_ascii_digit()) => {
                last.push_str(", ");
                last.push_str(part);
            }
            _ => parts.push(part.into()),
        }
    }
    parts
}

impl UnfitNodes {
    /// Reads `3 Insufficient cpu`, or the reason of a whole Pod.
    fn of(part: &str) -> UnfitNodes {
        let counted = part.split_once(' ').and_then(|(count, reason)| Some((count.parse().ok()?, reason)));
        let (nodes, reason) = match counted {
            Some((nodes, reason)) => (Some(nodes), reason),
            None => (None, part),
        };
        UnfitNodes { nodes, reason: reason.into(), advice: advice(reason) }
    }

    /// Returns the resource that is insufficient.
    pub(super) fn resource(&self) -> Option<&str> {
        self.reason.strip_prefix("Insufficient ")
    }
}

fn advice(reason: &str) -> String {
    if let Some(resource) = reason.strip_prefix("Insufficient ") {
        return more_of(&[resource]);
    }
    if let Some(taint) = taint(reason) {
        return taint_advice(taint);
    }
    if let Some(claim) = quoted_after(reason, "persistentvolumeclaim ") {
        return claim_advice(reason, claim);
    }
    if let Some(driver) = reason.strip_suffix(" CSI driver is not installed on the node") {
        return format!("install the CSI driver {driver} on the nodes");
    }
    let known = ADVICE.iter().find(|(known, _)| reason.starts_with(known));
    known.map_or_else(|| format!("change what the scheduler's words name: {reason}"), |(_, advice)| (*advice).into())
}

/// Returns advice for resources of which no node has enough left.
pub(super) fn more_of(resources: &[&str]) -> String {
    let requests: Vec<String> = resources.iter().map(|resource| format!("`requests.{resource}`")).collect();
    // In prose only; the name of the field stays as it is.
    let words: Vec<&str> = resources.iter().map(|name| if *name == "cpu" { "CPU" } else { *name }).collect();
    format!("add a node with enough {}, or lower {}", text::list(&words), text::list(&requests))
}

/// Returns the taint in `node(s) had untolerated taint {gpu: true}`.
fn taint(reason: &str) -> Option<&str> {
    // Until 1.20 it was `had taint {…}, that the pod didn't tolerate`.
    let (_, rest) = reason.split_once("taint {")?;
    rest.split_once('}').map(|(taint, _)| taint)
}

fn taint_advice(taint: &str) -> String {
    let (key, value) = taint.split_once(": ").unwrap_or((taint.trim_end_matches(':'), ""));
    if let Some((_, advice)) = TAINTS.iter().find(|(known, _)| *known == key) {
        return (*advice).into();
    }
    let taint = if value.trim().is_empty() { key.to_string() } else { format!("{key}={}", value.trim()) };
    format!("add a toleration for the taint {taint}, or remove it from a node")
}

fn claim_advice(reason: &str, claim: &str) -> String {
    if reason.ends_with("not found") && !reason.contains("bound to") {
        format!("create the claim `{claim}`")
    } else if reason.contains("waiting for ephemeral volume controller") {
        format!("wait for the claim `{claim}`, which the ephemeral volume controller creates")
    } else if reason.contains("is being deleted") {
        format!("wait until the claim `{claim}` is gone, and create it again")
    } else {
        format!("look at the claim `{claim}` (kubectl describe pvc {claim}): {reason}")
    }
}

/// Returns the quoted name after some words.
pub(super) fn quoted_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(words)?;
    rest.strip_prefix('"')?.split_once('"').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> Vec<(Option<u32>, String)> {
        unfit_nodes(message).into_iter().map(|unfit| (unfit.nodes, unfit.reason)).collect()
    }

    #[test]
    fn each_reason_has_its_count_the_most_nodes_first() {
        let message = "0/6 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 \
                       node(s) had taint {gpu: true}, that the pod didn't tolerate, 3 Insufficient nvidia.com/gpu. \
                       preemption: 0/6 nodes are available: 3 No preemption victims found for incoming pod, 3 Preemption is \
                       not helpful for scheduling.";
        let expected = [
            (Some(3), "Insufficient nvidia.com/gpu"),
            (Some(2), "node(s) had taint {gpu: true}, that the pod didn't tolerate"),
            (Some(1), "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"),
        ];
        assert_eq!(read(message), expected.map(|(nodes, reason)| (nodes, reason.to_string())));
    }

    #[test]
    fn a_reason_of_the_whole_pod_has_no_count() {
        let message = "0/3 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/3 nodes are \
                       available: 3 Preemption is not helpful for scheduling.";
        assert_eq!(read(message), [(None, "persistentvolumeclaim \"data\" not found".to_string())]);
        assert_eq!(unfit_nodes(message)[0].advice, "create the claim `data`");
        assert_eq!(unfit_nodes("no nodes available to schedule pods").len(), 1);
        assert_eq!(unfit_nodes("my scheduler does not like it"), []);
    }

    #[test]
    fn each_known_reason_has_advice_of_its_own() {
        for (reason, advice) in ADVICE {
            let message = format!("0/4 nodes are available: 4 {reason}.");
            assert_eq!(unfit_nodes(&message)[0].advice, *advice, "{reason}");
        }
        for (taint, advice) in TAINTS {
            let message = format!("0/4 nodes are available: 4 node(s) had untolerated taint {{{taint}: }}.");
            assert_eq!(unfit_nodes(&message)[0].advice, *advice, "{taint}");
        }
    }
}
