//! Patches, applied as the API server applies them, give the merged status.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use proptest::{collection::vec, option, prelude::*, sample};
use serde_json::{Map, Value};

use super::*;
use crate::{
    api::{ConditionStatus, ContainerStatus, HostIp, OtherFields, PodCondition, PodIp, PodPhase, PodQosClass},
    state::is_owned_by_kubelet,
    time::Timestamp,
};

proptest! {
    #[test]
    fn a_patch_turns_the_api_servers_status_into_the_merged_one(theirs in status(), ours in status()) {
        let merged = merged_status(&theirs, &ours);
        prop_assert_eq!(patched(&theirs, StatusPatch::between("uid", &theirs, &ours).as_ref()), merged);
    }

    #[test]
    fn a_second_patch_is_empty(theirs in status(), ours in status()) {
        let merged = merged_status(&theirs, &ours);
        prop_assert_eq!(StatusPatch::between("uid", &merged, &ours), None);
    }

    #[test]
    fn a_patch_keeps_what_other_writers_change_meanwhile(theirs in status(), ours in status(), later in status()) {
        let meanwhile = PodStatus { conditions: with_external_conditions(&theirs, &later), ..theirs.clone() };
        let patch = StatusPatch::between("uid", &theirs, &ours);
        let found = patched(&meanwhile, patch.as_ref());
        // As sets: two writers may put their conditions in either order.
        let of_others = |status: &PodStatus| -> BTreeSet<String> {
            let others = status.conditions.iter().filter(|condition| is_external(condition));
            others.map(|condition| serde_json::to_string(condition).unwrap()).collect()
        };
        prop_assert_eq!(of_others(&found), of_others(&meanwhile));
    }

    #[test]
    fn a_patch_contains_no_external_condition(theirs in status(), ours in status()) {
        let patch = StatusPatch::between("uid", &theirs, &ours);
        let sent = patch.and_then(|patch| patch.status().get("conditions").cloned());
        let sent: Vec<PodConditionType> = sent.map(|sent| serde_json::from_value(sent.clone()).unwrap()).unwrap_or_default();
        for condition in sent {
            prop_assert!(is_owned_by_kubelet(&condition.type_) || condition.type_ == DISRUPTION);
        }
    }
}

#[derive(serde::Deserialize)]
struct PodConditionType {
    #[serde(rename = "type")]
    type_: String,
}

const DISRUPTION: &str = "DisruptionTarget";

fn is_external(condition: &PodCondition) -> bool {
    !is_owned_by_kubelet(&condition.type_) && condition.type_ != DISRUPTION
}

/// Conditions of `theirs` that the kubelet may set, and all others of `later`.
fn with_external_conditions(theirs: &PodStatus, later: &PodStatus) -> Vec<PodCondition> {
    let own = theirs.conditions.iter().filter(|condition| !is_external(condition));
    let others = later.conditions.iter().filter(|condition| is_external(condition));
    others.chain(own).cloned().collect()
}

/// Returns the status after the API server has applied a patch.
fn patched(theirs: &PodStatus, patch: Option<&StatusPatch>) -> PodStatus {
    let Value::Object(mut fields) = serde_json::to_value(theirs).unwrap() else { panic!("a status is a map") };
    if let Some(patch) = patch {
        let Value::Object(patch) = serde_json::to_value(patch.status()).unwrap() else { panic!("a patch is a map") };
        apply(&mut fields, patch);
    }
    serde_json::from_value(Value::Object(fields)).unwrap()
}

/// Strategic merge of maps, after `mergeMap` in `k8s.io/apimachinery/pkg/util/strategicpatch`.
fn apply(fields: &mut Map<String, Value>, patch: Map<String, Value>) {
    // An order is that of the merged list, so it is applied last.
    let (orders, changes): (Vec<_>, Vec<_>) =
        patch.into_iter().partition(|(field, _)| field.starts_with("$setElementOrder/"));
    for (field, change) in changes {
        let key = merge_key(&field);
        match (fields.get_mut(&field), change, key) {
            (_, Value::Null, _) => {
                fields.remove(&field);
            }
            (Some(Value::Object(before)), Value::Object(change), _) => apply(before, change),
            (Some(Value::Array(before)), Value::Array(change), Some(key)) => merge(before, change, key),
            (_, change, _) => {
                fields.insert(field, change);
            }
        }
    }
    for (field, order) in orders {
        let field = field.strip_prefix("$setElementOrder/").unwrap();
        let (key, order) = (merge_key(field).unwrap(), order.as_array().unwrap().clone());
        let Some(Value::Array(items)) = fields.get_mut(field) else { continue };
        let place = |item: &Value| order.iter().position(|ordered| ordered[key] == item[key]);
        // A stable sort: items that the order does not name come first, as they stood.
        items.sort_by_key(place);
    }
}

fn merge_key(field: &str) -> Option<&'static str> {
    match field {
        "conditions" => Some("type"),
        "podIPs" | "hostIPs" => Some("ip"),
        _ => None,
    }
}

fn merge(items: &mut Vec<Value>, changes: Vec<Value>, key: &str) {
    for change in changes {
        let Value::Object(change) = change else { panic!("an item is a map") };
        let place = items.iter().position(|item| item[key] == change[key]);
        match (place, change.get("$patch")) {
            (place, Some(directive)) => {
                assert_eq!(directive, "delete");
                // An item that another writer has removed meanwhile is no error.
                place.map(|place| items.remove(place));
            }
            (Some(place), None) => apply(items[place].as_object_mut().unwrap(), change),
            (None, None) => items.push(Value::Object(change)),
        }
    }
}

// Conditions of the kubelet, one of several writers, and two of others.
const TYPES: [&str; 8] = [
    "PodScheduled",
    "Ready",
    "ContainersReady",
    "PodResizePending",
    "AllContainersRestarting",
    "DisruptionTarget",
    "example.com/gate",
    "Mine",
];

fn status() -> impl Strategy<Value = PodStatus> {
    let phase = option::of(sample::select(&[PodPhase::Pending, PodPhase::Running, PodPhase::Failed][..]));
    let qos = option::of(sample::select(&[PodQosClass::Guaranteed, PodQosClass::BestEffort][..]));
    let around = (0..3_i64, phase, qos, word(), time());
    let lists = (conditions(), ips(), ips(), vec(container(), 0..3), vec(container(), 0..2), other());
    (around, lists).prop_map(|((observed_generation, phase, qos_class, reason, start_time), lists)| {
        let (conditions, host_ips, pod_ips, container_statuses, init_container_statuses, other) = lists;
        PodStatus {
            observed_generation,
            phase: phase.map(Into::into),
            qos_class: qos_class.map(Into::into),
            reason,
            start_time,
            conditions,
            host_ip: host_ips.first().cloned().unwrap_or_default(),
            host_ips: host_ips.into_iter().map(|ip| HostIp { ip }).collect(),
            pod_ip: pod_ips.first().cloned().unwrap_or_default(),
            pod_ips: pod_ips.into_iter().map(|ip| PodIp { ip }).collect(),
            container_statuses,
            init_container_statuses,
            other,
            ..PodStatus::default()
        }
    })
}

fn conditions() -> impl Strategy<Value = Vec<PodCondition>> {
    let types = sample::subsequence(TYPES.to_vec(), 0..=TYPES.len()).prop_shuffle();
    types.prop_flat_map(|types| types.into_iter().map(condition).collect::<Vec<_>>())
}

fn condition(type_: &'static str) -> impl Strategy<Value = PodCondition> {
    (0..3_i64, any::<bool>(), word(), word(), time()).prop_map(
        move |(observed_generation, holds, reason, message, last_transition_time)| PodCondition {
            type_: type_.into(),
            observed_generation,
            status: ConditionStatus::from(holds).into(),
            last_probe_time: None,
            last_transition_time,
            reason,
            message,
        },
    )
}

fn container() -> impl Strategy<Value = ContainerStatus> {
    (word(), any::<bool>(), 0..3_i32, value()).prop_map(|(name, ready, restart_count, resources)| ContainerStatus {
        name,
        ready,
        restart_count,
        resources: Some(resources),
        ..ContainerStatus::default()
    })
}

fn ips() -> impl Strategy<Value = Vec<String>> {
    let ips = ["10.0.0.1", "10.0.0.2", "fd00::1"].map(String::from).to_vec();
    sample::subsequence(ips, 0..=2).prop_shuffle()
}

fn other() -> impl Strategy<Value = OtherFields> {
    // The last is another controller's, which the kubelet must not write.
    let fields = ["resources", "nominatedNodeName", "resourceClaimStatuses"].map(String::from).to_vec();
    (sample::subsequence(fields, 0..=3), vec(value(), 3))
        .prop_map(|(fields, values)| fields.into_iter().zip(values).collect())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![(0..3_i64).prop_map(Value::from), word().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let fields = vec((sample::select(&["cpu", "memory", "limits"][..]), inner.clone()), 1..3);
        prop_oneof![vec(inner, 0..3).prop_map(Value::Array), fields.prop_map(|fields| fields.into_iter().collect())]
    })
}

fn word() -> impl Strategy<Value = String> {
    // As a reason of `DisruptionTarget`, the second makes it the kubelet's own.
    sample::select(&["", "TerminationByKubelet", "Other"][..]).prop_map(String::from)
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    option::of((0..3_i64).prop_map(Timestamp::from_unix_seconds))
}
