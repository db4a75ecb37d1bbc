"""YAML for people: documents in and out, with the meaning of JSON and nothing more. Pure.

What is read is the core of YAML 1.2: only ``true``, ``false``, ``null`` and decimal numbers are
more than text, so that the key ``on`` stays a key and a date stays a text. Anchors, aliases, tags
and repeated keys are errors.
"""

from policies.files.yaml_text.documents import dump_component, load_component
from policies.files.yaml_text.reading import Mark, YamlError, YamlText, load_yaml, place_of
from policies.files.yaml_text.writing import dump_yaml

__all__ = [
    "Mark",
    "YamlError",
    "YamlText",
    "dump_component",
    "dump_yaml",
    "load_component",
    "load_yaml",
    "place_of",
]
