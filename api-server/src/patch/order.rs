//! Order of a merged list (`$setElementOrder`).

use serde_json::Value;

use super::super::status::StatusError;

/// Merge key of an item: one of its fields, or the item itself.
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

/// Arranges items as the sequence says. Those that are not in it keep their order, and come as soon as what is next in
/// the sequence followed them in the old list: what is new comes before them.
///
/// Answers to `normalizeElementOrder`.
pub(super) fn arrange(items: Vec<Value>, sequence: &[Value], old: &[Value], key: Option<&str>) -> Vec<Value> {
    let place = |item: &Value, list: &[Value]| {
        let wanted = identity(item, key);
        list.iter().position(|other| identity(other, key) == wanted)
    };
    let (mut ordered, others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(item, sequence).is_some());
    ordered.sort_by_key(|item| place(item, sequence));
    let (mut ordered, mut others) = (ordered.into_iter().peekable(), others.into_iter().peekable());
    let mut arranged = Vec::new();
    while let (Some(next), Some(other)) = (ordered.peek(), others.peek()) {
        let followed = matches!((place(other, old), place(next, old)), (Some(other), Some(next)) if other < next);
        arranged.extend(if followed { others.next() } else { ordered.next() });
    }
    arranged.extend(ordered);
    arranged.extend(others);
    arranged
}

/// Formats a value as Go does: `map[name:app ports:[80 81]]`.
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
