//! `metadata.managedFields`: who wrote which field last (apimachinery `managedfields/internal`).

use pod_lifecycle::Timestamp;
use serde_json::{Map, Value, json};

use super::{merge::Comparison, set::FieldSet};
use crate::object::Object;

/// Most entries of updates; older ones become one of [`ANCIENT`].
const MAX_UPDATE_MANAGERS: usize = 10;
const ANCIENT: &str = "ancient-changes";

/// Kind of the writes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// Fields of one manager.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: String,
    pub(super) fields: FieldSet,
}

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Managers(pub(super) Vec<Entry>);

impl Entry {
    fn read(entry: &Value) -> Option<Entry> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Entry {
            manager: text("manager"),
            operation: match &*text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return None,
            },
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            fields: FieldSet::read(entry.get("fieldsV1")?),
        })
    }

    fn to_value(&self) -> Value {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut entry = json!({
            "manager": self.manager, "operation": operation, "apiVersion": self.api_version, "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_value(),
        });
        let optional = [("time", &self.time), ("subresource", &self.subresource)];
        if let Some(entry) = entry.as_object_mut() {
            let given = optional.into_iter().filter(|(_, text)| !text.is_empty());
            entry.extend(given.map(|(field, text)| (field.to_owned(), text.clone().into())));
        }
        entry
    }

    /// True if both are entries of the same manager; one that applies is the same in every version.
    pub(super) fn is_same(&self, other: &Entry) -> bool {
        (&self.manager, self.operation, &self.subresource) == (&other.manager, other.operation, &other.subresource)
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// Answers to `printManager`.
    fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            shown += &format!(" with subresource {:?}", self.subresource);
        }
        if self.operation == Operation::Update {
            shown += &format!(" using {}", self.api_version);
        }
        shown
    }
}

/// Field that another manager owns with another value.
#[derive(Clone, Debug)]
pub(super) struct Conflict {
    pub(super) manager: String,
    pub(super) field: String,
}

impl Managers {
    /// Reads the managers of an object; entries that cannot be read are dropped.
    pub(super) fn of(object: &Object) -> Managers {
        let stored = stored(object);
        let entries = stored.as_ref().or_else(|| object.get("metadata.managedFields"));
        let entries = entries.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Managers(entries.iter().filter_map(Entry::read).collect())
    }

    /// Writes them to an object, sorted as in `sortEncodedManagedFields`.
    pub(super) fn write(mut self, object: &mut Object) {
        self.0.retain(|entry| !entry.fields.is_empty());
        self.cap();
        self.0.sort_by(|a, b| {
            (a.operation, &a.time, &a.manager, &a.api_version, &a.subresource).cmp(&(
                b.operation,
                &b.time,
                &b.manager,
                &b.api_version,
                &b.subresource,
            ))
        });
        if self.0.is_empty() {
            object.remove("metadata.managedFields");
        } else {
            // As text they take a tenth of the memory of their many small maps.
            let entries: Value = self.0.iter().map(Entry::to_value).collect();
            object.set("metadata.managedFields", entries.to_string());
        }
    }

    /// Merges the oldest updates into one entry. Answers to `capManagersManager`.
    fn cap(&mut self) {
        let updates =
            self.0.iter().filter(|entry| entry.operation == Operation::Update && entry.subresource.is_empty());
        let mut times: Vec<String> = updates.map(|entry| entry.time.clone()).collect();
        times.sort();
        let Some(surplus) = times.len().checked_sub(MAX_UPDATE_MANAGERS).filter(|surplus| *surplus > 0) else { return };
        // One more, since the entry of ancient changes takes a seat as well.
        let Some(newest) = times.get(surplus).cloned() else { return };
        let (old, mut kept): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut self.0).into_iter().partition(|entry| {
            entry.operation == Operation::Update && entry.subresource.is_empty() && entry.time <= newest
        });
        for mut entry in old {
            entry.manager = ANCIENT.into();
            match kept.iter_mut().find(|other| other.is_same(&entry)) {
                Some(ancient) => {
                    ancient.fields = ancient.fields.union(&entry.fields);
                    ancient.time = ancient.time.clone().max(entry.time);
                }
                None => kept.push(entry),
            }
        }
        self.0 = kept;
    }

    /// Takes the changed fields from all managers but one. Answers to `Updater.update`.
    pub(super) fn take_from_others(&mut self, writer: &Entry, comparison: &Comparison) {
        let changed = comparison.modified.union(&comparison.added).union(&comparison.removed);
        for entry in self.0.iter_mut().filter(|entry| !entry.is_same(writer)) {
            entry.fields = entry.fields.difference(&changed);
        }
    }

    /// Returns the fields that others own and that would change.
    pub(super) fn conflicts(&self, writer: &Entry, comparison: &Comparison) -> Vec<Conflict> {
        let changed = comparison.modified.union(&comparison.added);
        let others = self.0.iter().filter(|entry| !entry.is_same(writer));
        others
            .flat_map(|entry| {
                let fields = entry.fields.intersection(&changed).paths();
                fields.into_iter().map(|field| Conflict { manager: entry.shown(), field })
            })
            .collect()
    }

    /// Records an update: the writer owns what it changed besides what it had.
    pub(super) fn record_update(&mut self, writer: Entry, comparison: &Comparison) {
        self.take_from_others(&writer, comparison);
        let changed = comparison.modified.union(&comparison.added);
        match self.0.iter_mut().find(|entry| entry.is_same(&writer)) {
            Some(own) => {
                let fields = own.fields.difference(&comparison.removed).union(&changed);
                // A write that changes nothing keeps its time, or it would be a change.
                if !changed.is_empty() || fields != own.fields {
                    own.time = writer.time;
                }
                own.fields = fields;
            }
            None => self.0.push(Entry { fields: changed, ..writer }),
        }
    }

    /// Returns the fields of all managers together.
    pub(super) fn all_fields(&self) -> FieldSet {
        self.0.iter().fold(FieldSet::default(), |all, entry| all.union(&entry.fields))
    }
}

/// Parses the managers of a stored object, which has them as text.
fn stored(object: &Object) -> Option<Value> {
    serde_json::from_str(object.get("metadata.managedFields")?.as_str()?).ok()
}

/// Shows the managers of a stored object as clients see them.
pub(in super::super) fn show(object: &mut Object) {
    if let Some(entries) = stored(object) {
        object.set("metadata.managedFields", entries);
    }
}

/// Returns the time as an entry has it.
pub(super) fn time(now: Timestamp) -> String {
    now.whole_seconds().to_string()
}

/// Returns the message of conflicts. Answers to `getConflictMessage`.
pub(super) fn message(conflicts: &[Conflict]) -> String {
    if let [conflict] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", conflict.manager, conflict.field);
    }
    let mut managers: Vec<&str> = conflicts.iter().map(|conflict| &*conflict.manager).collect();
    managers.sort_unstable();
    managers.dedup();
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        let of_manager = conflicts.iter().filter(|conflict| conflict.manager == manager);
        lines.extend(of_manager.map(|conflict| format!("- {}", conflict.field)));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

/// Returns the causes of conflicts.
pub(super) fn causes(conflicts: &[Conflict]) -> Value {
    let cause = |conflict: &Conflict| {
        let mut cause = Map::new();
        cause.insert("reason".into(), "FieldManagerConflict".into());
        cause.insert("message".into(), format!("conflict with {}", conflict.manager).into());
        cause.insert("field".into(), conflict.field.clone().into());
        Value::Object(cause)
    };
    conflicts.iter().map(cause).collect()
}
