"""Strategies for large data: hypothesis chooses one number for each part, and the part is made from it.

To draw a value by hypothesis takes tens of microseconds, and a timeline or a configuration is a hundred of them: that took
most of the time of the properties about these. A list of parts is still drawn by hypothesis, which leaves out parts that
a failure does not need, and repeats others.
"""

from random import Random

from hypothesis import strategies as st

SEEDS = st.integers(0, 2**24 - 1)  # hypothesis prefers small numbers in wider ranges


@st.composite  # a failure shows the value that was made, not the number
def made(draw, make):
    """A value that *make* makes by means of a ``Random``."""
    return make(Random(draw(SEEDS)))
