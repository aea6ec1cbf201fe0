//! Active deadline.

use crate::given::{at, pod};
use pod_lifecycle::rule::deadline;
use serde_json::json;

#[test]
fn the_deadline_counts_from_the_start_time() {
    let of = |deadline| pod(json!({"activeDeadlineSeconds": deadline, "containers": [{"name": "app"}]}));
    assert_eq!(deadline::expires_at(&of(Some(90)), at(5)), Some(at(95)));
    assert_eq!(deadline::expires_at(&of(None), at(5)), None);
}
