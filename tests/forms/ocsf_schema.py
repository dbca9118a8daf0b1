"""Holds events against the schema of OCSF: attributes known, of their type, required ones there, enumerations kept.

mistakes("1.5.0", {"class_uid": 1001, …})  →  ["file_activity.file: required"]
"""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path
from typing import Any

PACKED = json.loads(lzma.decompress((Path(__file__).parents[1] / "data" / "ocsf" / "schema.json.xz").read_bytes()))
VERSIONS: dict[str, Any] = PACKED["versions"]
TYPES: dict[str, Any] = PACKED["types"]
INTEGERS = {"integer_t": 64, "long_t": 64, "timestamp_t": 64, "port_t": 17}
PATTERNS = {name: re.compile(type["regex"]) for name, type in TYPES.items() if "regex" in type}


def mistakes(version: str, event: dict[str, Any]) -> list[str]:
    """What is wrong with an event."""
    schema = VERSIONS[version]
    classes = {each["uid"]: (name, each) for name, each in schema["classes"].items()}
    if event.get("class_uid") not in classes:
        return [f"class_uid {event.get('class_uid')}"]
    name, found = classes[event["class_uid"]]
    wrong = list(_object(schema, name, found, event, set(event["metadata"].get("profiles", []))))
    if event["category_uid"] != found["category"]:
        wrong.append(f"category_uid {event['category_uid']}")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        wrong.append(f"type_uid {event['type_uid']}")
    if event["activity_id"] == 99 and not event.get("activity_name"):
        wrong.append("activity_name: required where the activity is Other")
    return wrong


def _object(schema: Any, where: str, shape: Any, value: Any, profiles: set[str]) -> Any:
    if not isinstance(value, dict):
        yield f"{where}: no object"
        return
    attributes = shape["attributes"]
    for name, attribute in attributes.items():
        if attribute["req"] == "required" and name not in value and attribute.get("profile") is None:
            yield f"{where}.{name}: required"
    some = shape["constraints"].get("at_least_one")
    if some and not any(name in value for name in some):
        yield f"{where}: none of {some}"
    for name, inner in value.items():
        attribute = attributes.get(name)
        if attribute is None or attribute.get("profile") not in (None, *profiles):
            yield f"{where}.{name}: unknown"
        else:
            yield from _attribute(schema, f"{where}.{name}", attribute, inner, profiles)


def _attribute(schema: Any, where: str, attribute: Any, value: Any, profiles: set[str]) -> Any:
    if attribute.get("array"):
        if not isinstance(value, list):
            yield f"{where}: no array"
            return
        values = value
    else:
        values = [value]
    for each in values:
        type = attribute["type"]
        if "enum" in attribute and str(each) not in attribute["enum"]:
            yield f"{where}: {each!r} is not in the enumeration"
        if type == "object" or type == "json_t":
            if not isinstance(each, dict):
                yield f"{where}: no object"
        elif type in schema["objects"]:
            yield from _object(schema, where, schema["objects"][type], each, profiles)
        elif type.endswith("_t"):
            yield from _scalar(where, type, each)
        elif not isinstance(each, dict):
            yield f"{where}: no {type}"


def _scalar(where: str, type: str, value: Any) -> Any:
    if type in INTEGERS:
        if not isinstance(value, int) or isinstance(value, bool) or not -(1 << 63) <= value < 1 << INTEGERS[type] - 1:
            yield f"{where}: {value!r} is no {type}"
    elif type == "boolean_t":
        if not isinstance(value, bool):
            yield f"{where}: {value!r} is no boolean"
    elif type == "float_t":
        if not isinstance(value, (int, float)):
            yield f"{where}: {value!r} is no number"
    elif not isinstance(value, str):
        yield f"{where}: {value!r} is no text"
    elif type in PATTERNS and not PATTERNS[type].search(value):
        yield f"{where}: {value!r} is no {type}"
    elif len(value) > TYPES.get(type, {}).get("max_len", 1 << 30):
        yield f"{where}: {value!r} is too long"
