"""The inputs that the benchmark's workloads generate, reproduced: java.util.Random's documented generator, whole arrays at once."""

import numpy as np

MULTIPLIER = 0x5DEECE66D
INCREMENT = 0xB
MASK = (1 << 48) - 1


def states(seed, count):
    """The first `count` states of the 48-bit congruential generator.

    One jump by n states is again x -> x * a + c, so the known states double the known states; 64-bit wrap-around is harmless below
    48 bits.
    """
    first = ((seed ^ MULTIPLIER) * MULTIPLIER + INCREMENT) & MASK
    known = np.array([first], dtype=np.uint64)
    multiplier, increment = MULTIPLIER, INCREMENT
    while len(known) < count:
        more = (known * np.uint64(multiplier) + np.uint64(increment)) & np.uint64(MASK)
        known = np.concatenate([known, more])
        multiplier, increment = multiplier * multiplier & MASK, (increment * multiplier + increment) & MASK
    return known[:count]


def pixels(batch, size):
    """As Workload.Vision.pixels: float32 in [-1, 1), [batch, 3, size, size]."""
    bits = (states(batch, batch * 3 * size * size) >> np.uint64(24)).astype(np.float32)
    return (bits * np.float32(2.0**-24) * np.float32(2) - np.float32(1)).reshape(batch, 3, size, size)


def ids(index, length, vocabulary):
    """As Workload.Texts.ids: [CLS], ordinary tokens, [SEP]."""
    spread = vocabulary - 5
    drawn = []
    # Random.ints draws 31 bits and rejects those of the last, incomplete stretch of the range.
    for state in states(index, 2 * length + 64):
        bits = int(state) >> 17
        value = bits % spread
        if bits + spread - 1 - value < 1 << 31:
            drawn.append(value + 5)
        if len(drawn) == length:
            break
    drawn[0], drawn[-1] = 2, 3
    return drawn


def padded(lengths, vocabulary):
    """All texts, padded with 0 to the longest: int64 [texts, longest]."""
    batch = np.zeros((len(lengths), max(lengths)), dtype=np.int64)
    for index, length in enumerate(lengths):
        batch[index, :length] = ids(index, length, vocabulary)
    return batch
