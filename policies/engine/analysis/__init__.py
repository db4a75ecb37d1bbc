"""What can be proved of a bundle without any traffic.

``analyse`` says which rules are never reached, in conflict, redundant; which classes, candidates
and fallbacks cannot work or break a promise; and what chains can come to. Statements about rules
are exact over the condition language: each rule is a union of boxes in a finite space of requests
(``space``), and every question is settled by search (``solver``), never by sampling.
"""

from .analyse import Analysis, analyse
from .chains import Chain
from .concentration import Concentration
from .findings import ERROR, INFO, SEVERITIES, WARNING, Finding, Witness
from .regions import Facts, Region, facts_of

__all__ = [
    "ERROR",
    "INFO",
    "SEVERITIES",
    "WARNING",
    "Analysis",
    "Chain",
    "Concentration",
    "Facts",
    "Finding",
    "Region",
    "Witness",
    "analyse",
    "facts_of",
]
