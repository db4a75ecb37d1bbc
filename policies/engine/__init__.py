"""What a policy means. Standard library only; a router can import this package on its own.

The names below are the public interface. Documents are parsed by ``parse_component`` and
``parse_bundle`` (DocumentError lists every problem with its JSON pointer), written back by
``serialise``, and identified by ``digest``.
"""

from .bundle import Bundle, compose, parse_bundle, require_text_matcher
from .canonical import canonical_bytes, digest
from .catalogue import Catalogue, Model, Provider, parse_catalogue
from .chain import (
    NO_LIMITS,
    Attempt,
    NextAttempt,
    Runtime,
    Stop,
    full_chain,
    next_attempt,
)
from .classification import RequestClassification
from .compiled import Compiled, compile_bundle
from .components import COMPONENTS, Component, parse_component, serialise
from .counts import Counts
from .decision import Decision, classify, decide
from .errors import DocumentError, EngineError, Problem
from .fallback import FAILURE_KINDS, FallbackMatrix
from .json_text import load_json
from .metrics import COMPARISONS, METRICS, Metric
from .request import Request, check_request, parse_request
from .routing import RouterPolicy
from .suitability import Exclusion, Requirements
from .thresholds import QualityThresholds
from .trace import Trace, explain

__all__ = [
    "COMPARISONS",
    "COMPONENTS",
    "FAILURE_KINDS",
    "METRICS",
    "NO_LIMITS",
    "Attempt",
    "Bundle",
    "Catalogue",
    "Compiled",
    "Component",
    "Counts",
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
    "compile_bundle",
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
