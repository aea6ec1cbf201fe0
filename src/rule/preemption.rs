//! Preemption by the kubelet: other Pods of the node that are killed for a critical one
//! (pkg/kubelet/preemption/preemption.go).
//!
//! Asked by `rule::admission`.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use super::admission::{Failure, Rejection, amount, rejection};
use crate::{
    api::PodQosClass,
    config::{AdmittedPod, NodeInfo},
    spec::PodSpec,
};

/// Resource that is lacking, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    resource: String,
    quantity: i64,
}

/// Returns the names of the Pods to preempt for a critical Pod, or refuses it for a reason that has nothing to do with
/// room, or because there is nothing to gain.
///
/// Answers to `HandleAdmissionFailure` and `getPodsToPreempt`.
pub(super) fn preempt(spec: &PodSpec, node: &NodeInfo, failures: &[Failure]) -> Result<Vec<Box<str>>, Rejection> {
    if let Some(other) = failures.iter().find(|failure| matches!(failure, Failure::Predicate { .. })) {
        return Err(rejection(other));
    }
    let lacking: Vec<Requirement> = failures
        .iter()
        .filter_map(|failure| match failure {
            Failure::Insufficient { resource, requested, used, capacity } => Some(Requirement {
                resource: resource.clone(),
                quantity: requested.saturating_sub(capacity.saturating_sub(*used)),
            }),
            Failure::Predicate { .. } => None,
        })
        .collect();
    let of_class = |class: PodQosClass| -> Vec<&AdmittedPod> {
        node.pods.iter().filter(|pod| is_preemptable(spec, pod) && pod.qos() == class).collect()
    };
    let best_effort = of_class(PodQosClass::BestEffort);
    let (burstable, guaranteed) = (of_class(PodQosClass::Burstable), of_class(PodQosClass::Guaranteed));
    let all = best_effort.iter().chain(&burstable).chain(&guaranteed);
    let left = subtract(&lacking, all.copied());
    if !left.is_empty() {
        return Err(nothing_to_gain(&left));
    }
    // Guaranteed Pods only for what all others together do not free, then Burstable ones, then the rest.
    let others = best_effort.iter().chain(&burstable).copied();
    let of_guaranteed = nearest(guaranteed, subtract(&lacking, others));
    let others = best_effort.iter().chain(&of_guaranteed).copied();
    let of_burstable = nearest(burstable, subtract(&lacking, others));
    let others = of_burstable.iter().chain(&of_guaranteed).copied();
    let of_best_effort = nearest(best_effort, subtract(&lacking, others));
    let victims = of_best_effort.iter().chain(&of_burstable).chain(&of_guaranteed);
    Ok(victims.map(|pod| pod.name.clone()).collect())
}

/// True if a critical Pod may preempt another.
///
/// Answers to `Preemptable` in `pkg/kubelet/types/pod_update.go`.
fn is_preemptable(preemptor: &PodSpec, pod: &AdmittedPod) -> bool {
    if pod.is_static != preemptor.is_static() {
        return preemptor.is_static();
    }
    pod.priority < preemptor.priority()
}

/// Returns the error of a preemption that would free too little.
fn nothing_to_gain(left: &[Requirement]) -> Rejection {
    let mut listed = String::new();
    for Requirement { resource, quantity } in left {
        listed.push_str(&format!("(res: {resource}, q: {quantity}), "));
    }
    let message = format!(
        "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to \
         preempt: no set of running pods found to reclaim resources: [{listed}]"
    );
    Rejection { reason: "UnexpectedAdmissionError".into(), message: message.into() }
}

fn request_of(pod: &AdmittedPod, resource: &str) -> i64 {
    // Each Pod is one of the node's Pods.
    if resource == "pods" { 1 } else { amount(resource, pod.requests.get(resource).copied().unwrap_or_default()) }
}

/// Returns what is still lacking once these Pods are gone.
fn subtract<'a>(lacking: &[Requirement], pods: impl Iterator<Item = &'a AdmittedPod> + Clone) -> Vec<Requirement> {
    let left = lacking.iter().map(|requirement| Requirement {
        resource: requirement.resource.clone(),
        quantity: pods
            .clone()
            .fold(requirement.quantity, |left, pod| left.saturating_sub(request_of(pod, &requirement.resource))),
    });
    left.filter(|requirement| requirement.quantity > 0).collect()
}

/// Chooses Pods one after the other, each time the one that frees most of what is lacking; of two alike the smaller.
///
/// Answers to `getPodsToPreemptByDistance`.
fn nearest(mut pods: Vec<&AdmittedPod>, mut lacking: Vec<Requirement>) -> Vec<&AdmittedPod> {
    let mut chosen = Vec::new();
    while !lacking.is_empty() && !pods.is_empty() {
        let mut best = 0;
        let mut best_distance = f64::INFINITY;
        for (place, pod) in pods.iter().enumerate() {
            let distance = distance(&lacking, pod);
            let is_smaller = || pods.get(best).is_some_and(|best| is_smaller(pod, best));
            // Distances of equal Pods are computed alike, so they are equal to the bit.
            #[expect(clippy::float_cmp, reason = "as the kubelet compares them")]
            if distance < best_distance || distance == best_distance && is_smaller() {
                (best, best_distance) = (place, distance);
            }
        }
        let pod = pods.swap_remove(best);
        lacking = subtract(&lacking, core::iter::once(pod));
        chosen.push(pod);
    }
    chosen
}

/// Returns how much of each requirement a Pod leaves open, as a sum of squared shares.
#[expect(clippy::cast_precision_loss, reason = "as the kubelet computes it")]
fn distance(lacking: &[Requirement], pod: &AdmittedPod) -> f64 {
    let open = lacking.iter().filter_map(|requirement| {
        let left = requirement.quantity.saturating_sub(request_of(pod, &requirement.resource));
        (left > 0).then(|| left as f64 / requirement.quantity as f64)
    });
    open.map(|share| share * share).sum()
}

/// True if the first asks for less memory, or for as much and no more CPU.
///
/// Answers to `smallerResourceRequest`.
fn is_smaller(one: &AdmittedPod, other: &AdmittedPod) -> bool {
    let requests = |pod: &AdmittedPod| (request_of(pod, "memory"), request_of(pod, "cpu"));
    requests(one) <= requests(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::admission;

    fn critical(cpu: &str) -> PodSpec {
        let manifest = alloc::format!(
            r#"{{"spec": {{"priority": 2000001000, "containers": [
                {{"name": "dns", "image": "d", "resources": {{"requests": {{"cpu": "{cpu}"}}}}}}]}}}}"#
        );
        PodSpec::from_admitted(&serde_json::from_str(&manifest).unwrap()).unwrap()
    }

    fn node(pods: &[(&str, &str)]) -> NodeInfo {
        let node = NodeInfo::with_allocatable([("cpu", "4"), ("memory", "8Gi")]).unwrap();
        pods.iter().fold(node, |node, (name, cpu)| {
            node.with_pod(AdmittedPod::named(name).with_requests([("cpu", *cpu)]).unwrap())
        })
    }

    fn victims(cpu: &str, pods: &[(&str, &str)]) -> Vec<Box<str>> {
        admission::admit(&critical(cpu), "node", &node(pods)).unwrap()
    }

    #[test]
    fn a_critical_pod_preempts_only_as_much_as_it_needs() {
        assert_eq!(victims("1", &[("a", "2"), ("b", "1")]), []);
        assert_eq!(victims("2", &[("a", "2"), ("b", "1")]), ["b".into()]);
        assert_eq!(victims("3", &[("a", "2"), ("b", "1"), ("c", "500m")]), ["a".into(), "c".into()]);
    }

    #[test]
    fn a_critical_pod_that_is_larger_than_the_node_is_refused() {
        let refused = admission::admit(&critical("6"), "node", &node(&[("a", "2")])).unwrap_err();
        assert_eq!(&*refused.reason, "UnexpectedAdmissionError");
        assert!(
            refused.message.ends_with("no set of running pods found to reclaim resources: [(res: cpu, q: 2000), ]")
        );
    }

    #[test]
    fn a_pod_of_the_same_priority_is_not_preempted() {
        let mut node = node(&[("a", "3")]);
        node.pods[0].priority = 2_000_001_000;
        assert!(admission::admit(&critical("2"), "node", &node).is_err());
    }
}
