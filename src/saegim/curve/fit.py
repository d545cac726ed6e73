"""The learning curve through measured errors: error(n) = a + b (n + s)^-c, falling, never below 0.

The family: an inverse power law with exponent c that levels off at a, and a shift s for learners that need some
examples before they learn at all. Exponent and shift are taken from a grid of shapes; for each shape, a and b are a
linear least squares problem, weighted by the inverse of the covariance of the errors. So a thousand fits (one for
every draw of `crossing`) are a few matrix products, and none can fail to converge. Where the data say little about the
shape, a mild prior does: exponents near 0.45, where those of learning curves mostly lie, and no shift.

Real curves are no exact power laws. If the best curve misses the points by more than luck explains, the learner is
taken to wander from it: by a smooth deviation, a share of the error, as large as it takes to explain the misses
(J. Mandel and R. Paule, 1970, for measurements by different laboratories). Between the points the deviation is
interpolated (kriging); away from them it dies out, and its size stays as uncertainty.

Source of the family: J. Hestness et al., Deep Learning Scaling is Predictable, Empirically (2017).
Letters: K sizes, D draws, P shapes, G places on a grid of sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Curves", "Family"]

FloatArray = npt.NDArray[np.float64]

EXPONENTS = np.geomspace(0.06, 2.2, 25)
USUAL_EXPONENT, SPREAD_OF_EXPONENTS = 0.45, 0.9  # of the prior, in natural logarithms
SHIFTS = 4  # besides none: from the smallest size to a third of the largest
SHIFT_IS_LESS_LIKELY = 0.25
FREE = 3  # what a curve may choose: a, b and its exponent
DEVIATIONS = (0.0, *np.geomspace(0.003, 0.3, 24))  # from the curves, as a share of the error; the last is the largest
LEAST_ERROR = 0.005  # that deviations are a share of
AT_ONCE = 200  # rows that are fitted at a time: their misfits stay in a near cache
REACH = np.log(10)  # of a deviation: a decade away little is left of it


@dataclass(frozen=True)
class Curves:
    """D curves: error(n) = a + b (n + s)^-c, each letter float64 (D,)."""

    a: FloatArray
    b: FloatArray
    c: FloatArray
    s: FloatArray

    def errors(self, sizes: FloatArray) -> FloatArray:
        """The error at G sizes: (D, G)."""
        base = np.asarray(sizes, dtype=np.float64)[None] + self.s[:, None]
        return self.a[:, None] + self.b[:, None] * base ** -self.c[:, None]

    def take(self, number: int) -> Curves:
        """One of the curves."""
        return Curves(*(each[number : number + 1] for each in (self.a, self.b, self.c, self.s)))


class Family:
    """All shapes of curves through K errors at K sizes (ascending) with covariance (K, K); ready to fit.

    `deviation` is the standard deviation of the learner from curves of this family as a share of its error, as far as
    it shows; 0 if the covariance explains by how much they miss the errors. `covariance` has it included.
    """

    def __init__(self, sizes: FloatArray, errors: FloatArray, covariance: FloatArray) -> None:
        self.sizes = np.asarray(sizes, dtype=np.float64)
        self._shapes()
        self._weigh(covariance)
        self._rough = self.fit(np.asarray(errors, dtype=np.float64)[None])
        self.deviation = self._found_deviation(np.asarray(errors, dtype=np.float64), covariance)
        self.covariance = covariance + self.wandering(self.sizes, self.sizes)
        self._weigh(self.covariance)

    def wandering(self, sizes: FloatArray, others: FloatArray) -> FloatArray:
        """The covariance of the deviations at two rows of sizes."""
        return self.deviation**2 * self._share(sizes, others)

    def fit(self, errors: FloatArray) -> Curves:
        """The best curve through each of D rows of errors, (D, K)."""
        parts = [self._fit(errors[start : start + AT_ONCE]) for start in range(0, len(errors), AT_ONCE)]
        return Curves(*(np.concatenate([getattr(part, letter) for part in parts]) for letter in "abcs"))

    def _fit(self, errors: FloatArray) -> Curves:
        misfit, corrected = self._misfits(errors)
        shape = (misfit + self._penalty).argmin(axis=1)
        return self._curves(corrected[:, np.arange(len(shape)), shape], shape)

    def _shapes(self) -> None:
        """The grid, and each shape at the sizes: 1 at the smallest, 0 at the largest, (P, K)."""
        smallest, largest = self.sizes[0], self.sizes[-1]
        shifts = np.concatenate([[0.0], np.geomspace(smallest, max(largest / 3, smallest), SHIFTS)])
        c, s = (one.ravel() for one in np.meshgrid(EXPONENTS, shifts, indexing="ij"))
        self._c, self._s = c, s
        self._high, self._low = (smallest + s) ** -c, (largest + s) ** -c
        power = (self.sizes[None] + s[:, None]) ** -c[:, None]
        self._falls = (power - self._low[:, None]) / (self._high - self._low)[:, None]
        # A curve that levels off at 0 has only its height to choose: 1 at the largest size.
        self._from_zero = power / self._low[:, None]
        likely = -0.5 * (np.log(c / USUAL_EXPONENT) / SPREAD_OF_EXPONENTS) ** 2
        self._penalty = -2 * (likely + np.where(s > 0, np.log(SHIFT_IS_LESS_LIKELY), 0.0))

    def _weigh(self, covariance: FloatArray) -> None:
        """Prepares the least squares problems for errors of that covariance."""
        self._whiten = np.linalg.inv(np.linalg.cholesky(covariance))
        ones = self._whiten @ np.ones(len(self.sizes))
        falls = self._falls @ self._whiten.T
        self._flat = ones / (ones @ ones)  # errors, whitened -> the height of the best flat line
        self._flat_length = float(ones @ ones)
        # Two columns, end and drop: error = end + drop x falls. Solved by hand, for all shapes at once.
        across = falls @ ones
        length = (falls**2).sum(axis=1)
        determinant = length * self._flat_length - across**2
        self._drop = (self._flat_length * falls - across[:, None] * ones) / determinant[:, None]
        self._end = (length[:, None] * ones - across[:, None] * falls) / determinant[:, None]
        self._drop_length = determinant / self._flat_length
        zero = self._from_zero @ self._whiten.T
        self._zero_length = (zero**2).sum(axis=1)
        self._zero = zero / self._zero_length[:, None]

    def _misfits(self, errors: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What each shape leaves unexplained of each row of errors, (D, P), and its (end, drop), (2, D, P).

        A curve that would rise is replaced by the flat line, one that would level off below 0 by the best that levels
        off at 0.
        """
        white = errors @ self._whiten.T
        length = (white**2).sum(axis=1)
        flat = white @ self._flat
        end, drop = white @ self._end.T, white @ self._drop.T
        left = (length - flat**2 * self._flat_length)[:, None]
        misfit = left - drop**2 * self._drop_length
        rises = drop <= 0
        end, drop, misfit = (
            np.where(rises, other, free) for other, free in ((flat[:, None], end), (0.0, drop), (left, misfit))
        )
        share = self._low / (self._high - self._low)  # of its drop, how far below its end a curve levels off
        below = end - drop * share < 0
        if below.any():
            height = np.maximum(white @ self._zero.T, 0.0)
            at_zero = length[:, None] - height**2 * self._zero_length
            end, drop, misfit = (
                np.where(below, other, free)
                for other, free in ((height, end), (height / share, drop), (at_zero, misfit))
            )
        return misfit, np.stack([end, drop])

    def _curves(self, chosen: FloatArray, shape: npt.NDArray[np.intp]) -> Curves:
        end, drop = chosen
        b = drop / (self._high - self._low)[shape]
        a = np.maximum(end - b * self._low[shape], 0.0)
        return Curves(a, b, self._c[shape], self._s[shape])

    def _found_deviation(self, errors: FloatArray, covariance: FloatArray) -> float:
        """The least deviation with which the best curve misses the errors no more than luck would."""
        allowed = max(len(self.sizes) - FREE, 1)
        share = self._share(self.sizes, self.sizes)
        for deviation in DEVIATIONS:
            self._weigh(covariance + deviation**2 * share)
            misfit, _ = self._misfits(errors[None])
            if misfit.min() <= allowed:
                break
        return float(deviation)

    def _share(self, sizes: FloatArray, others: FloatArray) -> FloatArray:
        """The covariance of deviations of the size of the error: Matern's, with 3/2, of the logarithms of sizes."""
        apart = np.sqrt(3) * np.abs(np.subtract.outer(np.log(sizes), np.log(others))) / REACH
        one, other = (np.maximum(self._rough.errors(each)[0], LEAST_ERROR) for each in (sizes, others))
        covariance: FloatArray = np.multiply.outer(one, other) * (1 + apart) * np.exp(-apart)
        return covariance
