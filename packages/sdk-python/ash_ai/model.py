"""The base of the models: JSON objects of the API as dataclasses with snake_case attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from ash_ai.types import UNSET, JsonObject

M = TypeVar("M", bound="Model")


@dataclass(kw_only=True)
class Model:
    """An object of the API.

    What the server left out is ``UNSET``, and what isn't of the announced form stays as it came: reading never fails.
    """

    additional_properties: JsonObject = field(default_factory=dict)
    """What the server sent beyond the attributes that this version knows."""

    @classmethod
    def from_dict(cls: type[M], source: Mapping[str, Any]) -> M:
        """The model that a JSON object stands for."""
        rest = dict(source)
        known = {name: read(rest.pop(key, UNSET)) for name, (key, read) in _shape(cls).items()}
        return cls(**known, additional_properties=rest)

    def to_dict(self) -> JsonObject:
        """The JSON object again. What is ``UNSET`` is left out."""
        known = {key: _plain(getattr(self, name)) for name, (key, _) in _shape(type(self)).items()}
        return {key: value for key, value in known.items() if value is not UNSET} | self.additional_properties


def _shape(model: type[Model]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """By attribute: its key in JSON, and how its value is read."""
    # mypy takes a class whose instances can't be hashed for one that can't be hashed itself.
    return _shape_of(cast(Any, model))


@cache
def _shape_of(model: type[Model]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    hints = get_type_hints(model)
    names = [each.name for each in fields(model) if each.name != "additional_properties"]
    return {name: (_camel_case(name), _reader(hints[name])) for name in names}


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _reader(hint: Any) -> Callable[[Any], Any]:
    for kind in (hint, *get_args(hint)):
        if kind in (UUID, datetime):
            return _read_id if kind is UUID else _read_instant
        if isinstance(kind, type) and issubclass(kind, Model):
            each = _read_model(kind)
            return _read_list(each) if get_origin(hint) is list else each
    return lambda value: value


def _read_id(value: Any) -> Any:
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return value


def _read_instant(value: Any) -> Any:
    try:
        # Python 3.10 doesn't read the "Z".
        return datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", value))
    except (ValueError, TypeError):
        return value


def _read_model(model: type[Model]) -> Callable[[Any], Any]:
    return lambda value: model.from_dict(value) if isinstance(value, Mapping) else value


def _read_list(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: [read(each) for each in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return instant_text(value)
    return str(value) if isinstance(value, UUID) else value


def instant_text(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds. A datetime without a zone is taken as local time."""
    return instant.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
