//! Environment of a container (pkg/kubelet/kubelet_pods.go, pkg/kubelet/envvars).

use std::collections::BTreeMap;

use pod_lifecycle::api::{Container, PodManifest, Quantity};
use serde_json::Value;

use super::objects::{Objects, Source};

/// Facts of the node and its network that the downward API shows.
pub(super) struct Surroundings<'a> {
    pub(super) host_ip: String,
    pub(super) pod_ip: String,
    /// Allocatable resources of the node: the limits of a container that has none.
    pub(super) allocatable: &'a BTreeMap<String, Quantity>,
}

/// Returns a container's environment, or the message of its `CreateContainerConfigError`.
///
/// Answers to `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`.
pub(super) fn environment(
    pod: &PodManifest,
    container: &Container,
    objects: &Objects,
    around: &Surroundings<'_>,
) -> Result<BTreeMap<String, String>, String> {
    let services = services(pod, objects);
    let mut env = BTreeMap::new();
    for from in &container.env_from {
        let prefix = text(from, "prefix");
        for (field, source) in [("configMapRef", Source::ConfigMap), ("secretRef", Source::Secret)] {
            let Some(reference) = from.get(field) else { continue };
            let Some(data) = objects.data(source, text(reference, "name"), is_optional(reference))? else { continue };
            env.extend(
                data.into_iter()
                    .map(|(key, bytes)| (format!("{prefix}{key}"), String::from_utf8_lossy(&bytes).into_owned())),
            );
        }
    }
    // A reference is expanded by the variables before it, and then by those of services.
    let mut known = services.clone();
    for variable in &container.env {
        let value = match &variable.value_from {
            None => Some(fake_image::expand(&variable.value, &known)),
            Some(from) => referenced(pod, container, from, objects, around)?,
        };
        if let Some(value) = value {
            known.insert(variable.name.clone(), value.clone());
            env.insert(variable.name.clone(), value);
        }
    }
    for (name, value) in services {
        env.entry(name).or_insert(value);
    }
    Ok(env)
}

/// Returns the value of `valueFrom`; `None` if it is optional and missing.
fn referenced(
    pod: &PodManifest,
    container: &Container,
    from: &Value,
    objects: &Objects,
    around: &Surroundings<'_>,
) -> Result<Option<String>, String> {
    if let Some(path) = from.pointer("/fieldRef/fieldPath").and_then(Value::as_str) {
        return field(pod, path, around).map(Some).ok_or_else(|| format!("unsupported fieldPath: {path}"));
    }
    if let Some(reference) = from.get("resourceFieldRef") {
        return resource(pod, container, reference, around.allocatable).map(Some);
    }
    let sources = [("configMapKeyRef", Source::ConfigMap), ("secretKeyRef", Source::Secret)];
    for (name, source) in sources {
        let Some(reference) = from.get(name) else { continue };
        let (object, key, optional) = (text(reference, "name"), text(reference, "key"), is_optional(reference));
        let Some(data) = objects.data(source, object, optional)? else { return Ok(None) };
        return match data.get(key) {
            Some(bytes) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
            None if optional => Ok(None),
            None => {
                let kind = source.kind();
                Err(format!("couldn't find key {key} in {kind} {}/{object}", pod.metadata.namespace))
            }
        };
    }
    Ok(None)
}

/// Returns a field of the Pod for the downward API.
///
/// Answers to `podFieldSelectorRuntimeValue` in `pkg/kubelet/kubelet_pods.go`.
pub(super) fn field(pod: &PodManifest, path: &str, around: &Surroundings<'_>) -> Option<String> {
    let metadata = &pod.metadata;
    if let Some((map, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        let map = match map {
            "metadata.labels" => &metadata.labels,
            "metadata.annotations" => &metadata.annotations,
            _ => return None,
        };
        return Some(map.get(key).cloned().unwrap_or_default());
    }
    let listed = |map: &BTreeMap<String, String>| {
        map.iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>().join("\n")
    };
    Some(match path {
        "metadata.name" => metadata.name.clone(),
        "metadata.namespace" => metadata.namespace.clone(),
        "metadata.uid" => metadata.uid.clone(),
        "metadata.labels" => listed(&metadata.labels),
        "metadata.annotations" => listed(&metadata.annotations),
        "spec.nodeName" => pod.spec.node_name.clone(),
        "spec.serviceAccountName" => pod.spec.service_account_name.clone(),
        "status.hostIP" | "status.hostIPs" => around.host_ip.clone(),
        "status.podIP" | "status.podIPs" => around.pod_ip.clone(),
        _ => return None,
    })
}

/// Returns a container's request or limit in units of the divisor, rounded up.
///
/// Answers to `ExtractContainerResourceValue` in `pkg/api/v1/resource/helpers.go`.
pub(super) fn resource(
    pod: &PodManifest,
    container: &Container,
    reference: &Value,
    allocatable: &BTreeMap<String, Quantity>,
) -> Result<String, String> {
    let named = text(reference, "containerName");
    let of_name = pod.spec.containers.iter().chain(&pod.spec.init_containers).find(|of| of.name == named);
    let container = of_name.unwrap_or(container);
    let name = text(reference, "resource");
    let (list, resource) = name.split_once('.').ok_or_else(|| format!("unsupported container resource : {name}"))?;
    let own = |list: &str| {
        let amount = container.resources.as_ref()?.get(list)?.get(resource)?;
        amount.as_str().map(str::to_owned).unwrap_or_else(|| amount.to_string()).parse::<Quantity>().ok()
    };
    // Without a limit the node's allocatable is what there is.
    let amount = own(list).or_else(|| allocatable.get(resource).copied().filter(|_| list == "limits"));
    let divisor = reference.get("divisor").and_then(Value::as_str).and_then(|text| text.parse::<Quantity>().ok());
    let amount = amount.map_or(0, Quantity::milli_value);
    let divisor = divisor.map_or(1_000, Quantity::milli_value).max(1);
    Ok(amount.saturating_add(divisor.saturating_sub(1)).checked_div(divisor).unwrap_or_default().to_string())
}

/// Returns the variables of the services of the Pod's namespace, and of the API server's.
///
/// Answers to `getServiceEnvVarMap` in `pkg/kubelet/kubelet_pods.go` and `FromServices` in `pkg/kubelet/envvars`.
fn services(pod: &PodManifest, objects: &Objects) -> BTreeMap<String, String> {
    let links = pod.spec.other.get("enableServiceLinks").and_then(Value::as_bool) != Some(false);
    let mut env = BTreeMap::new();
    for service in objects.services() {
        let pointer = |path: &str| service.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (name, namespace) = (pointer("/metadata/name"), pointer("/metadata/namespace"));
        let is_master = (namespace, name) == ("default", "kubernetes");
        let ip = pointer("/spec/clusterIP");
        if ip.is_empty() || ip == "None" || !(is_master || links && namespace == pod.metadata.namespace) {
            continue;
        }
        let name = variable(name);
        let ports = service.pointer("/spec/ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        env.insert(format!("{name}_SERVICE_HOST"), ip.to_owned());
        for (index, port) in ports.iter().enumerate() {
            let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
            let protocol = Some(text(port, "protocol")).filter(|name| !name.is_empty()).unwrap_or("TCP");
            let (low, url) = (protocol.to_ascii_lowercase(), format!("{name}_PORT_{number}_{protocol}"));
            let address = format!("{low}://{ip}:{number}");
            if index == 0 {
                env.insert(format!("{name}_SERVICE_PORT"), number.to_string());
                env.insert(format!("{name}_PORT"), address.clone());
            }
            let port_name = text(port, "name");
            if !port_name.is_empty() {
                env.insert(format!("{name}_SERVICE_PORT_{}", variable(port_name)), number.to_string());
            }
            env.insert(format!("{url}_PROTO"), low);
            env.insert(format!("{url}_PORT"), number.to_string());
            env.insert(format!("{url}_ADDR"), ip.to_owned());
            env.insert(url, address);
        }
    }
    env
}

/// Returns a name as part of a variable's.
fn variable(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

/// Returns a text field; empty if it is absent.
pub(super) fn text<'a>(of: &'a Value, field: &str) -> &'a str {
    of.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// True if a reference is optional.
pub(super) fn is_optional(reference: &Value) -> bool {
    reference.get("optional").and_then(Value::as_bool) == Some(true)
}
