//! Reads what others do to a Pod, and refuses what an action does not have.
//!
//! serde overlooks unknown fields where it flattens, and where an action has no fields. So all fields are read first, and
//! then handed to the action that they are of.

use alloc::{boxed::Box, format, string::String};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{ScriptAction, ScriptActionKind};
use crate::{
    api::{ConditionStatus, Container, Name, named},
    state::ConditionReason,
};

impl<'de> Deserialize<'de> for ScriptAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScriptAction, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let t = fields.t.take().ok_or_else(|| de::Error::missing_field("t"))?;
        Ok(ScriptAction { t, kind: fields.into_kind()? })
    }
}

impl<'de> Deserialize<'de> for ScriptActionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScriptActionKind, D::Error> {
        Fields::deserialize(deserializer)?.into_kind()
    }
}

named! {
    /// What is done, by the name that scripts have for it.
    enum Op {
        Delete = "delete",
        ForceDelete = "forceDelete",
        SetCondition = "setCondition",
        RemoveCondition = "removeCondition",
        RemoveFinalizer = "removeFinalizer",
        KubeletRestart = "kubeletRestart",
        Evict = "evict",
        EvictOverLimit = "evictOverLimit",
        Preempt = "preempt",
        Shutdown = "shutdown",
        Disrupt = "disrupt",
        Reject = "reject",
        Unschedulable = "unschedulable",
        Bind = "bind",
        RemoveSchedulingGates = "removeSchedulingGates",
        NodeLost = "nodeLost",
        NodeRecovered = "nodeRecovered",
        SetImage = "setImage",
        AddEphemeralContainer = "addEphemeralContainer",
    }
}

/// Every field that some action has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    t: Option<f64>,
    op: Op,
    grace_seconds: Option<i64>,
    condition: Option<String>,
    status: Option<ConditionStatus>,
    finalizer: Option<String>,
    message: Option<String>,
    reason: Option<String>,
    container: Option<NameOrContainer>,
    image: Option<String>,
}

impl Fields {
    fn into_kind<E: de::Error>(mut self) -> Result<ScriptActionKind, E> {
        let kind = match self.op {
            Op::Delete => ScriptActionKind::Delete { grace_seconds: self.grace_seconds.take() },
            Op::ForceDelete => ScriptActionKind::ForceDelete,
            Op::SetCondition => ScriptActionKind::SetCondition {
                condition: required(&mut self.condition, "condition")?,
                status: required(&mut self.status, "status")?,
            },
            Op::RemoveCondition => {
                ScriptActionKind::RemoveCondition { condition: required(&mut self.condition, "condition")? }
            }
            Op::RemoveFinalizer => {
                ScriptActionKind::RemoveFinalizer { finalizer: required(&mut self.finalizer, "finalizer")? }
            }
            Op::KubeletRestart => ScriptActionKind::KubeletRestart,
            Op::Evict => {
                ScriptActionKind::Evict { message: self.message.take(), grace_seconds: self.grace_seconds.take() }
            }
            Op::EvictOverLimit => ScriptActionKind::EvictOverLimit { message: required(&mut self.message, "message")? },
            Op::Preempt => ScriptActionKind::Preempt,
            Op::Shutdown => ScriptActionKind::Shutdown { grace_seconds: self.grace_seconds.take() },
            Op::Disrupt => ScriptActionKind::Disrupt {
                reason: disruption(&required(&mut self.reason, "reason")?)?,
                message: self.message.take().unwrap_or_default(),
            },
            Op::Reject => ScriptActionKind::Reject {
                reason: required(&mut self.reason, "reason")?,
                message: self.message.take().unwrap_or_default(),
            },
            Op::Unschedulable => ScriptActionKind::Unschedulable { message: required(&mut self.message, "message")? },
            Op::Bind => ScriptActionKind::Bind,
            Op::RemoveSchedulingGates => ScriptActionKind::RemoveSchedulingGates,
            Op::NodeLost => ScriptActionKind::NodeLost,
            Op::NodeRecovered => ScriptActionKind::NodeRecovered,
            Op::SetImage => ScriptActionKind::SetImage {
                container: required(&mut self.container, "container")?.name()?,
                image: required(&mut self.image, "image")?,
            },
            Op::AddEphemeralContainer => ScriptActionKind::AddEphemeralContainer {
                container: required(&mut self.container, "container")?.container()?,
            },
        };
        match self.left() {
            Some(field) => Err(E::custom(format!("unknown field `{field}`: `{}` has none of this name", self.op))),
            None => Ok(kind),
        }
    }

    /// A field that the action has not taken.
    fn left(&self) -> Option<&'static str> {
        let fields = [
            ("t", self.t.is_some()),
            ("graceSeconds", self.grace_seconds.is_some()),
            ("condition", self.condition.is_some()),
            ("status", self.status.is_some()),
            ("finalizer", self.finalizer.is_some()),
            ("message", self.message.is_some()),
            ("reason", self.reason.is_some()),
            ("container", self.container.is_some()),
            ("image", self.image.is_some()),
        ];
        fields.into_iter().find(|(_, is_left)| *is_left).map(|(field, _)| field)
    }
}

fn required<T, E: de::Error>(field: &mut Option<T>, name: &'static str) -> Result<T, E> {
    field.take().ok_or_else(|| E::missing_field(name))
}

fn disruption<E: de::Error>(reason: &str) -> Result<ConditionReason, E> {
    let known = ConditionReason::ALL.iter().copied().find(|known| known.name() == reason);
    known.ok_or_else(|| E::custom(format!("reason: {reason:?} is not the reason of a condition")))
}

/// A container, or the name of one.
enum NameOrContainer {
    Name(String),
    Container(Box<Container>),
}

impl NameOrContainer {
    fn name<E: de::Error>(self) -> Result<String, E> {
        match self {
            NameOrContainer::Name(name) => Ok(name),
            NameOrContainer::Container(_) => Err(E::custom("container: expected a container's name")),
        }
    }

    fn container<E: de::Error>(self) -> Result<Box<Container>, E> {
        match self {
            NameOrContainer::Container(container) => Ok(container),
            NameOrContainer::Name(_) => Err(E::custom("container: expected a container")),
        }
    }
}

impl<'de> Deserialize<'de> for NameOrContainer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NameOrContainer, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = NameOrContainer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a container or the name of one")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<NameOrContainer, E> {
        Ok(NameOrContainer::Name(name.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NameOrContainer, A::Error> {
        Box::deserialize(MapAccessDeserializer::new(map)).map(NameOrContainer::Container)
    }
}
