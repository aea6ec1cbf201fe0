#[test]
fn the_life_of_billing_api() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Duration;

    use pod_lifecycle::{api::PodPhase, sim::Scenario};

    let scenario: Scenario = serde_saphyr::from_str(r#"
pod:
  apiVersion: v1
  kind: Pod
  metadata:
    name: billing-api
    namespace: shop
    labels:
      app: billing
  spec:
    restartPolicy: Always
    containers:
      - name: api
        image: registry.example.com/shop/billing-api:2.4.1
        args: ["--listen", ":8080"]
        ports:
          - name: http
            containerPort: 8080

description: |
  A server that dies five seconds after each start, because its database is not there.
  Look at when it is started again: at once the first time, then 10, 20, 40, 80, 160, 300 and 300 seconds after each
  exit. Between two starts kubectl shows CrashLoopBackOff (or Error, until the next sync).

# A manifest as it would be given to `kubectl apply`; defaults are filled in.
script:
  endSeconds: 1500 # 25 minutes
  containers:
    api:
      # Every run is the same: the last one in the list repeats.
      runs:
        - exitsAfterSeconds: 5
          exitCode: 1
          message: "cannot connect to postgres:5432"
"#)?;
    let timeline = scenario.play()?;
    assert_eq!(timeline.first_ready(), Some(Duration::from_secs(0)));
    assert_eq!(timeline.removed(), None);
    assert_eq!(timeline.restarts("api"), Some(9));

    // After 12m30s.
    let then = Duration::from_secs(750);
    assert_eq!(timeline.phase_at(then), Some(PodPhase::Running));
    let row = timeline.row_at(then).ok_or("the object is gone")?;
    assert_eq!((&*row.ready, &*row.status, &*row.restarts), ("0/1", "CrashLoopBackOff", "7 (100s ago)"));
    Ok(())
}
