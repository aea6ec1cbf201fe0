//! What people have reported of manifests and scenarios like these, each with the right answer.

use std::{fs, path::Path};

use serde_json::Value;

use super::{podlife, refused};

/// What the program prints of a text: standard output and standard error.
pub(super) fn played(text: &str, arguments: &[&str]) -> (String, String) {
    // Tests run at once, so each text is a file of its own.
    let hash = text
        .bytes()
        .chain(arguments.concat().bytes())
        .fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{hash}.yaml"));
    fs::write(&file, text).unwrap();
    let output = podlife("play").arg(&file).args(arguments).output().unwrap();
    fs::remove_file(&file).unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{err}");
    (out, err.replace(file.to_str().unwrap(), "FILE"))
}

/// Rows of a watch: READY, STATUS, RESTARTS and AGE.
fn rows(text: &str, arguments: &[&str]) -> Vec<String> {
    let (out, _) = played(text, &[&["--watch"], arguments].concat());
    let cells = |line: &str| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    out.lines().skip(1).map(cells).collect()
}

fn json(text: &str, arguments: &[&str]) -> Value {
    serde_json::from_str(&played(text, &[&["-o", "json"], arguments].concat()).0).unwrap()
}

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: c, image: 'a:1'}]
";

#[test]
fn a_name_is_generated_for_a_workload_and_for_its_pod() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {generateName: train-}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'a:1'}]}}}
";
    let name = json(job, &[])["pod"]["metadata"]["name"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = name.split('-').collect();
    assert!(matches!(parts.as_slice(), ["train", job, pod] if job.len() == 5 && pod.len() == 5), "{name}");
    let pod = json(&POD.replace("{name: p}", "{generateName: p-}"), &[]);
    assert_eq!(pod["pod"]["metadata"]["name"].as_str().unwrap().len(), "p-".len() + 5);
}

#[test]
fn a_leading_zero_is_octal_as_in_yaml_1_1() {
    let volumes = "  volumes:
  - {name: s, secret: {secretName: x, defaultMode: 0400}}
  - {name: m, configMap: {name: x, defaultMode: 0755, items: [{key: k, path: p, mode: 0o644}]}}
";
    let volumes = json(&(POD.to_owned() + volumes), &[])["pod"]["spec"]["volumes"].clone();
    assert_eq!(volumes[0]["secret"]["defaultMode"], 256);
    assert_eq!(volumes[1]["configMap"]["defaultMode"], 493);
    assert_eq!(volumes[1]["configMap"]["items"][0]["mode"], 420);
}

#[test]
fn a_file_may_be_larger_than_an_object_in_etcd() {
    let map = |n| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\ndata: {{x: {}}}\n---\n", "y".repeat(4000))
    };
    let text: String = (0..420).map(map).collect();
    assert_eq!(rows(&(text + POD), &[]).last().unwrap(), "1/1 Running 0 0s");
}

#[test]
fn what_only_the_api_server_sets_is_dropped_with_a_word() {
    let posted = "
kind: Pod
metadata:
  name: p
  uid: u
  creationTimestamp: 2019-01-01T00:00:00Z
  deletionTimestamp: '2026-03-01T12:00:00Z'
  deletionGracePeriodSeconds: 30
  generation: 7
  resourceVersion: '4'
  managedFields: [{manager: kubectl}]
spec: {containers: [{name: c, image: 'a:1'}]}
status: {phase: Failed, reason: Evicted}
";
    assert_eq!(rows(posted, &[]).last().unwrap(), "1/1 Running 0 0s");
    let (_, err) = played(posted, &[]);
    assert_eq!(
        err,
        "note: FILE: dropped, because the API server sets it: metadata.uid, metadata.creationTimestamp, \
         metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds, metadata.generation, metadata.managedFields, \
         metadata.resourceVersion, status\n"
    );
    let dry_run = POD.replace("{name: p}", "{name: p, creationTimestamp: null}") + "status: {}\n";
    assert_eq!(played(&dry_run, &[]).1, "", "kubectl create --dry-run writes both");
}

#[test]
fn a_pod_whose_node_is_silent_keeps_its_phase() {
    let pod = "
pod: {metadata: {name: p}, spec: {containers: [{name: c, image: 'a:1'}]}}
script: {endSeconds: 300, actions: [{t: 60, op: nodeLost}, {t: 120, op: nodeRecovered}]}
";
    assert_eq!(rows(pod, &[]).last().unwrap(), "1/1 Running 0 0s");
    let life = json(pod, &[]);
    let ready = |at: f64| {
        let moments = life["moments"].as_array().unwrap().iter().filter(|moment| moment["at"]["seconds"] == at);
        let mut changes = moments.flat_map(|moment| moment["changes"].as_array().unwrap());
        changes.find(|change| change["type"] == "Ready").unwrap().clone()
    };
    assert_eq!((&ready(60.0)["to"], ready(60.0).get("reason")), (&"False".into(), None));
    assert_eq!(ready(120.0)["to"], "True");
}

#[test]
fn an_explanation_of_a_finished_job_says_only_what_is_so() {
    let job = "
pod:
  metadata: {name: j}
  spec:
    restartPolicy: Never
    terminationGracePeriodSeconds: 1
    initContainers: [{name: side, image: 's:1', restartPolicy: Always}]
    containers: [{name: main, image: 'm:1'}]
script:
  endSeconds: 60
  containers: {side: {runs: [{ignoresSigterm: true}]}, main: {runs: [{exitsAfterSeconds: 5}]}}
";
    let (out, _) = played(job, &["--explain"]);
    assert!(out.contains("Pod j has Succeeded: `main` exited with code 0"), "{out}");
    assert!(!out.contains("every container ended with exit code 0"));
}

#[test]
fn a_probe_of_a_port_that_its_container_does_not_name_fails_each_time() {
    let pod = |probe: &str, port: &str| {
        format!(
            "
pod:
  metadata: {{name: p}}
  spec:
    containers:
    - {{name: c, image: 'a:1', ports: [{{containerPort: 80, name: http}}], {probe}: {{httpGet: {{port: {port}}}}}}}
script: {{endSeconds: 120}}
"
        )
    };
    assert_eq!(rows(&pod("readinessProbe", "web"), &[]).last().unwrap(), "0/1 Running 0 0s");
    let (out, _) = played(&pod("readinessProbe", "web"), &["--budget"]);
    let message =
        "Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing \"web\": invalid syntax";
    assert!(out.contains(message) && out.contains("PL008") && out.contains("Ready     never"), "{out}");
    assert_eq!(rows(&pod("livenessProbe", "web"), &[]).last().unwrap(), "1/1 Running 0 0s", "it never kills");
    for known in ["http", "80"] {
        assert_eq!(rows(&pod("readinessProbe", known), &[]).last().unwrap(), "1/1 Running 0 0s", "{known}");
    }
    let hook = pod("lifecycle", "web").replace("{httpGet", "{postStart: {httpGet").replace("port: web}", "port: web}}");
    let (out, _) = played(&hook, &[]);
    assert!(out.contains("FailedPostStartHook") && out.contains("CrashLoopBackOff"), "{out}");
}

#[test]
fn a_finished_pod_can_be_deleted() {
    let job = "
pod:
  metadata: {name: job-x, finalizers: [batch.kubernetes.io/job-tracking]}
  spec: {restartPolicy: Never, containers: [{name: c, image: 'a:1'}]}
script:
  endSeconds: 120
  containers: {c: {runs: [{exitsAfterSeconds: 5}]}}
  actions: [{t: 10, op: delete}, {t: 60, op: removeFinalizer, finalizer: batch.kubernetes.io/job-tracking}]
";
    let life = json(job, &[]);
    assert_eq!(life["pod"]["metadata"]["deletionTimestamp"], "2026-03-01T12:00:10Z");
    assert_eq!((&life["end"]["finishedAt"], &life["end"]["removedFromApi"]), (&"+5s".into(), &"+1m0s".into()));
    assert_eq!(rows(job, &[]).last().unwrap(), "0/1 Completed 0 60s");
    let without = job.replace(", finalizers: [batch.kubernetes.io/job-tracking]", "");
    let without = without.replace(", {t: 60, op: removeFinalizer, finalizer: batch.kubernetes.io/job-tracking}", "");
    assert_eq!(json(&without, &[])["end"]["removedFromApi"], "+10s");
}

#[test]
fn a_key_that_is_set_twice_is_refused_with_both_lines() {
    let twice = POD.to_owned() + "  restartPolicy: Always\n  restartPolicy: Never\n";
    let message = refused(&[], "twice.yaml", twice);
    assert_eq!(message, "spec.restartPolicy: key \"restartPolicy\" already set in map, at line 7 (line 8, column 3)");
    let deep = POD.replace("image: 'a:1'", "image: 'a:1', image: b");
    assert!(refused(&[], "deep.yaml", deep).starts_with("spec.containers[0].image: key \"image\" already set"));
}

#[test]
fn an_error_in_a_workloads_own_metadata_names_a_field_of_the_file() {
    let workload = |metadata: &str| {
        format!(
            "kind: DaemonSet\napiVersion: apps/v1\nmetadata: {{{metadata}}}\nspec: {{template: {{spec: {{containers: \
             [{{name: c, image: 'a:1'}}]}}}}}}\n"
        )
    };
    let message = refused(&[], "placeholder.yaml", workload("name: d, namespace: 'FILLED BY THE OPERATOR'"));
    assert!(message.contains("metadata.namespace: Invalid value"), "{message}");
    assert!(message.ends_with("(line 3, column 21)") && !message.contains("template"), "{message}");
    let message = refused(&[], "capital.yaml", workload("name: Web_Server"));
    assert!(message.contains("metadata.name: Invalid value") && !message.contains("template"), "{message}");
}

#[test]
fn an_unknown_field_is_a_warning_and_with_strict_an_error() {
    let misspelt = POD.replace("image: 'a:1'", "image: 'a:1', livenesProbe: {httpGet: {port: 80}}");
    let warning =
        "unknown field \"spec.containers[0].livenesProbe\" (line 6, column 40); did you mean \"livenessProbe\"?";
    let (out, err) = played(&misspelt, &["--watch"]);
    assert!(out.contains("Running"));
    assert_eq!(err, format!("warning: FILE: {warning}\n"));
    assert_eq!(refused(&["--strict"], "strict.yaml", &misspelt), warning);
    let scenario = "pod: {metadata: {name: p}, spec: {containers: [{name: c, image: a, envs: []}]}}\n";
    assert!(played(scenario, &[]).1.contains("unknown field \"pod.spec.containers[0].envs\""));
    let list = "kind: List\nitems:\n- {kind: Pod, metadata: {name: p, label: {}}, spec: {containers: [{name: c, image: a}]}}\n";
    assert!(played(list, &[]).1.contains("unknown field \"items[0].metadata.label\" (line 3, column 35)"));
}

#[test]
fn a_start_that_fails_can_be_said() {
    let app = "
pod:
  metadata: {name: app}
  spec: {containers: [{name: c, image: 'a:1', envFrom: [{secretRef: {name: late}}]}]}
script: {endSeconds: 90, secrets: {late: 35}}
";
    let rows = rows(app, &[]);
    assert!(rows.contains(&"0/1 CreateContainerConfigError 0 0s".into()), "{rows:?}");
    assert_eq!(rows.last().unwrap(), "1/1 Running 0 40s");
}

#[test]
fn an_init_container_without_a_script_ends_after_a_second() {
    let pod = POD.to_owned() + "  initContainers: [{name: migrate, image: 'm:1'}]\n";
    let rows_ = rows(&pod, &[]);
    assert_eq!(rows_, ["0/1 Pending 0 0s", "0/1 Init:0/1 0 0s", "0/1 PodInitializing 0 1s", "1/1 Running 0 1s"]);
    let sidecar = POD.to_owned() + "  initContainers: [{name: proxy, image: 'm:1', restartPolicy: Always}]\n";
    assert_eq!(rows(&sidecar, &[]).last().unwrap(), "2/2 Running 0 0s", "a sidecar runs on");
    assert!(played(&pod, &["--budget"]).0.contains("ready 1 s after"));
}

#[test]
fn a_watch_goes_on_to_the_removal() {
    let web = "
pod: {metadata: {name: web}, spec: {containers: [{name: c, image: 'a:1'}]}}
script:
  endSeconds: 60
  containers: {c: {runs: [{sigtermExitAfterSeconds: 2, sigtermExitCode: 0}]}}
  actions: [{t: 10, op: delete}]
";
    let rows_ = rows(web, &[]);
    assert!(rows_.contains(&"1/1 Terminating 0 10s".into()), "{rows_:?}");
    assert_eq!(
        rows_[rows_.len() - 2..],
        ["0/1 Completed 0 12s", "0/1 Completed 0 12s"],
        "the status, then the removal"
    );
    let forced = web.replace("op: delete", "op: forceDelete");
    assert_eq!(rows(&forced, &[]).last().unwrap(), "1/1 Terminating 0 10s");
}

#[test]
fn a_second_delete_whose_grace_is_over_ends_now() {
    let pod = |actions: &str| {
        format!(
            "
pod: {{metadata: {{name: p}}, spec: {{terminationGracePeriodSeconds: 60, containers: [{{name: c, image: 'a:1'}}]}}}}
script: {{endSeconds: 30, containers: {{c: {{runs: [{{ignoresSigterm: true}}]}}}}, actions: {actions}}}
"
        )
    };
    let deletion = |actions: &str| {
        let metadata = json(&pod(actions), &["--until", "21s"])["pod"]["metadata"].clone();
        (metadata["deletionTimestamp"].as_str().unwrap().to_owned(), metadata["deletionGracePeriodSeconds"].clone())
    };
    let over = deletion("[{t: 10, op: delete}, {t: 20, op: delete, graceSeconds: 5}]");
    assert_eq!(over, ("2026-03-01T12:00:20Z".into(), 1.into()));
    let shorter = deletion("[{t: 10, op: delete}, {t: 12, op: delete, graceSeconds: 30}]");
    assert_eq!(shorter, ("2026-03-01T12:00:40Z".into(), 30.into()));
}

#[test]
fn a_liveness_failure_of_a_container_that_may_end_well_is_no_promise_of_a_restart() {
    let worker = "
pod:
  metadata: {name: worker}
  spec:
    restartPolicy: OnFailure
    containers:
    - {name: app, image: 'a:1', livenessProbe: {exec: {command: [check]}, periodSeconds: 5, failureThreshold: 1}}
script:
  endSeconds: 300
  containers:
    app:
      runs:
      - {sigtermExitCode: 0, probes: {liveness: [{from: 0, result: success}, {from: 7, result: failure}]}}
";
    let (out, _) = played(worker, &["--explain"]);
    assert!(!out.contains("`app` is restarted after 1 failure"), "{out}");
    let end = out.rsplit("has Succeeded").next().unwrap();
    assert!(end.contains("liveness probe"), "{out}");
}
