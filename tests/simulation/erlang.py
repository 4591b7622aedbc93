"""Erlang's formulas in closed form: what simulated days are held against.

Customers come at random, handle times and patience are exponential, one queue, first come, first served.
"""

import math
from typing import NamedTuple


class Truth(NamedTuple):
    waits: float
    """The probability to wait at all."""
    mean_wait_s: float
    """Of all customers, including those who are answered immediately."""
    service_level: float
    """The probability to be answered within the threshold."""
    abandons: float


def erlang_c(agents, an_hour, handle_s, threshold_s):
    """Erlang C: no customer abandons."""
    load = an_hour / 3600 * handle_s
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    waits = agents * blocked / (agents - load * (1 - blocked))
    rate = (agents - load) / handle_s
    return Truth(waits, waits / rate, 1 - waits * math.exp(-rate * threshold_s), 0.0)


def erlang_a(agents, an_hour, handle_s, patience_s, threshold_s, most=2_000):
    """Erlang A: customers abandon. A birth-death process, and for the wait a pure death process of those ahead."""
    arrivals, serves, leaves = an_hour / 3600, 1 / handle_s, 1 / patience_s
    weights = [1.0]
    for n in range(1, most):
        out = min(n, agents) * serves + max(0, n - agents) * leaves
        weights.append(weights[-1] * arrivals / out)
        if weights[-1] < 1e-14 * max(weights) and n > agents:
            break
    whole = math.fsum(weights)
    share = [each / whole for each in weights]
    queue = math.fsum((n - agents) * p for n, p in enumerate(share) if n > agents)
    waits = math.fsum(share[agents:])
    answered = 1 - waits
    answered += math.fsum(
        p * _reaches_an_agent(n - agents, agents * serves, leaves, threshold_s)
        for n, p in enumerate(share)
        if n >= agents
    )
    return Truth(waits, queue / arrivals, answered, leaves * queue / arrivals)


def _reaches_an_agent(ahead, serves, leaves, threshold_s, steps=400):
    """The probability that a customer with *ahead* others in front is answered in time, before abandoning.

    The number ahead falls at a rate that depends on it alone, so the time is a sum of exponentials. It is computed by
    following the probabilities of all numbers through small steps of time.
    """
    size = threshold_s / steps
    state = [0.0] * ahead + [1.0]
    done = 0.0
    for step in range(steps):
        alive = math.exp(-leaves * (step + 0.5) * size)
        rates = [serves + k * leaves for k in range(ahead + 1)]
        moves = [p * -math.expm1(-rate * size) for p, rate in zip(state, rates, strict=True)]
        done += alive * moves[0]
        for k, moved in enumerate(moves):
            state[k] -= moved
            if k:
                state[k - 1] += moved
    return done
