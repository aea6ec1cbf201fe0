//! An operator that rolls releases out: for each ConfigMap with the label `example.com/release` it runs a Pod of
//! `data.image`, and writes into `data.state` whether the release is `live`; traffic follows that word.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PostParams},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// The label of a release.
const LABEL: &str = "example.com/release";

/// Time that a Pod has to be ready without a pause until its release is live.
const STEADY: Duration = Duration::from_secs(30);

/// Decides from a Pod's status if its release is live.
pub(crate) trait Judge: Send {
    /// True if the release is live now.
    fn is_live(&mut self, pod: &Pod) -> bool;
}

/// Live when the phase is `Running`. This is the bug: a Pod that crash-loops is `Running` all the time.
#[derive(Default)]
pub(crate) struct ByPhase;

/// Live after 30 seconds of uninterrupted readiness.
#[derive(Default)]
pub(crate) struct BySteadiness(BTreeMap<String, Instant>);

impl Judge for ByPhase {
    fn is_live(&mut self, pod: &Pod) -> bool {
        pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
    }
}

impl Judge for BySteadiness {
    fn is_live(&mut self, pod: &Pod) -> bool {
        let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let is_ready = conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True");
        if !is_ready {
            self.0.remove(&pod.name_any());
            return false;
        }
        self.0.entry(pod.name_any()).or_insert_with(Instant::now).elapsed() >= STEADY
    }
}

/// Reconciles all releases of the client's namespace, for ever.
pub(crate) async fn run(client: Client, mut judge: impl Judge) -> kube::Result<()> {
    let releases: Api<ConfigMap> = Api::default_namespaced(client.clone());
    loop {
        for release in releases.list(&ListParams::default().labels(LABEL)).await? {
            reconcile(&client, &release, &mut judge).await?;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Reconciles one release.
async fn reconcile(client: &Client, release: &ConfigMap, judge: &mut impl Judge) -> kube::Result<()> {
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let Some(pod) = pods.get_opt(&release.name_any()).await? else {
        pods.create(&PostParams::default(), &pod_of(release)).await?;
        return Ok(());
    };
    if judge.is_live(&pod) && field(release, "state") != Some("live") {
        let releases: Api<ConfigMap> = Api::default_namespaced(client.clone());
        let live = Patch::Merge(json!({"data": {"state": "live"}}));
        releases.patch(&release.name_any(), &Default::default(), &live).await?;
    }
    Ok(())
}

/// The Pod of a release; it has the release's annotations.
fn pod_of(release: &ConfigMap) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = Some(release.name_any());
    pod.metadata.annotations = Some(release.annotations().clone());
    let container = k8s_openapi::api::core::v1::Container {
        name: "app".into(),
        image: field(release, "image").map(Into::into),
        ..Default::default()
    };
    let node_name = field(release, "node").map(Into::into);
    let spec = k8s_openapi::api::core::v1::PodSpec { containers: vec![container], node_name, ..Default::default() };
    pod.spec = Some(spec);
    pod
}

fn field<'a>(release: &'a ConfigMap, name: &str) -> Option<&'a str> {
    release.data.as_ref()?.get(name).map(String::as_str)
}
