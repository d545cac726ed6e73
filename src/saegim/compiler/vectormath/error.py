"""The Gauss error function.

Up to 1 it is x + x P(x^2). Beyond, it is 1 - erfc(x), and erfc is the exponential of a polynomial for float. For
double it is exp(-x^2) times a polynomial in (x - 2) / (x + 2), in which it bends less than in x (Schonfelder 1978).
The coefficients minimise the largest relative error of erf (Remez's algorithm); comments say how large it is.
"""

from __future__ import annotations

from saegim.compiler.vectormath.exponential import exp_within
from saegim.compiler.vectormath.lanes import Lanes

_NEAR = {
    "float": (  # 1.2e-9
        0.12837917,
        -0.37612626,
        0.112835854,
        -0.026853811,
        0.0051883277,
        -0.00080101937,
        7.853861e-05,
    ),
    "double": (  # 7.3e-18
        0.1283791670955126,
        -0.3761263890318352,
        0.11283791670944185,
        -0.02686617064311146,
        0.005223977606118418,
        -0.0008548325929311841,
        0.00012055293576822932,
        -1.492471230055812e-05,
        1.6447131553918166e-06,
        -1.6206313629787028e-07,
        1.371097985910681e-08,
        -7.779467514513352e-10,
    ),
}

_MINUS_LOG = (0.0026191808, 1.1176212, 0.65424013, 0.08879968, -0.01483183, 0.0011572188)  # 1.6e-8, up to 4

_SCALED = (  # 2.5e-17, up to 6
    0.25539567631050714,
    -0.42718584741394605,
    0.24165819424095203,
    -0.07897858103658412,
    0.003732892520124397,
    0.006997464610345578,
    -0.0008471356972194337,
    -0.000982060014314727,
    4.3039819923294474e-05,
    0.00017413171398573163,
    3.2910211650997084e-05,
    -1.1775910405748471e-05,
)


def erf(x: Lanes) -> Lanes:
    """The Gauss error function. Errors: below 1.3 ulp."""
    size = x.abs()
    near = size.times_plus((size * size).polynomial(_NEAR[x.element]), size)
    far = 1 - (_complement_float(size) if x.element == "float" else _complement_double(size))
    return (size > 1).where(far, near).with_sign_of(x)


def _complement_float(size: Lanes) -> Lanes:
    """erfc from 1 on; beyond 4, where erf is 1, that of 4."""
    return exp_within(-size.at_most(4).polynomial(_MINUS_LOG))


def _complement_double(size: Lanes) -> Lanes:
    """erfc from 1 on; beyond 6, where erf is 1, that of 6."""
    size = size.at_most(6)
    return exp_within(-(size * size)) * ((size - 2) / (size + 2)).polynomial(_SCALED)
