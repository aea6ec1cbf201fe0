#[test]
fn the_life_of_storefront_6d5f9c7b8_x7k2p() -> Result<(), Box<dyn std::error::Error>> {
    use std::time::Duration;

    use pod_lifecycle::{api::PodPhase, sim::Scenario};

    let scenario: Scenario = serde_saphyr::from_str(r#"
pod:
  apiVersion: v1
  kind: Pod
  metadata:
    name: storefront-6d5f9c7b8-x7k2p
    namespace: shop
    labels:
      app: storefront
  spec:
    terminationGracePeriodSeconds: 45
    initContainers:
      - name: proxy
        image: envoyproxy/envoy:v1.31.0
        restartPolicy: Always # this makes it a sidecar
        startupProbe:
          httpGet:
            path: /ready
            port: 15021
          periodSeconds: 1
          failureThreshold: 30
    containers:
      - name: web
        image: registry.example.com/shop/storefront:8.1.0
        ports:
          - name: http
            containerPort: 8080
        readinessProbe:
          httpGet:
            path: /ready
            port: http
          periodSeconds: 5
        lifecycle:
          preStop:
            exec:
              command: ["/bin/sleep", "5"]

description: |
  A rolling update takes this Pod away: a web server with a proxy beside it, a sidecar.
  The server's preStop hook waits 5 s, so that load balancers forget it; then it gets SIGTERM and finishes its requests in
  12 s. The proxy goes on meanwhile and is asked to stop only when the server has ended: no last request is cut off.
  Look at the two SIGTERMs, at who has how much of the 45 s of grace left, and at READY, which stays as it was until all
  is over.

script:
  endSeconds: 120
  containers:
    proxy:
      runs:
        - sigtermExitAfterSeconds: 1
          sigtermExitCode: 0
          probes:
            startup:
              - { from: 0, result: failure }
              - { from: 2, result: success }
    web:
      image:
        present: false
        pullSeconds: 3
      preStop: { durationSeconds: 5, exitCode: 0 }
      runs:
        - sigtermExitAfterSeconds: 12
          sigtermExitCode: 0
          probes:
            readiness:
              - { from: 0, result: failure }
              - { from: 6, result: success }
  actions:
    - { t: 60, op: delete } # the new Pod is ready
"#)?;
    let timeline = scenario.play()?;
    assert_eq!(timeline.first_ready(), Some(Duration::from_secs(15)));
    assert_eq!(timeline.removed(), Some(Duration::from_secs(78)));
    assert_eq!(timeline.restarts("web"), Some(0));

    // After 1m10.5s.
    let then = Duration::from_millis(70500);
    assert_eq!(timeline.phase_at(then), Some(PodPhase::Running));
    let row = timeline.row_at(then).ok_or("the object is gone")?;
    assert_eq!((&*row.ready, &*row.status, &*row.restarts), ("2/2", "Terminating", "0"));
    Ok(())
}
