#!/usr/bin/env python3
"""Adds up every kernel and matrix product of one forward pass against the roofs of an H100 SXM, and writes docs/roofline.md.

    bench/gpu/roofline.py            writes the page
    bench/gpu/roofline.py --check    fails when the page is not what this script writes

Arithmetic only: no figure in the page was measured. Plain Python 3, nothing to install.
"""

import math
import pathlib
import sys
from dataclasses import dataclass

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "roofline.md"

# NVIDIA's data sheet of the H100 SXM; exponentials: Shah et al., FlashAttention-3 (arXiv:2407.08608), section 2.
TENSOR_FLOPS = 989e12
HBM_BYTES = 3.35e12
EXPONENTIALS = 3.9e12
MULTIPROCESSORS = 132

# Assumptions, to be replaced by measurements; the page says why each is what it is.
PRODUCT_FRACTION = 0.75
ATTENTION_FRACTION = 0.60
HBM_FRACTION = 0.85
LAUNCH_SECONDS = 2e-6
TILE_ROWS, TILE_COLUMNS = 128, 256

F16, F32 = 2, 4
IMAGES = 64
TEXTS, TEXT_TOKENS = 128, 32
TARGET_IMAGES = 1000

# ConceptCLIP: vit_so400m_patch14_siglip_384 and PubMedBERT base.
IMAGE_SIZE, PATCH, GRID = 384, 14, 27
TOKENS = GRID * GRID
WIDTH, BLOCKS, HEADS, MLP = 1152, 27, 16, 4304
TEXT_WIDTH, TEXT_LAYERS, TEXT_HEADS, TEXT_MLP = 768, 12, 12, 3072
EMBEDDING = 1152


@dataclass(frozen=True)
class Step:
    """One launch, done `count` times. Bytes are those of device memory, each operand once: batches do not fit the 50 MB of L2."""

    name: str
    count: int
    flops: float = 0.0
    exponentials: float = 0.0
    read: float = 0.0
    written: float = 0.0
    tile_use: float = 1.0
    fraction: float = PRODUCT_FRACTION

    def roofs(self):
        return {
            "tensor cores": self.flops / TENSOR_FLOPS,
            "exponentials": self.exponentials / EXPONENTIALS,
            "HBM": (self.read + self.written) / HBM_BYTES,
        }

    def roof(self):
        return max(self.roofs(), key=self.roofs().get)

    def at_roof(self):
        return max(self.roofs().values())

    def expected(self):
        """Compute at its assumed fraction and tile use, memory at its own: whichever is longer, and one launch."""
        roofs = self.roofs()
        compute = max(roofs["tensor cores"], roofs["exponentials"]) / (self.fraction * self.tile_use)
        return max(compute, roofs["HBM"] / HBM_FRACTION) + LAUNCH_SECONDS


def tile_use(rows, columns):
    """Share of the multiprocessors' tile slots that hold elements of the result: rims of tiles, and the last wave."""
    tiles = math.ceil(rows / TILE_ROWS) * math.ceil(columns / TILE_COLUMNS)
    slots = math.ceil(tiles / MULTIPROCESSORS) * MULTIPROCESSORS
    return rows * columns / (slots * TILE_ROWS * TILE_COLUMNS)


def product(name, count, rows, inputs, outputs, out_bytes=F16, accumulate=False):
    out = rows * outputs * out_bytes
    return Step(
        f"{name}, {rows} x {inputs} x {outputs}",
        count,
        flops=2.0 * rows * inputs * outputs,
        read=rows * inputs * F16 + inputs * outputs * F16 + (out if accumulate else 0),
        written=out,
        tile_use=tile_use(rows, outputs),
    )


def attention(name, count, sequences, tokens, width, heads):
    head = width // heads
    # The inner extent of the first product is a multiple of 16 on tensor cores: 72 costs 80.
    padded = math.ceil(head / 16) * 16
    scores = sequences * heads * tokens * tokens
    rows = sequences * tokens
    return Step(
        f"{name}, {heads} heads of {head}",
        count,
        flops=2.0 * scores * (padded + head),
        exponentials=float(scores),
        read=3 * rows * width * F16,
        written=rows * width * F16,
        fraction=ATTENTION_FRACTION,
    )


def stream(name, count, read, written):
    return Step(name, count, read=read, written=written)


def add_norm(name, count, rows, width, residual_bytes):
    return stream(name, count, rows * width * (residual_bytes + F16), rows * width * (residual_bytes + F16))


def vision(residual_bytes, images=IMAGES, separate_gelu=True):
    rows = images * TOKENS
    wide = rows * MLP * F16
    seen = (GRID * PATCH) ** 2 * 3
    inputs = PATCH * PATCH * 3
    pool_rows = images
    steps = [
        Step(
            "patch embedding",
            1,
            flops=2.0 * rows * inputs * WIDTH,
            read=images * seen + inputs * WIDTH * F16 + TOKENS * WIDTH * F32,
            written=rows * WIDTH * residual_bytes,
            fraction=ATTENTION_FRACTION,
        ),
        stream("first LayerNorm", 1, rows * WIDTH * residual_bytes, rows * WIDTH * F16),
        product("qkv", BLOCKS, rows, WIDTH, 3 * WIDTH),
        attention("attention", BLOCKS, images, TOKENS, WIDTH, HEADS),
        product("projection", BLOCKS, rows, WIDTH, WIDTH),
        add_norm("add + LayerNorm", 2 * BLOCKS, rows, WIDTH, residual_bytes),
        product("fc1", BLOCKS, rows, WIDTH, MLP),
        *([stream("bias + GELU", BLOCKS, wide, wide)] if separate_gelu else []),
        product("fc2", BLOCKS, rows, MLP, WIDTH),
        product("pool kv", 1, rows, WIDTH, 2 * WIDTH),
        stream("pool attention", 1, rows * 2 * WIDTH * F16, pool_rows * WIDTH * F16),
        product("pool projection", 1, pool_rows, WIDTH, WIDTH, F32),
        stream("pool LayerNorm", 1, pool_rows * WIDTH * F32, pool_rows * WIDTH * F16),
        product("pool fc1", 1, pool_rows, WIDTH, MLP),
        stream("pool bias + GELU", 1, pool_rows * MLP * F16, pool_rows * MLP * F16),
        product("pool fc2", 1, pool_rows, MLP, WIDTH, F32, accumulate=True),
        stream("L2 normalisation", 1, pool_rows * WIDTH * F32, pool_rows * WIDTH * F32),
    ]
    return steps


def heads(rows, width):
    """The concept heads over every token: only where token features are asked for."""
    hidden = rows * EMBEDDING * F16
    return [
        product("head, first", 1, rows, width, EMBEDDING),
        stream("head GELU", 1, hidden, hidden),
        product("head, second", 1, rows, EMBEDDING, EMBEDDING),
    ]


def text():
    rows = TEXTS * TEXT_TOKENS
    wide = rows * TEXT_MLP * F16
    return [
        stream("token embedding", 1, 2 * rows * TEXT_WIDTH * F16, rows * TEXT_WIDTH * F16),
        product("qkv", TEXT_LAYERS, rows, TEXT_WIDTH, 3 * TEXT_WIDTH),
        attention("attention", TEXT_LAYERS, TEXTS, TEXT_TOKENS, TEXT_WIDTH, TEXT_HEADS),
        product("projection", TEXT_LAYERS, rows, TEXT_WIDTH, TEXT_WIDTH),
        add_norm("add + LayerNorm", 2 * TEXT_LAYERS, rows, TEXT_WIDTH, F16),
        product("fc1", TEXT_LAYERS, rows, TEXT_WIDTH, TEXT_MLP),
        stream("bias + GELU", TEXT_LAYERS, wide, wide),
        product("fc2", TEXT_LAYERS, rows, TEXT_MLP, TEXT_WIDTH),
        stream("mean pool", 1, rows * TEXT_WIDTH * F16, TEXTS * TEXT_WIDTH * F16),
        product("projection to 1152", 1, TEXTS, TEXT_WIDTH, EMBEDDING, F32),
        stream("L2 normalisation", 1, TEXTS * EMBEDDING * F32, TEXTS * EMBEDDING * F32),
    ]


def total(steps, value):
    return sum(step.count * value(step) for step in steps)


def launches(steps):
    return sum(step.count for step in steps)


def moved(steps):
    return total(steps, lambda step: step.read + step.written)


def seconds_at_roof(steps):
    return total(steps, Step.at_roof)


def seconds_expected(steps):
    return total(steps, Step.expected)


def table(steps):
    lines = [
        "| step | times | GFLOP | MB read | MB written | roof that binds | us at the roof | tile use | us expected | share |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    whole = seconds_expected(steps)
    for step in steps:
        lines.append(
            f"| {step.name} | {step.count} | {step.flops / 1e9:.1f} | {step.read / 1e6:.1f} | {step.written / 1e6:.1f}"
            f" | {step.roof()} | {step.at_roof() * 1e6:.1f} | {step.tile_use:.0%} | {step.expected() * 1e6:.1f}"
            f" | {step.count * step.expected() / whole:.1%} |"
        )
    lines.append(
        f"| **all** | {launches(steps)} | {total(steps, lambda s: s.flops) / 1e9:.0f}"
        f" | {total(steps, lambda s: s.read) / 1e6:.0f} | {total(steps, lambda s: s.written) / 1e6:.0f}"
        f" | | {seconds_at_roof(steps) * 1e6:.0f} | | {whole * 1e6:.0f} | 100.0% |"
    )
    return "\n".join(lines)


def milliseconds(size):
    return size / HBM_BYTES / HBM_FRACTION * 1e3


def variant(name, steps):
    return (
        f"| {name} | {launches(steps)} | {moved(steps) / 1e9:.1f}"
        f" | {seconds_at_roof(steps) * 1e3:.1f} | {seconds_expected(steps) * 1e3:.1f} | {rate(steps):.0f} |"
    )


def rate(steps, items=IMAGES):
    return items / seconds_expected(steps)


def only(steps, *names):
    return [step for step in steps if step.name.startswith(names)]


def needed_fraction(steps):
    """What products would have to reach of the tensor roof, tile use included, for the target rate with all else as expected."""
    products = only(steps, "qkv", "projection", "fc1", "fc2")
    rest = seconds_expected(steps) - seconds_expected(products)
    left = IMAGES / TARGET_IMAGES - rest - LAUNCH_SECONDS * launches(products)
    return seconds_at_roof(products) / left


def epilogue_saving(residual_bytes):
    """Bytes a batch that adding the residual inside projection and fc2 saves: the update is not stored, but the sum is read once more."""
    apart = F16 + (residual_bytes + F16) + (residual_bytes + F16)
    inside = residual_bytes + residual_bytes + residual_bytes + F16
    return 2 * BLOCKS * IMAGES * TOKENS * WIDTH * (apart - inside)


def pass_row(images):
    """A pass of so many images: what its tiles use, and the rate when steps between products cost HBM time, or only their launch."""
    steps = vision(F32, images=images)
    products = only(steps, "qkv", "projection", "fc1", "fc2")
    use = seconds_at_roof(products) / total(products, lambda s: s.at_roof() / s.tile_use)
    between = only(steps, "add + LayerNorm", "bias + GELU")
    free = seconds_expected(steps) - seconds_expected(between) + LAUNCH_SECONDS * launches(between)
    return (
        f"| {images} | {images * TOKENS * MLP * F16 / 1e6:.0f} | {use:.0%} | {rate(steps, images):.0f}"
        f" | {images / free:.0f} |"
    )


def page():
    wide, narrow = vision(F32), vision(F16)
    fused = vision(F32, separate_gelu=False)
    both = vision(F16, separate_gelu=False)
    one = vision(F32, images=1)
    texts = text()
    tokens = TEXTS * TEXT_TOKENS
    gelu = only(wide, "bias + GELU")
    image_flops = total(wide, lambda s: s.flops) / IMAGES
    products = only(wide, "qkv", "projection", "fc1", "fc2")
    scores = seconds_expected(only(wide, "attention"))
    unfused = 2 * IMAGES * HEADS * TOKENS * TOKENS * F16 * 2 * BLOCKS / HBM_BYTES / HBM_FRACTION
    passes = "\n".join(pass_row(images) for images in (1, 2, 4, 8, 16, 32, 64, 128))
    with_heads = wide + heads(IMAGES * TOKENS, WIDTH)
    return f"""# Roofline of one forward pass

**A model, not a measurement.** Every figure here is arithmetic of `bench/gpu/roofline.py`, which writes this page (`--check` fails when it is stale).
It says what an H100 SXM could do with the kernels of `kernels/README.md`, so that a measurement has something to be held against.

## Roofs and assumptions

| what | figure | source |
|---|---|---|
| tensor cores, dense float16 | {TENSOR_FLOPS / 1e12:.0f} TFLOP/s | data sheet |
| HBM3 | {HBM_BYTES / 1e12:.2f} TB/s | data sheet |
| exponentials | {EXPONENTIALS / 1e12:.1f} T/s | Shah et al., FlashAttention-3 (arXiv:2407.08608), section 2 |
| L2 | 50 MB | data sheet; the residual stream of {IMAGES} images alone is {IMAGES * TOKENS * WIDTH * F32 / 1e6:.0f} MB, so every operand counts as device memory, once |
| products reach | {PRODUCT_FRACTION:.0%} of the tensor roof, times tile use | assumed: clocks fall below the data sheet's under full tensor load, and pipelines fill and drain in each tile |
| tile use | by arithmetic | results are cut in tiles of {TILE_ROWS} x {TILE_COLUMNS}, {MULTIPROCESSORS} at a time: rims and the last wave idle |
| attention and patch embedding reach | {ATTENTION_FRACTION:.0%} | assumed: softmax and the two products overlap in part only; the inner extent 72 of a head costs 80 (counted below as work) |
| streaming kernels reach | {HBM_FRACTION:.0%} of HBM | assumed: reads and writes mixed |
| each launch | {LAUNCH_SECONDS * 1e6:.0f} us | assumed: draining one kernel and starting the next inside a graph |

## One batch of {IMAGES} images, residual stream float32

{table(wide)}

{image_flops / 1e12:.3f} TFLOP an image (the padded head width of attention included). At the roofs {IMAGES / seconds_at_roof(wide):.0f} images/s, expected **{rate(wide):.0f} images/s**.

| variant | launches | GB moved | ms at the roof | ms expected | images/s expected |
|---|---|---|---|---|---|
{variant("residual float32 (above)", wide)}
{variant("residual float16", narrow)}
{variant("residual float32, bias + GELU inside fc1", fused)}
{variant("residual float16, bias + GELU inside fc1", both)}
{variant("residual float32, with token features (concept head)", with_heads)}

## What has to be true for {TARGET_IMAGES} images/s

* {TARGET_IMAGES} images/s leave {IMAGES / TARGET_IMAGES * 1e3:.0f} ms a batch. The four products of the blocks take {seconds_at_roof(products) * 1e3:.1f} ms at the roof, attention {scores * 1e3:.1f} ms expected.
* With all else as expected, the blocks' products have to reach {needed_fraction(wide):.0%} of the tensor roof (tile use included) with the plan above,
  {needed_fraction(fused):.0%} with GELU inside fc1, {needed_fraction(both):.0%} with that and a float16 residual. A share above 100% means that no product could be fast enough.
* Attention must not write its scores: stored as float16 and read back once each, scores and probabilities would cost {unfused * 1e3:.0f} ms a batch.
* The host must keep up: one graph launch a batch instead of {launches(wide)} launches.

## What more fusion would save, a batch

| change | GB less | ms less, expected |
|---|---|---|
| residual stream float16 instead of float32 | {(moved(wide) - moved(narrow)) / 1e9:.1f} | {(seconds_expected(wide) - seconds_expected(narrow)) * 1e3:.1f} |
| bias + GELU in fc1's epilogue | {moved(gelu) / 1e9:.1f} | {seconds_expected(gelu) * 1e3:.1f} |
| residual added in the epilogues of projection and fc2, residual float32 | {epilogue_saving(F32) / 1e9:.1f} | {milliseconds(epilogue_saving(F32)):.1f} |
| the same, residual float16 | {epilogue_saving(F16) / 1e9:.1f} | {milliseconds(epilogue_saving(F16)):.1f} |

Adding a float32 residual in an epilogue saves nothing: what it spares of the update it costs in reading the sum again for its norm.
GELU in an epilogue needs a product of our own: cuBLASLt's GELU is the tanh form, the model's is the erf form.

## Smaller passes

A batch may be computed in passes of fewer images. Then tiles are used worse, but what one step hands to the next may still be in the 50 MB of L2
when it is read. How fast it is read there is not on the data sheet, so the last column is a bound: the steps between products cost their launch alone.

| images a pass | MB of the MLP's hidden columns | tile use of the blocks' products | images/s, all in HBM | images/s, steps between products free |
|---|---|---|---|---|
{passes}

## One image alone

{launches(one)} launches, {moved(one) / 1e9:.2f} GB (mostly weights), {seconds_at_roof(one) * 1e3:.2f} ms at the roof, {seconds_expected(one) * 1e3:.2f} ms expected: {TOKENS} rows fill
{tile_use(TOKENS, WIDTH):.0%} (projection, fc2) to {tile_use(TOKENS, MLP):.0%} (fc1) of the tile slots. Smaller tiles would better that, but which algorithm computes a product depends on
its shape and never on its rows, so that a row's bits do not depend on its batch: the price of batch invariance with a library's products.

## {TEXTS} texts of {TEXT_TOKENS} tokens, packed

{table(texts)}

{total(texts, lambda s: s.flops) / tokens / 1e9:.3f} GFLOP a token. Expected {seconds_expected(texts) / tokens * 1e9:.0f} ns a token, {TEXTS / seconds_expected(texts):.0f} texts/s; at the roof {seconds_at_roof(texts) / tokens * 1e9:.0f} ns a token.
Here launches count: {launches(texts)} of them are {launches(texts) * LAUNCH_SECONDS / seconds_expected(texts):.0%} of the time.
"""


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise SystemExit("usage: roofline.py [--check]")
    text_now = page()
    if arguments:
        if not PAGE.exists() or PAGE.read_text() != text_now:
            raise SystemExit(f"{PAGE.name}: not what roofline.py writes; run bench/gpu/roofline.py")
        return
    PAGE.write_text(text_now)


if __name__ == "__main__":
    main(sys.argv[1:])
