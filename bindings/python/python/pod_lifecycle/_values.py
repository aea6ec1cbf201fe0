"""Values as JSON texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any, Sequence, Union

Json = Union[Mapping[str, Any], Sequence[Any], str, None, Any]


def to_json(value: Json) -> str:
    """Returns a text as it is, and any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        # YAML has times without a zone; they are in UTC.
        value = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    # Objects of the package `kubernetes`: attributes with the names of their fields in the API.
    names = getattr(value, "attribute_map", None)
    if names is not None:
        fields = ((key, getattr(value, attribute)) for attribute, key in names.items())
        return {key: field for key, field in fields if field is not None}
    raise TypeError(f"expected a value of JSON or an object of the Kubernetes API, found {type(value).__name__}")
