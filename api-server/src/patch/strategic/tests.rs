//! What strategic merge patches do, as Kubernetes documents it.

use serde_json::{Value, json};

use super::merge;
use crate::{builtin, patch::schema};

fn patched(mut object: Value, patch: Value) -> Value {
    let pods = builtin::all().find(|resource| resource.is("", "pods")).unwrap();
    let Value::Object(patch) = patch else { panic!("a patch is an object") };
    merge(&mut object, patch, schema::of(&pods)).unwrap();
    object
}

fn refused(object: Value, patch: Value) -> String {
    let pods = builtin::all().find(|resource| resource.is("", "pods")).unwrap();
    let Value::Object(patch) = patch else { panic!("a patch is an object") };
    let mut object = object;
    merge(&mut object, patch, schema::of(&pods)).unwrap_err().to_string()
}

fn containers(names: &[&str]) -> Value {
    let containers: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    json!({"spec": {"containers": containers}})
}

#[test]
fn maps_are_merged_and_null_takes_away() {
    let object = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"nodeName": "n"}});
    let after = patched(object, json!({"metadata": {"labels": {"b": null, "c": "3"}}}));
    assert_eq!(after, json!({"metadata": {"labels": {"a": "1", "c": "3"}}, "spec": {"nodeName": "n"}}));
}

#[test]
fn items_are_merged_by_their_key_and_come_as_the_patch_has_them() {
    let object = json!({"spec": {"containers": [
        {"name": "a", "image": "1", "env": [{"name": "X", "value": "x"}]}, {"name": "b", "image": "1"}]}});
    let patch = json!({"spec": {"containers": [
        {"name": "c", "image": "1"}, {"name": "a", "image": "2", "env": [{"name": "Y", "value": "y"}]}]}});
    let after = patched(object, patch);
    assert_eq!(
        after["spec"]["containers"],
        json!([
            {"name": "c", "image": "1"},
            {"name": "a", "image": "2", "env": [{"name": "Y", "value": "y"}, {"name": "X", "value": "x"}]},
            {"name": "b", "image": "1"}])
    );
}

#[test]
fn a_condition_is_replaced_field_by_field() {
    let object = json!({"status": {"conditions": [
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}, {"type": "Mine", "status": "True"}]}});
    let patch = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "reason": null}]}});
    assert_eq!(
        patched(object, patch)["status"]["conditions"],
        json!([{"type": "Ready", "status": "True"}, {"type": "Mine", "status": "True"}])
    );
}

#[test]
fn lists_without_a_key_are_replaced() {
    let object = json!({"spec": {"tolerations": [{"key": "a"}], "containers": [{"name": "a", "args": ["1"]}]}});
    let patch = json!({"spec": {"tolerations": [{"key": "b"}], "containers": [{"name": "a", "args": ["2"]}]}});
    assert_eq!(patched(object, patch.clone()), patch);
}

#[test]
fn an_item_or_a_whole_list_can_be_deleted_or_replaced() {
    let after = patched(containers(&["a", "b"]), json!({"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}));
    assert_eq!(after, containers(&["b"]));
    let after =
        patched(containers(&["a", "b"]), json!({"spec": {"containers": [{"name": "c"}, {"$patch": "replace"}]}}));
    assert_eq!(after, containers(&["c"]));
    let after = patched(json!({"spec": {"x": 1}}), json!({"spec": {"$patch": "replace", "y": 2}}));
    assert_eq!(after, json!({"spec": {"y": 2}}));
    let after = patched(json!({"spec": {"x": 1}, "status": {}}), json!({"spec": {"$patch": "delete"}}));
    assert_eq!(after, json!({"spec": {}, "status": {}}));
}

#[test]
fn a_union_loses_what_is_not_retained() {
    let object = json!({"spec": {"volumes": [{"name": "data", "emptyDir": {}}]}});
    let patch = json!({"spec": {"volumes": [
        {"name": "data", "hostPath": {"path": "/x"}, "$retainKeys": ["name", "hostPath"]}]}});
    assert_eq!(patched(object, patch)["spec"]["volumes"], json!([{"name": "data", "hostPath": {"path": "/x"}}]));
}

#[test]
fn the_patch_orders_its_items_and_others_keep_their_place() {
    let order = |names: &[&str]| -> Value { names.iter().map(|name| json!({"name": name})).collect() };
    let patch =
        |order: Value, items: Value| json!({"spec": {"$setElementOrder/containers": order, "containers": items}});
    let after = patched(containers(&["a", "b"]), patch(order(&["b", "a"]), json!([])));
    assert_eq!(after, containers(&["b", "a"]));
    let after = patched(containers(&["a", "server", "b"]), patch(order(&["a", "new", "b"]), json!([{"name": "new"}])));
    assert_eq!(after, containers(&["a", "new", "server", "b"]));
}

#[test]
fn values_of_a_set_are_added_once_and_can_be_removed() {
    let object = json!({"metadata": {"finalizers": ["a/1", "a/2"]}});
    let patch = json!({"metadata": {"finalizers": ["a/2", "a/3"], "$deleteFromPrimitiveList/finalizers": ["a/1"]}});
    assert_eq!(patched(object, patch)["metadata"]["finalizers"], json!(["a/2", "a/3"]));
}

#[test]
fn what_is_new_carries_no_orders() {
    let patch = json!({"spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": null}], "x": {"y": null}}],
        "$setElementOrder/containers": [{"name": "a"}]}});
    assert_eq!(
        patched(json!({}), patch),
        json!({"spec": {"containers": [{"name": "a", "env": [{"name": "X"}], "x": {}}]}})
    );
}

#[test]
fn what_does_not_fit_is_refused_in_kubernetes_words() {
    let refusals = [
        (
            json!({"spec": {"containers": [{"image": "x"}]}}),
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            json!({"spec": {"containers": [{"name": "a"}], "$setElementOrder/containers": [{"name": "b"}]}}),
            "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
        ),
        (
            json!({"spec": {"containers": "x"}}),
            " \"\" is invalid: patch: Invalid value: \"containers\": cannot restore slice from string",
        ),
        (json!({"spec": {"$patch": "fly"}}), "unknown patch type found: fly in map[]"),
        (
            json!({"spec": {"volumes": [{"name": "v", "emptyDir": {}, "$retainKeys": ["name"]}]}}),
            "the server rejected our request due to an error in our request",
        ),
    ];
    for (patch, expected) in refusals {
        assert_eq!(refused(containers(&["a"]), patch), expected);
    }
}
