"""Stands in for NumPy where a walker program uses it for numbers and short rows of numbers.

It is not NumPy. There are Python numbers and a one-dimensional `array` that computes element by
element; no dtypes, no views, no broadcasting over dimensions, no linear algebra. What is missing
raises AttributeError, and the program fails. Trigonometry is that of `math`.
"""

# mypy: ignore-errors

import builtins
import math
import operator
import random as _random

pi, e, inf, nan = math.pi, math.e, math.inf, math.nan
float64 = float32 = float
int64 = int32 = int


def _forward(function):
    return lambda self, other: _combine(function, self, other)


def _reflected(function):
    return lambda self, other: _combine(function, other, self)


class array(list):
    """A row of numbers with the arithmetic of NumPy instead of that of lists."""

    __add__, __radd__ = _forward(operator.add), _reflected(operator.add)
    __sub__, __rsub__ = _forward(operator.sub), _reflected(operator.sub)
    __mul__, __rmul__ = _forward(operator.mul), _reflected(operator.mul)
    __truediv__, __rtruediv__ = _forward(operator.truediv), _reflected(operator.truediv)
    __floordiv__, __rfloordiv__ = _forward(operator.floordiv), _reflected(operator.floordiv)
    __mod__, __rmod__ = _forward(operator.mod), _reflected(operator.mod)
    __pow__, __rpow__ = _forward(operator.pow), _reflected(operator.pow)
    __iadd__, __imul__ = __add__, __mul__

    def __neg__(self):
        return array(map(operator.neg, self))

    def tolist(self):
        """Return an ordinary list."""
        return list(self)


ndarray = asarray = array


def _combine(function, one, other):
    """Apply a function of two numbers to numbers, rows of equal length, or one of each."""
    rows = [row for row in (one, other) if isinstance(row, (list, tuple))]
    if not rows:
        return function(one, other)
    length = len(rows[0])
    if len(rows[-1]) != length:
        raise ValueError(f"rows of {length} and {len(rows[-1])} numbers do not fit")
    ones = one if isinstance(one, (list, tuple)) else [one] * length
    others = other if isinstance(other, (list, tuple)) else [other] * length
    return array(map(function, ones, others))


def _each(function):
    """Return a function of one number that also takes rows."""

    def apply(x):
        return array(map(apply, x)) if isinstance(x, (list, tuple)) else function(x)

    return apply


def _pair(function):
    """Return a function of two numbers that also takes rows."""
    return lambda x, y: _combine(function, x, y)


sin, cos, tan = _each(math.sin), _each(math.cos), _each(math.tan)
arcsin, arccos, arctan = _each(math.asin), _each(math.acos), _each(math.atan)
sinh, cosh, tanh = _each(math.sinh), _each(math.cosh), _each(math.tanh)
exp, log, log2, log10 = _each(math.exp), _each(math.log), _each(math.log2), _each(math.log10)
sqrt, square = _each(math.sqrt), _each(lambda x: x * x)
abs = absolute = fabs = _each(builtins.abs)
sign = _each(lambda x: type(x)((x > 0) - (x < 0)))
floor = _each(lambda x: float(math.floor(x)))
ceil = _each(lambda x: float(math.ceil(x)))
radians = deg2rad = _each(math.radians)
degrees = rad2deg = _each(math.degrees)
arctan2, hypot, power = _pair(math.atan2), _pair(math.hypot), _pair(operator.pow)
mod = remainder = _pair(operator.mod)
minimum, maximum = _pair(builtins.min), _pair(builtins.max)
add, subtract = _pair(operator.add), _pair(operator.sub)
multiply, divide = _pair(operator.mul), _pair(operator.truediv)
sum, min, max = builtins.sum, builtins.min, builtins.max


def round(x, decimals=0):
    """Return x rounded to a number of decimals."""
    return _combine(lambda value, places: builtins.round(float(value), places), x, decimals)


def clip(x, low, high):
    """Return x cut to [low, high]."""
    return minimum(maximum(x, low), high)


def mean(row):
    """Return the mean of a row."""
    return sum(row) / len(row)


def zeros(length):
    """Return a row of zeros."""
    return array([0.0] * length)


def ones(length):
    """Return a row of ones."""
    return array([1.0] * length)


def linspace(start, stop, num=50, endpoint=True):
    """Return evenly spaced numbers; the last is `stop` unless `endpoint` is false."""
    step = (stop - start) / builtins.max(num - 1 if endpoint else num, 1)
    row = array(start + step * k for k in range(num))
    if endpoint and num > 1:
        row[-1] = float(stop)
    return row


def arange(start, stop=None, step=1):
    """Return the numbers from `start` (or 0) up to but not including `stop`."""
    first, last = (0, start) if stop is None else (start, stop)
    return array(first + step * k for k in range(math.ceil((last - first) / step)))


class random:
    """`numpy.random`, drawing from Python's generator, which the job seeds."""

    seed = staticmethod(_random.seed)
    random = staticmethod(_random.random)

    @staticmethod
    def uniform(low=0.0, high=1.0):
        """Return a number in [low, high)."""
        return _random.uniform(low, high)

    @staticmethod
    def normal(loc=0.0, scale=1.0):
        """Return a normally distributed number."""
        return _random.gauss(loc, scale)

    @staticmethod
    def randint(low, high=None):
        """Return an integer from `low` (or 0) up to but not including `high`."""
        return _random.randrange(low) if high is None else _random.randrange(low, high)

    @staticmethod
    def choice(values):
        """Return one of the values, or of the numbers below an integer."""
        return _random.choice(range(values) if isinstance(values, int) else values)

    @staticmethod
    def rand(*shape):
        """Return a number, or a row of numbers in [0, 1)."""
        return array(_random.random() for _ in range(shape[0])) if shape else _random.random()

    @staticmethod
    def randn(*shape):
        """Return a normally distributed number, or a row of them."""
        draw = _random.gauss
        return array(draw(0.0, 1.0) for _ in range(shape[0])) if shape else draw(0.0, 1.0)
