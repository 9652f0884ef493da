#!/usr/bin/env python3
"""Adds up every kernel and product of a forward pass, holds it against what an H200 did, and predicts the next one: docs/roofline.md.

    bench/gpu/roofline.py            writes the page
    bench/gpu/roofline.py --check    fails when the page is not what this script writes

Measured figures come from the rows in bench/results; the rest is arithmetic, and says so. Plain Python 3, nothing to install.
"""

import math
import pathlib
import sys
from dataclasses import dataclass

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import predictions  # noqa: E402 (the folder of this script has to be on the path first)
from measured import LIBRARIES, OPS, PRODUCTS  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "roofline.md"

# NVIDIA's data sheet of the H200 SXM; exponentials: Shah et al., FlashAttention-3 (arXiv:2407.08608), section 2.
TENSOR_FLOPS = 989e12
HBM_BYTES = 4.8e12
EXPONENTIALS = 3.9e12
MULTIPROCESSORS = 132

# Measured ceilings, see the page.
EXTENT = 8192
PRODUCT_OURS = 2 * EXTENT**3 / (OPS.op("ceiling, product") * 1e-6)
PRODUCT_TORCH = 2 * EXTENT**3 / (LIBRARIES.median("ceiling matmul fp16 8192", "PyTorch libraries") * 1e-6)
COPY = 2 * 2 * 2**30 / (LIBRARIES.median("ceiling copy 2 GiB", "PyTorch libraries") * 1e-6)
# Nsight Compute over bias_gelu (bench/results/2026-11-27-h200-ncu-bias_gelu.txt): more than the copy reached, so the copy is no ceiling.
STREAMING = 3.87e12
LAUNCH_SECONDS = 2e-6
TILE_ROWS, TILE_COLUMNS = 128, 256

F16, F32 = 2, 4
IMAGES = 64
TEXTS, TEXT_TOKENS = 128, 42

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
        """At the measured ceilings: products at that of the large product and by their tile use, bytes at that of streaming."""
        compute = max(self.flops / (PRODUCT_OURS * self.tile_use), self.exponentials / EXPONENTIALS)
        return max(compute, (self.read + self.written) / STREAMING) + LAUNCH_SECONDS


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
    )


def stream(name, count, read, written):
    return Step(name, count, read=read, written=written)


def add_norm(name, count, rows, width, residual_bytes):
    return stream(name, count, rows * width * (residual_bytes + F16), rows * width * (residual_bytes + F16))


def vision(images=IMAGES):
    rows = images * TOKENS
    wide = rows * MLP * F16
    seen = (GRID * PATCH) ** 2 * 3
    inputs = PATCH * PATCH * 3
    return [
        Step(
            "patch embedding",
            1,
            flops=2.0 * rows * inputs * WIDTH,
            read=images * seen + inputs * WIDTH * F16 + TOKENS * WIDTH * F32,
            written=rows * WIDTH * F32,
        ),
        stream("first LayerNorm", 1, rows * WIDTH * F32, rows * WIDTH * F16),
        product("qkv", BLOCKS, rows, WIDTH, 3 * WIDTH),
        attention("attention", BLOCKS, images, TOKENS, WIDTH, HEADS),
        product("projection", BLOCKS, rows, WIDTH, WIDTH),
        add_norm("add + LayerNorm", 2 * BLOCKS, rows, WIDTH, F32),
        product("fc1", BLOCKS, rows, WIDTH, MLP),
        stream("bias + GELU", BLOCKS, wide, wide),
        product("fc2", BLOCKS, rows, MLP, WIDTH),
        product("pool kv", 1, rows, WIDTH, 2 * WIDTH),
        stream("pool attention", 1, rows * 2 * WIDTH * F16, images * WIDTH * F16),
        product("pool projection", 1, images, WIDTH, WIDTH, F32),
        stream("pool LayerNorm", 1, images * WIDTH * F32, images * WIDTH * F16),
        product("pool fc1", 1, images, WIDTH, MLP),
        stream("pool bias + GELU", 1, images * MLP * F16, images * MLP * F16),
        product("pool fc2", 1, images, MLP, WIDTH, F32, accumulate=True),
        stream("L2 normalisation", 1, images * WIDTH * F32, images * WIDTH * F32),
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


# What was measured of the steps, in microseconds: each op by itself, 24 in a row.
MEASURED_VISION = {
    "qkv": OPS.op("vision qkv"),
    "attention": OPS.op("vision attention"),
    "projection": OPS.op("vision projection"),
    "add + LayerNorm": OPS.op("vision add"),
    "fc1 and bias + GELU": OPS.op("vision fc1"),
    "bias + GELU": PRODUCTS.median("bias + GELU in a pass of its own", "today", IMAGES),
    "fc2": OPS.op("vision fc2"),
}
MEASURED_TEXT = {
    "qkv": OPS.op("text qkv"),
    "attention": OPS.op("text attention"),
    "projection": OPS.op("text projection"),
    "add + LayerNorm": OPS.op("text add"),
    "fc1 and bias + GELU": OPS.op("text fc1"),
    "fc2": OPS.op("text fc2"),
}


def table(steps, measured):
    lines = [
        "| step | times | GFLOP | MB | roof that binds | us at the roof | us expected | us measured | measured over expected |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    expected = {}
    for step in steps:
        name = step.name.split(",")[0]
        expected.setdefault(name, step.expected() * 1e6)
        found = measured.get(name)
        lines.append(
            f"| {step.name} | {step.count} | {step.flops / 1e9:.1f} | {(step.read + step.written) / 1e6:.1f}"
            f" | {step.roof()} | {step.at_roof() * 1e6:.1f} | {expected[name]:.1f}"
            f" | {'' if found is None else f'{found:.1f}'} | {'' if found is None else f'{found / expected[name]:.2f}'} |"
        )
    both = "fc1 and bias + GELU"
    beside = expected["fc1"] + expected["bias + GELU"]
    lines.append(f"| {both} | | | | | | {beside:.1f} | {measured[both]:.1f} | {measured[both] / beside:.2f} |")
    lines.append(
        f"| **all** | {sum(step.count for step in steps)} | {total(steps, lambda s: s.flops) / 1e9:.0f}"
        f" | {total(steps, lambda s: s.read + s.written) / 1e6:.0f} | | {total(steps, Step.at_roof) * 1e6:.0f}"
        f" | {total(steps, Step.expected) * 1e6:.0f} | | |"
    )
    return "\n".join(lines)


def around(steps):
    """Expected microseconds of what is no op of a block: patches, pooling, norms before and after."""
    per_block = ("qkv", "attention", "projection,", "add + LayerNorm", "fc1", "bias + GELU", "fc2")
    return sum(step.count * step.expected() for step in steps if not step.name.startswith(per_block)) * 1e6


def page():
    wide, texts = vision(), text()
    passes = predictions.Passes(around(wide), around(vision(images=1)), around(texts))
    sustained = predictions.PRODUCT_FLOPS / (LIBRARIES.median("four products of a block in a row, sustained", "PyTorch libraries") * 1e-6)
    best = predictions.PRODUCT_FLOPS / (predictions.sustained_library() * 1e-6)
    own = 2.0 * IMAGES * TOKENS * WIDTH * MLP / (PRODUCTS.median("fc1, bias, sustained", "pp128x192s5c1", IMAGES) * 1e-6)
    return f"""# Roofline of one forward pass

`bench/gpu/roofline.py` writes this page (`--check` fails when it is stale). **Measured** figures are those of one NVIDIA H200 (driver 580.159.04, CUDA 13.0,
cuBLASLt 13.1, cuDNN 9.19, PyTorch 2.11, 700 W) on 2026-11-27, at commit a540d0d; their rows are in [bench/results](../bench/results/README.md). **Expected** figures
are arithmetic at measured ceilings. **Predictions** are of code that has not run on a GPU, and are called predictions.

## Ceilings

| what | data sheet | measured | how |
|---|---|---|---|
| tensor cores, dense float16 | {TENSOR_FLOPS / 1e12:.0f} TFLOP/s | {PRODUCT_OURS / 1e12:.0f}-{PRODUCT_TORCH / 1e12:.0f} TFLOP/s | a product of {EXTENT} x {EXTENT} x {EXTENT}: through this runtime, and through PyTorch; both cuBLASLt |
| the same, sustained | | {sustained / 1e12:.0f}-{own / 1e12:.0f} TFLOP/s | the four products of a block in a row {sustained / 1e12:.0f} (PyTorch), each cuBLASLt product a quarter of a second without pause {best / 1e12:.0f}, our fc1 {own / 1e12:.0f} |
| HBM3e | {HBM_BYTES / 1e12:.1f} TB/s | {COPY / 1e12:.1f} TB/s | 2 GiB copied by PyTorch, bytes of both ways summed |
| | | {STREAMING / 1e12:.2f} TB/s | our `bias_gelu`, by Nsight Compute. More than the copy reaches, so this is what streaming kernels are held against |
| exponentials | {EXPONENTIALS / 1e12:.1f} T/s | | Shah et al., FlashAttention-3 (arXiv:2407.08608), section 2 |
| each launch | | {LAUNCH_SECONDS * 1e6:.0f} us | assumed: draining one kernel and starting the next inside a graph |

**Long products are limited by power**: at 700 W the clock falls from 1980 MHz to 1.2-1.6 GHz, whatever the library. A run of a few milliseconds is about a tenth faster
than a sustained one, so each figure says which it is. A block's four products are {predictions.PRODUCT_FLOPS / 1e12:.2f} TFLOP at {IMAGES} images: at the sustained rate of {sustained / 1e12:.0f} TFLOP/s they alone
allow {IMAGES / (BLOCKS * predictions.PRODUCT_FLOPS / sustained):.0f} images/s, and at {own / 1e12:.0f} {IMAGES / (BLOCKS * predictions.PRODUCT_FLOPS / own):.0f}: about a thousand is the wall of float16.

## One batch of {IMAGES} images, residual stream float32

Single ops, 24 in a row; what one leaves in the 50 MB of L2 the next may find there, so an op can be faster than expected. Tiles of {TILE_ROWS} x {TILE_COLUMNS} are assumed.

{table(wide, MEASURED_VISION)}

{passes.calibration()}

## What is predicted for a block

{predictions.block_table()}

{predictions.notes()}

## What is predicted for a pass

{passes.table()}

## The bars of the second round

A prediction is no measurement: a bar counts as reached when a run beside the peers says so. Measured is what commit a540d0d did.

{passes.bars()}

## {TEXTS} texts of {TEXT_TOKENS} tokens, packed

Measured with {TEXTS} texts of 8 to 77 tokens, {predictions.TEXT_ROWS} in all.

{table(texts, MEASURED_TEXT)}

{passes.texts()}

## Other devices

{predictions.OTHER_DEVICES}
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
