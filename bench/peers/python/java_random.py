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


def image_bytes(batch, size):
    """As Workload.Vision.bytes: uint8 [batch, size, size, 3]. Random.nextBytes takes the lowest byte of each 32 bits first."""
    count = batch * size * size * 3
    words = (states(batch, -(-count // 4)) >> np.uint64(16)).astype("<u4")
    return words.view(np.uint8)[:count].reshape(batch, size, size, 3)


def pixels(batch, size):
    """As Workload.Vision.pixels: float32 in [-1, 1], [batch, 3, size, size]."""
    values = image_bytes(batch, size).astype(np.float32) / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


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


def padded(lengths, vocabulary, chosen=None):
    """The chosen texts, all unless some are named, padded with 0 to their longest: int64 [texts, longest]."""
    chosen = range(len(lengths)) if chosen is None else chosen
    batch = np.zeros((len(chosen), max(lengths[index] for index in chosen)), dtype=np.int64)
    for row, index in enumerate(chosen):
        batch[row, : lengths[index]] = ids(index, lengths[index], vocabulary)
    return batch


def buckets(lengths, count):
    """Indices of the texts in at most `count` groups of neighbouring lengths, each about as many texts: what is padded together."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    bounds = [len(order) * part // count for part in range(count + 1)]
    return [order[first:last] for first, last in zip(bounds, bounds[1:]) if first < last]
