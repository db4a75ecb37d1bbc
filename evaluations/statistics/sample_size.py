"""How many requests a gate needs, and what it would decide with the ones it has."""

import math
from dataclasses import dataclass

from evaluations.statistics.quantiles import normal_cdf, normal_quantile

DEFAULT_POWER = 0.8


def requests_needed(
    sigma: float,
    distance: float,
    *,
    alpha: float = 0.025,
    power: float = DEFAULT_POWER,
    design_effect: float = 1.0,
) -> int | None:
    """Requests for a one-sided test at `alpha` to resolve `distance` with `power`.

    n = ((z_{1-alpha} + z_{power}) sigma / distance)^2 * design effect, rounded up; sigma is the
    standard deviation of one request's difference. None when the distance is zero.
    """
    if distance == 0:
        return None
    z = normal_quantile(1 - alpha) + normal_quantile(power)
    return math.ceil((z * sigma / abs(distance)) ** 2 * design_effect)


@dataclass(frozen=True, slots=True)
class GateChances:
    """Probabilities of a three-valued gate's verdicts; the rest is `inconclusive`."""

    passing: float
    failing: float


def gate_chances(
    true_difference: float, margin: float, sigma: float, n: int, *, alpha: float = 0.025
) -> GateChances:
    """What a non-inferiority gate would say of a true difference, with n independent requests."""
    error = sigma / math.sqrt(n)
    z = normal_quantile(1 - alpha)
    standing = (true_difference + margin) / error
    return GateChances(normal_cdf(standing - z), normal_cdf(-standing - z))
