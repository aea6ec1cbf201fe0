//! The order of a merged list: what the patch orders, with what only the server has in between.

use serde_json::Value;

use super::super::status::StatusError;

/// What tells an item from the others: a field of it, or the item itself.
fn identity<'a>(item: &'a Value, key: Option<&str>) -> Option<&'a Value> {
    match key {
        Some(key) => item.get(key),
        None => Some(item),
    }
}

/// Whether a patch's items come in the order that the patch itself gives. Those to be deleted have no place in it.
pub(super) fn check(items: &[Value], sequence: &[Value], key: Option<&str>) -> Result<(), StatusError> {
    let ordered: Vec<_> = sequence.iter().map(|item| identity(item, key)).collect();
    let stays = |item: &&Value| item.get("$patch").is_none();
    let mut places = items.iter().filter(stays).map(|item| {
        let item = identity(item, key);
        ordered.iter().position(|other| *other == item)
    });
    let mut last = Some(0);
    if places.all(|place| {
        let is_later = place.is_some() && place >= last;
        last = place;
        is_later
    }) {
        return Ok(());
    }
    let (items, sequence) = (go_text(&items.into()), go_text(&sequence.into()));
    Err(StatusError::unclassified(format!(
        "The order in patch list:\n{items}\n doesn't match $setElementOrder list:\n{sequence}\n"
    )))
}

/// Arranges items as the sequence says. Each that is not in it comes before the first that followed it in the old list.
pub(super) fn arrange(items: Vec<Value>, sequence: &[Value], old: &[Value], key: Option<&str>) -> Vec<Value> {
    let place =
        |item: &Value, list: &[Value]| list.iter().position(|other| identity(other, key) == identity(item, key));
    let (mut ordered, others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(item, sequence).is_some());
    ordered.sort_by_key(|item| place(item, sequence));
    let mut from = 0;
    for other in others {
        let own = place(&other, old);
        let follows = |item: &Value| matches!((place(item, old), own), (Some(one), Some(own)) if one > own);
        let at = ordered.iter().skip(from).position(follows).map_or(ordered.len(), |found| from.saturating_add(found));
        ordered.insert(at, other);
        from = at.saturating_add(1);
    }
    ordered
}

/// A value as Go prints it: `map[name:app ports:[80 81]]`.
pub(super) fn go_text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_text).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", go_text(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}
