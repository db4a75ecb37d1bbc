"""What a policy means. Standard library only; a router can import this package on its own.

The names below are the public interface. Documents are parsed by ``parse_component`` and
``parse_bundle`` (DocumentError lists every problem with its JSON pointer), written back by
``serialise``, and identified by ``digest``.
"""

from policies.engine.bundle import Bundle, compose, parse_bundle, require_text_matcher
from policies.engine.canonical import canonical_bytes, digest
from policies.engine.catalogue import Catalogue, Model, Provider, parse_catalogue
from policies.engine.chain import (
    NO_LIMITS,
    Attempt,
    NextAttempt,
    Runtime,
    Stop,
    full_chain,
    next_attempt,
)
from policies.engine.classification import RequestClassification
from policies.engine.components import COMPONENTS, Component, parse_component, serialise
from policies.engine.decision import Decision, classify, decide
from policies.engine.errors import DocumentError, EngineError, Problem
from policies.engine.fallback import FAILURE_KINDS, FallbackMatrix
from policies.engine.json_text import load_json
from policies.engine.metrics import COMPARISONS, METRICS, Metric
from policies.engine.request import Request, check_request, parse_request
from policies.engine.routing import RouterPolicy
from policies.engine.suitability import Exclusion, Requirements
from policies.engine.thresholds import QualityThresholds
from policies.engine.trace import Trace, explain

__all__ = [
    "COMPARISONS",
    "COMPONENTS",
    "FAILURE_KINDS",
    "METRICS",
    "NO_LIMITS",
    "Attempt",
    "Bundle",
    "Catalogue",
    "Component",
    "Decision",
    "DocumentError",
    "EngineError",
    "Exclusion",
    "FallbackMatrix",
    "Metric",
    "Model",
    "NextAttempt",
    "Problem",
    "Provider",
    "QualityThresholds",
    "Request",
    "RequestClassification",
    "Requirements",
    "RouterPolicy",
    "Runtime",
    "Stop",
    "Trace",
    "canonical_bytes",
    "check_request",
    "classify",
    "compose",
    "decide",
    "digest",
    "explain",
    "full_chain",
    "load_json",
    "next_attempt",
    "parse_bundle",
    "parse_catalogue",
    "parse_component",
    "parse_request",
    "require_text_matcher",
    "serialise",
]
