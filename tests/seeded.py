"""Strategies for large data: hypothesis chooses a number or some bytes, and a value or a part of one is made from these.

To draw a value by hypothesis takes tens of microseconds, and a timeline or a configuration is a hundred of them: that took
most of the time of the properties about these.

- ``chosen`` makes a value from the bytes of one draw. To shrink a failure, hypothesis makes bytes smaller, and a smaller one
  is a simpler choice. All arguments of one test should have the same size: hypothesis also copies the bytes of one argument
  into another, and bytes of another size become zeros.
- ``made`` makes a part from one number. A list of such parts is drawn by hypothesis, which leaves out parts that a failure
  does not need, and repeats others.
"""

import math
import struct
from itertools import compress
from random import Random

from hypothesis import strategies as st

SEEDS = st.integers(0, 2**24 - 1)  # hypothesis prefers small numbers in wider ranges
# Hypothesis tries some more often than others: limits of types, and numbers that are not what they look like
INTEGERS = [2**power + more for power in (0, 2, 4, 7, 8, 15, 16, 31, 32, 53, 63, 64) for more in (-1, 0, 1)]
FLOATS = [0.0, -0.0, 0.5, 1.0, 1.1, -1.5, 1e-5, 5e-324, 2.0**53, 2.0**63, 1e16, 1e22, 1.7976931348623157e308, 1 / 3]
# The first of some characters, and how many: ASCII, Latin, marks of direction and other signs, any but surrogates
CHARACTERS = [
    (0x20, 0x5F),
    (0x00, 0x80),
    (0x80, 0x100),
    (0x2000, 0x70),
    (0xFF00, 0xFF),
    (0x180, 0xD680),
    (0xE000, 0x102000),
]


@st.composite  # a failure shows the value that was made, not the number
def made(draw, make):
    """A value that *make* makes by means of a ``Random``."""
    return make(Random(draw(SEEDS)))


@st.composite
def chosen(draw, make, size=64):
    """A value that *make* makes by means of ``Choices`` of *size* bytes.

    A failure is reported with the simplest of these values, as each byte that becomes smaller makes a simpler choice.
    """
    return make(Choices(draw(st.binary(min_size=size, max_size=size))))


def seeded(make):
    """A maker by means of ``Choices`` that takes three bytes, whatever *make* takes of a ``Random``."""
    return lambda choices: make(Random(choices.below(2**24)))


class Choices:
    """Choices that bytes make, one after the other. Zero is the simplest one, and all that follow the last byte are zero.

    Lists take as many bytes as the longest, so what follows is the same when one becomes shorter.
    """

    def __init__(self, content):
        self._content = content
        self._next = 0

    def __repr__(self):
        return f"Choices({self._content!r})"

    def taken(self, size):
        """The next *size* bytes."""
        start, self._next = self._next, self._next + size
        return self._content[start : self._next].ljust(size, b"\0")

    def below(self, limit):
        """A number from 0 on that is less than *limit*."""
        return int.from_bytes(self.taken(1 if limit <= 2**8 else 3), "big") % limit

    def choice(self, options):
        return options[self.below(len(options))]

    def flag(self):
        return bool(self.below(2))

    def several(self, make, most, *, least=0, size=None):
        """Values that *make* makes, each by means of *size* bytes of its own: any can be left out, and the others stay.

        Without a *size*, each gets an equal share of all bytes that are left.
        """
        last = least + self.below(most - least + 1)
        kept = [place < least or (place < last and byte % 16) for place, byte in enumerate(self.taken(most))]
        share = (len(self._content) - self._next) // most if size is None else size
        parts = [Choices(self.taken(share)) for _ in range(most)]
        return [make(part) for part in compress(parts, kept)]

    def some(self, make, most, *, size=None):
        """The same, and seldom none: an empty list is a value like another, and not every fifth."""
        return self.several(make, most, least=min(self.below(8), 1), size=size)

    def pieces(self, options, most):
        """Up to *most* of the *options* (at most 255): any can be left out, and the others stay."""
        length, *places = self.taken(1 + most)
        found = [place % (len(options) + 1) for place in places[: length % (most + 1)]]
        return [options[place - 1] for place in found if place]

    def text(self, alphabet, most):
        return "".join(self.pieces(alphabet, most))

    def any_text(self, most):
        """Text of any characters that UTF-8 can encode."""
        return "".join(self._character() for _ in range(self.below(most + 1)))

    def _character(self):
        first, count = self.choice(CHARACTERS)
        return chr(first + self.below(count))

    def integer(self):
        """Any integer, of up to 128 bits; small ones and limits of types more often."""
        size, sign = self.choice([1, 2, 4, 8, 16, 0]), self.choice([1, -1])
        content = self.taken(16)
        return sign * (int.from_bytes(content[:size], "big") if size else INTEGERS[content[0] % len(INTEGERS)])

    def number(self):
        """Any finite float; simple and odd ones more often."""
        known, content = self.choice([*FLOATS, *[None] * len(FLOATS)]), self.taken(8)
        drawn = struct.unpack(">d", content)[0] if known is None else known
        return drawn if math.isfinite(drawn) else 0.0


JSON_SCALARS = (
    lambda _: None,
    Choices.flag,
    Choices.integer,
    Choices.number,
    lambda choices: choices.choice([math.inf, -math.inf, math.nan]),
)
"""Values in JSON as Python's reader takes it, with numbers that JSON does not have; each test adds texts of its own."""


def json_value(choices, scalars, key, depth=3):
    """A scalar that one of *scalars* makes, or a list or an object of such values, whose keys are made by *key*."""

    def item(part):
        return json_value(part, scalars, key, depth - 1)

    kind = choices.choice(["scalar", "list", "object"]) if depth else "scalar"
    if kind == "scalar":
        return choices.choice(scalars)(choices)
    if kind == "list":
        return choices.some(item, 4)
    return dict(choices.some(lambda part: (key(part), item(part)), 4))
