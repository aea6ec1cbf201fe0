//! `patchStrategy` and `patchMergeKey` of Kubernetes' types.

use super::super::resource::Resource;

/// The fields of a type about which there is something to say. Of all others, maps are merged and lists replaced.
#[derive(Debug)]
pub(super) struct Schema(&'static [(&'static str, Field)]);

/// Kind of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    /// An object.
    One(&'static Schema),
    /// A list whose items are merged by one of their fields.
    ByKey(&'static str, &'static Schema),
    /// A list of single values, each of which is there once.
    Set,
}

impl Schema {
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, field)| *field)
    }
}

use Field::{ByKey, One, Set};

/// A type of which nothing is known.
pub(super) static UNKNOWN: Schema = Schema(&[]);

/// The type of a resource's objects.
pub(super) fn of(resource: &Resource) -> &'static Schema {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => &POD,
        ("", "podtemplates") => &POD_TEMPLATE_OBJECT,
        ("", "nodes") => &NODE,
        ("", "services") => &SERVICE,
        ("", "serviceaccounts") => &SERVICE_ACCOUNT,
        ("apps", _) | ("batch", "jobs") | ("", "replicationcontrollers") => &WORKLOAD,
        ("batch", "cronjobs") => &CRON_JOB,
        ("resource.k8s.io", "resourceclaims") => &RESOURCE_CLAIM,
        ("storage.k8s.io", "csinodes") => &CSI_NODE,
        _ => &WITH_CONDITIONS,
    }
}

static METADATA: Schema = Schema(&[("ownerReferences", ByKey("uid", &UNKNOWN)), ("finalizers", Set)]);
static CONDITIONS: Schema = Schema(&[("conditions", ByKey("type", &UNKNOWN))]);
static WITH_CONDITIONS: Schema = Schema(&[("metadata", One(&METADATA)), ("status", One(&CONDITIONS))]);

static POD: Schema = Schema(&[("metadata", One(&METADATA)), ("spec", One(&POD_SPEC)), ("status", One(&POD_STATUS))]);
static POD_SPEC: Schema = Schema(&[
    ("volumes", ByKey("name", &UNKNOWN)),
    ("initContainers", ByKey("name", &CONTAINER)),
    ("containers", ByKey("name", &CONTAINER)),
    ("ephemeralContainers", ByKey("name", &CONTAINER)),
    ("imagePullSecrets", ByKey("name", &UNKNOWN)),
    ("hostAliases", ByKey("ip", &UNKNOWN)),
    ("topologySpreadConstraints", ByKey("topologyKey", &UNKNOWN)),
    ("schedulingGates", ByKey("name", &UNKNOWN)),
    ("resourceClaims", ByKey("name", &UNKNOWN)),
]);
static CONTAINER: Schema = Schema(&[
    ("ports", ByKey("containerPort", &UNKNOWN)),
    ("env", ByKey("name", &UNKNOWN)),
    ("volumeMounts", ByKey("mountPath", &UNKNOWN)),
    ("volumeDevices", ByKey("devicePath", &UNKNOWN)),
]);
static POD_STATUS: Schema = Schema(&[
    ("conditions", ByKey("type", &UNKNOWN)),
    ("hostIPs", ByKey("ip", &UNKNOWN)),
    ("podIPs", ByKey("ip", &UNKNOWN)),
    ("resourceClaimStatuses", ByKey("name", &UNKNOWN)),
]);
static POD_TEMPLATE: Schema = Schema(&[("metadata", One(&METADATA)), ("spec", One(&POD_SPEC))]);
static POD_TEMPLATE_OBJECT: Schema = Schema(&[("metadata", One(&METADATA)), ("template", One(&POD_TEMPLATE))]);

static NODE: Schema = Schema(&[("metadata", One(&METADATA)), ("spec", One(&NODE_SPEC)), ("status", One(&NODE_STATUS))]);
static NODE_SPEC: Schema = Schema(&[("podCIDRs", Set)]);
static NODE_STATUS: Schema = Schema(&[("conditions", ByKey("type", &UNKNOWN)), ("addresses", ByKey("type", &UNKNOWN))]);

static SERVICE: Schema =
    Schema(&[("metadata", One(&METADATA)), ("spec", One(&SERVICE_SPEC)), ("status", One(&CONDITIONS))]);
static SERVICE_SPEC: Schema = Schema(&[("ports", ByKey("port", &UNKNOWN))]);
static SERVICE_ACCOUNT: Schema = Schema(&[("metadata", One(&METADATA)), ("secrets", ByKey("name", &UNKNOWN))]);

static WORKLOAD: Schema =
    Schema(&[("metadata", One(&METADATA)), ("spec", One(&WORKLOAD_SPEC)), ("status", One(&CONDITIONS))]);
static WORKLOAD_SPEC: Schema = Schema(&[("template", One(&POD_TEMPLATE))]);
static CRON_JOB: Schema = Schema(&[("metadata", One(&METADATA)), ("spec", One(&CRON_JOB_SPEC))]);
static CRON_JOB_SPEC: Schema = Schema(&[("jobTemplate", One(&WORKLOAD))]);

static RESOURCE_CLAIM: Schema = Schema(&[("metadata", One(&METADATA)), ("status", One(&RESOURCE_CLAIM_STATUS))]);
static RESOURCE_CLAIM_STATUS: Schema = Schema(&[("reservedFor", ByKey("uid", &UNKNOWN))]);
static CSI_NODE: Schema = Schema(&[("metadata", One(&METADATA)), ("spec", One(&CSI_NODE_SPEC))]);
static CSI_NODE_SPEC: Schema = Schema(&[("drivers", ByKey("name", &UNKNOWN))]);
