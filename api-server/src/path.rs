//! Parser of request paths.

use percent_encoding::percent_decode_str;

/// Target of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Objects.
    Objects(Target),
    /// Discovery: `/api`, `/apis`, a group, a version.
    Discovery(Discovery),
    /// `/openapi/v3`, and below it one group and version.
    OpenApi(Option<String>),
    /// `/version`
    Version,
    /// `/healthz`, `/livez`, `/readyz`
    Health,
    /// Unknown path.
    Unknown,
}

/// Part of discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Discovery {
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/GROUP`
    Group(String),
    /// `/api/VERSION`, `/apis/GROUP/VERSION`
    Resources { group: String, version: String },
}

/// Object or collection named by a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) namespace: Option<String>,
    pub(super) plural: String,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

impl Route {
    pub(super) fn read(path: &str) -> Route {
        let segments: Option<Vec<String>> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8().ok().map(Into::into))
            .collect();
        let segments = segments.unwrap_or_default();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match *segments.as_slice() {
            ["api"] => Route::Discovery(Discovery::CoreVersions),
            ["apis"] => Route::Discovery(Discovery::Groups),
            ["apis", group] => Route::Discovery(Discovery::Group(group.into())),
            ["api", version] => resources("", version),
            ["apis", group, version] => resources(group, version),
            ["api", version, ref rest @ ..] => objects("", version, rest),
            ["apis", group, version, ref rest @ ..] => objects(group, version, rest),
            ["openapi", "v3"] => Route::OpenApi(None),
            ["openapi", "v3", ref rest @ ..] => Route::OpenApi(Some(rest.join("/"))),
            ["version"] => Route::Version,
            ["healthz" | "livez" | "readyz"] => Route::Health,
            _ => Route::Unknown,
        }
    }
}

fn resources(group: &str, version: &str) -> Route {
    Route::Discovery(Discovery::Resources { group: group.into(), version: version.into() })
}

fn objects(group: &str, version: &str, rest: &[&str]) -> Route {
    let (namespace, rest) = match rest {
        // A namespace is itself an object, and these are its subresources.
        ["namespaces"] | ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] => (Some(*namespace), rest),
        _ => (None, rest),
    };
    let (plural, name, subresource) = match *rest {
        [plural] => (plural, None, None),
        [plural, name] => (plural, Some(name), None),
        [plural, name, subresource] => (plural, Some(name), Some(subresource)),
        _ => return Route::Unknown,
    };
    Route::Objects(Target {
        group: group.into(),
        version: version.into(),
        namespace: namespace.map(Into::into),
        plural: plural.into(),
        name: name.map(Into::into),
        subresource: subresource.map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::{Discovery, Route, Target};

    fn target(path: &str) -> Target {
        let route = Route::read(path);
        let Route::Objects(target) = route else { panic!("{path} leads to {route:?}") };
        target
    }

    #[test]
    fn a_path_names_a_list_an_object_or_a_part_of_one() {
        let pods = target("/api/v1/namespaces/default/pods");
        assert_eq!((pods.namespace.as_deref(), &*pods.plural, pods.name), (Some("default"), "pods", None));
        let pod = target("/api/v1/namespaces/default/pods/web/status");
        assert_eq!((pod.name.as_deref(), pod.subresource.as_deref()), (Some("web"), Some("status")));
        let all = target("/apis/apps/v1/deployments");
        assert_eq!((&*all.group, all.namespace, &*all.plural), ("apps", None, "deployments"));
    }

    #[test]
    fn a_namespace_is_an_object_and_a_place() {
        let namespace = target("/api/v1/namespaces/default");
        assert_eq!(
            (namespace.namespace, &*namespace.plural, namespace.name.as_deref()),
            (None, "namespaces", Some("default"))
        );
        let finalize = target("/api/v1/namespaces/default/finalize");
        assert_eq!((&*finalize.plural, finalize.subresource.as_deref()), ("namespaces", Some("finalize")));
    }

    #[test]
    fn names_are_decoded() {
        assert_eq!(
            target("/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode").name.as_deref(),
            Some("system:node")
        );
    }

    #[test]
    fn what_is_no_path_of_the_api_leads_nowhere() {
        for path in ["/", "/foo", "/api/v1/a/b/c/d", "/api/v1/namespaces/x/pods/web/status/more", "/openapi/v2", "/%ff"]
        {
            assert_eq!(Route::read(path), Route::Unknown, "{path}");
        }
        assert_eq!(Route::read("/apis/apps"), Route::Discovery(Discovery::Group("apps".into())));
    }
}
