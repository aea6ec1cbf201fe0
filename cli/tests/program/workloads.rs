//! Deployments, Jobs and the like are played as one of their Pods.

use std::{fs, path::Path};

use super::{life, refused};

/// A file as people keep them: several documents of several kinds.
const SHOP: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: 'nginx:1.27', env: [{name: LEVEL, value: info}]}]}
---
# nothing
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: '0 3 * * *'
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: 'busybox:1.36'}]}}}}
";

#[test]
fn a_workload_is_played_as_one_of_its_pods_and_chosen_by_its_name() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop.yaml");
    fs::write(&file, SHOP).unwrap();
    let named = |name: &str| life(&["--name", name, "--until", "60s", "--pod", file.to_str().unwrap()]);
    let pod = named("web")["pod"].clone();
    let hash = pod["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert!(pod["metadata"]["name"].as_str().unwrap().starts_with(&format!("web-{hash}-")));
    assert_eq!(
        (&pod["status"]["phase"], &pod["spec"]["containers"][0]["env"][0]["value"]),
        (&"Running".into(), &"info".into())
    );
    assert_eq!(named("cronjob/report")["pod"]["metadata"]["labels"]["job-name"], "report-0");
    fs::remove_file(&file).unwrap();
    let message = refused(&["--name", "wbe", "--pod"], "shop-unknown.yaml", SHOP);
    assert_eq!(message, "no document that makes Pods is called \"wbe\", there is Deployment/web, CronJob/report");
}

#[test]
fn a_scenario_may_hold_a_workload() {
    let job = "pod:
  kind: Job
  metadata: {name: report}
  spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: 'busybox:1.36'}]}}}
script: {containers: {app: {runs: [{exitsAfterSeconds: 5}]}}}
";
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("job.yaml");
    fs::write(&file, job).unwrap();
    assert_eq!(life(&[file.to_str().unwrap()])["pod"]["status"]["phase"], "Succeeded");
    fs::remove_file(&file).unwrap();
    let message = refused(&[], "job-always.yaml", job.replace("Never", "Always"));
    assert!(message.starts_with("pod: Job \"report\": spec.template.spec.restartPolicy: Required value"), "{message}");
    let message = refused(&[], "job-image.yaml", job.replace("'busybox:1.36'", "''"));
    assert!(message.starts_with("pod.spec.template.spec.containers[0].image: Required value"), "{message}");
}
