//! Built-in resources.

use super::{
    resource::{Generation, Origin, Resource, Scope, StatusSubresource},
    scale::ScalePaths,
};

use Generation::{Absent as Uncounted, Counted};
use Scope::{Cluster, Namespaced};
use StatusSubresource::{Absent, AlsoCreation, Only};

/// Group, version, plural, kind, short names, scope, generation, status.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Scope,
    Generation,
    StatusSubresource,
);

/// Resources that `kubectl api-resources` lists on a cluster without custom resources.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("", "v1", "configmaps", "ConfigMap", &["cm"], Namespaced, Uncounted, Absent),
    ("", "v1", "endpoints", "Endpoints", &["ep"], Namespaced, Uncounted, Absent),
    ("", "v1", "events", "Event", &["ev"], Namespaced, Uncounted, Absent),
    ("", "v1", "limitranges", "LimitRange", &["limits"], Namespaced, Uncounted, Absent),
    ("", "v1", "namespaces", "Namespace", &["ns"], Cluster, Uncounted, Only),
    ("", "v1", "nodes", "Node", &["no"], Cluster, Uncounted, AlsoCreation),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"], Namespaced, Uncounted, Only),
    ("", "v1", "persistentvolumes", "PersistentVolume", &["pv"], Cluster, Uncounted, Only),
    ("", "v1", "pods", "Pod", &["po"], Namespaced, Counted, Only),
    ("", "v1", "podtemplates", "PodTemplate", &[], Namespaced, Counted, Absent),
    ("", "v1", "replicationcontrollers", "ReplicationController", &["rc"], Namespaced, Counted, Only),
    ("", "v1", "resourcequotas", "ResourceQuota", &["quota"], Namespaced, Uncounted, Only),
    ("", "v1", "secrets", "Secret", &[], Namespaced, Uncounted, Absent),
    ("", "v1", "serviceaccounts", "ServiceAccount", &["sa"], Namespaced, Uncounted, Absent),
    ("", "v1", "services", "Service", &["svc"], Namespaced, Uncounted, Only),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", &["crd", "crds"], Cluster, Counted, Only),
    ("apps", "v1", "controllerrevisions", "ControllerRevision", &[], Namespaced, Uncounted, Absent),
    ("apps", "v1", "daemonsets", "DaemonSet", &["ds"], Namespaced, Counted, Only),
    ("apps", "v1", "deployments", "Deployment", &["deploy"], Namespaced, Counted, Only),
    ("apps", "v1", "replicasets", "ReplicaSet", &["rs"], Namespaced, Counted, Only),
    ("apps", "v1", "statefulsets", "StatefulSet", &["sts"], Namespaced, Counted, Only),
    ("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", &[], Cluster, Uncounted, Absent),
    ("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", &[], Namespaced, Uncounted, Absent),
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", &[], Cluster, Uncounted, Absent),
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", &[], Cluster, Uncounted, Absent),
    ("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", &[], Cluster, Uncounted, Absent),
    ("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"], Namespaced, Uncounted, Only),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"], Namespaced, Uncounted, Only),
    ("batch", "v1", "cronjobs", "CronJob", &["cj"], Namespaced, Counted, Only),
    ("batch", "v1", "jobs", "Job", &[], Namespaced, Counted, Only),
    ("coordination.k8s.io", "v1", "leases", "Lease", &[], Namespaced, Uncounted, Absent),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", &[], Namespaced, Counted, Absent),
    ("events.k8s.io", "v1", "events", "Event", &["ev"], Namespaced, Uncounted, Absent),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", &[], Cluster, Counted, Absent),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", &["ing"], Namespaced, Counted, Only),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", &["netpol"], Namespaced, Counted, Absent),
    ("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", &[], Cluster, Uncounted, Absent),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"], Namespaced, Counted, Only),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", &[], Cluster, Uncounted, Absent),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", &[], Cluster, Uncounted, Absent),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", &[], Namespaced, Uncounted, Absent),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", &[], Namespaced, Uncounted, Absent),
    ("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim", &[], Namespaced, Uncounted, Only),
    ("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate", &[], Namespaced, Uncounted, Absent),
    ("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", &["pc"], Cluster, Counted, Absent),
    ("storage.k8s.io", "v1", "csinodes", "CSINode", &[], Cluster, Uncounted, Absent),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", &["sc"], Cluster, Uncounted, Absent),
    ("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", &[], Cluster, Uncounted, AlsoCreation),
];

/// Returns all built-in resources.
pub(super) fn all() -> impl Iterator<Item = Resource> {
    ROWS.iter().map(|&(group, version, plural, kind, short_names, scope, generation, status)| Resource {
        group: group.into(),
        version: version.into(),
        plural: plural.into(),
        singular: kind.to_lowercase(),
        kind: kind.into(),
        short_names: short_names.iter().map(|&name| name.into()).collect(),
        scope,
        generation,
        status,
        scale: ScalePaths::built_in(group, plural),
        printer_columns: Vec::new(),
        schema: None,
        origin: Origin::BuiltIn,
    })
}
