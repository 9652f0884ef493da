"""What the next pass should cost, op by op: measured prototypes where there are any, else the named estimate. For roofline.py."""

from dataclasses import dataclass

from measured import ATTENTION, ENGINE, LIBRARIES, OPS, PRODUCTS, TOWERS

IMAGES, BLOCKS, ROWS = 64, 27, 64 * 729
LAYERS, TEXTS, TEXT_ROWS = 12, 128, 5377
# 2 * rows * (1152 * 3456 + 1152 * 1152 + 2 * 1152 * 4304)
PRODUCT_FLOPS = 2.0 * ROWS * (1152 * 3456 + 1152 * 1152 + 2 * 1152 * 4304)
OWN = "pp128x192s5c1"
LIBRARY = "cuBLASLt 13.1"
# Rate at which add + norm moved its bytes when it was measured: what a norm with fewer of them is estimated with.
ADD_NORM_BYTES = ROWS * 1152 * (4 + 2 + 4 + 2)
ADD_NORM_US = OPS.op("vision add")


def shape(name, inputs, outputs, rows=ROWS):
    return f"{name}, {rows} x {inputs} x {outputs}"


QKV, PROJ = shape("qkv", 1152, 3456), shape("proj", 1152, 1152)
FC1, FC2 = shape("fc1", 1152, 4304), shape("fc2", 4304, 1152)


def sustained_library():
    """Microseconds of the four products of a block, each measured without pause."""
    return sum(PRODUCTS.median(f"{name}, bias, sustained", LIBRARY, IMAGES) for name in ("qkv", "proj", "fc1", "fc2"))


def fp8(name):
    return LIBRARIES.median(f"fp8 tensorwise fast {name} B={IMAGES}", "PyTorch libraries")


def norm(read, written):
    """Microseconds of a norm by its bytes a value, at the rate of the measured one."""
    return ADD_NORM_US * (read + written) * ROWS * 1152 / ADD_NORM_BYTES


@dataclass(frozen=True)
class Part:
    """One op of a block in four forms, in microseconds, and where the figures come from."""

    name: str
    today: float
    fp16: float
    fp16_narrow: float
    fp8: float
    basis: str
    count: int = 1


GELU_OWN = PRODUCTS.median(f"{FC1}, gelu", OWN)
PROJ_OWN = PRODUCTS.median(f"{PROJ}, bias", OWN)
N96 = ATTENTION.median("attention, 64 sequences of 729, 16 heads of 72", "n96")
# The second lab's estimates for e4m3 without clusters, from its arithmetic: never run.
FC1_GELU_E4M3, FC2_RESIDUAL_E4M3 = 390.0, 405.0

BLOCK = (
    Part("qkv", OPS.op("vision qkv"), PRODUCTS.median("qkv, bias, sustained", LIBRARY, IMAGES),
         PRODUCTS.median("qkv, bias, sustained", LIBRARY, IMAGES), fp8("qkv"),
         "fp16: cuBLASLt's fastest algorithm, sustained, measured; fp8: cuBLASLt, measured"),
    Part("attention", OPS.op("vision attention"), N96, N96, N96, "prototype n96, measured; a second reading said 399"),
    Part("projection", OPS.op("vision projection"), PROJ_OWN, PROJ_OWN, fp8("proj"),
         "fp16: own product, a short run, measured; fp8: cuBLASLt, measured"),
    Part("fc1 + GELU", OPS.op("vision fc1"), PRODUCTS.median("fc1, gelu, sustained", OWN, IMAGES),
         PRODUCTS.median("fc1, gelu, sustained", OWN, IMAGES), FC1_GELU_E4M3,
         f"fp16: own product, sustained, measured ({GELU_OWN:.0f} in a short run); fp8: estimate of the second lab"),
    Part("fc2", OPS.op("vision fc2"), PRODUCTS.median("fc2, bias, sustained", LIBRARY, IMAGES),
         PRODUCTS.median("fc2, bias, sustained", LIBRARY, IMAGES), fp8("fc2"), "fp16: cuBLASLt, sustained, measured; fp8: cuBLASLt, measured"),
    Part("add + norm", ADD_NORM_US, ADD_NORM_US, norm(2 + 2, 2 + 2), norm(2 + 2, 2 + 1),
         "float32 stream: measured; float16 stream, and e4m3 written: estimates by their bytes", 2),
)


def block(form):
    return sum(part.count * getattr(part, form) for part in BLOCK)


def block_table():
    lines = [
        "| op, 64 images, us | measured today | fp16, float32 stream | fp16, float16 stream | fp8, float16 stream | basis of the prediction |",
        "|---|---|---|---|---|---|",
    ]
    for part in BLOCK:
        times = f"{part.count} x " if part.count > 1 else ""
        cells = " | ".join(f"{times}{value:.0f}" for value in (part.today, part.fp16, part.fp16_narrow, part.fp8))
        lines.append(f"| {part.name} | {cells} | {part.basis} |")
    cells = " | ".join(f"**{block(form):.0f}**" for form in ("today", "fp16", "fp16_narrow", "fp8"))
    lines.append(f"| **block** | {cells} | |")
    return "\n".join(lines)


def notes():
    apart = PROJ_OWN + ADD_NORM_US
    inside = PRODUCTS.median(f"{PROJ}, add_f32", OWN) + norm(4, 2)
    apart2 = PRODUCTS.median(f"{FC2}, bias", LIBRARY) + ADD_NORM_US
    inside2 = PRODUCTS.median(f"{FC2}, add_f32", OWN) + norm(4, 2)
    narrow = norm(2 + 2, 2 + 2) - norm(2, 2)
    fused = FC2_RESIDUAL_E4M3 + norm(2, 1)
    return f"""* **The residual added in the epilogue, stream float32**: no gain is predicted. Measured, our projection takes {PRODUCTS.median(f"{PROJ}, add_f32", OWN):.0f} us when it adds and {PROJ_OWN:.0f} when it does not; with a norm alone
  behind it (estimated by its bytes, {norm(4, 2):.0f} us) the two take {inside:.0f} us, apart {apart:.0f}. For fc2 {inside2:.0f} against {apart2:.0f}. What the update is spared the sum costs when it is read again for its norm.
* **The same, stream float16**: the norm alone would save {narrow:.0f} us, and adding costs half the bytes that it costs in float32; the second lab's estimate for fc2 is 30 us more than
  without. Level within the uncertainty: the tuning table decides. In e4m3, fc2 with its residual is estimated at {FC2_RESIDUAL_E4M3:.0f} us, with the norm behind it {fused:.0f}; apart {fp8("fc2") + norm(4, 3):.0f}.
* **fc1 + GELU in one kernel** is where an own product pays: {GELU_OWN:.0f} us in a short run against {PRODUCTS.median(f"{FC1}, bias, gelu pass", LIBRARY):.0f} of cuBLASLt with a pass behind it, both measured. The library's own GELU is of the tanh form, the model's of the erf form.
* **fc2** stays with cuBLASLt in float16 until the cluster forms of the second lab have run: {PRODUCTS.median(f"{FC2}, bias", LIBRARY):.0f} us measured, ours {PRODUCTS.median(f"{FC2}, bias", OWN):.0f}; estimated with clusters 690."""


def today(batch):
    return ENGINE.median("images by batch size", "bare loop", batch)


def compiled(batch):
    return TOWERS.median(f"vision, batch {batch}", "PyTorch, torch.compile")


# One image: products of 729 rows, measured in a loop, so that weights came from L2.
ONE = (("qkv", 1152, 3456, "bias"), ("proj", 1152, 1152, "bias"), ("fc1", 1152, 4304, "gelu"), ("fc2", 4304, 1152, "bias"))
LIBRARY_GELU = "bias, gelu pass"


def one_library():
    return sum(PRODUCTS.median(f"{shape(name, inputs, outputs, 729)}, {LIBRARY_GELU if what == 'gelu' else what}", LIBRARY)
               for name, inputs, outputs, what in ONE)


def one_own():
    return sum(PRODUCTS.lowest(f"{shape(name, inputs, outputs, 729)}, {what}", LIBRARY) for name, inputs, outputs, what in ONE)


# Launches of a block: four products, attention, two norms; and what a block of 30 MB of weights adds when they come from HBM.
LAUNCHES, LAUNCH_US, WEIGHTS_US, HOST_US = 7, 1.0, 30.5e6 / 3.87e12 * 1e6 / 2, 150.0


class Passes:
    """Whole passes. Arguments: expected microseconds of what is no op of a block, in a batch, in one image, and for texts."""

    def __init__(self, around, around_one, around_texts):
        self.around, self.around_one, self.around_texts = around, around_one, around_texts

    def summed(self, form):
        return BLOCKS * block(form) + self.around

    def factor(self):
        """The measured pass over the sum of its ops as they were measured."""
        return IMAGES / today(IMAGES) * 1e6 / self.summed("today")

    def rate(self, form):
        return IMAGES * 1e6 / (self.summed(form) * self.factor())

    def one_ms(self, products):
        attention = ATTENTION.median("attention, 1 sequences of 729, 16 heads of 72", "n96")
        block_us = products + attention + 2 * 3.0 + LAUNCHES * LAUNCH_US + WEIGHTS_US
        return (BLOCKS * block_us + self.around_one + HOST_US) / 1e3

    def text_rate(self):
        """Texts a second: our measured products, attention at twice its memory time, GELU as in the fused product's measured share."""
        gelu = GELU_OWN / PRODUCTS.median(f"{FC1}, bias, gelu pass", LIBRARY)
        layer = OPS.op("text qkv") + 16 + OPS.op("text projection") + OPS.op("text fc1") * gelu + OPS.op("text fc2") + 2 * OPS.op("text add")
        return TEXTS * 1e6 / (LAYERS * layer + self.around_texts + 100)

    def calibration(self):
        return (f"A block is {block('today'):.0f} us measured; {BLOCKS} of them and what is around them (expected, {self.around:.0f} us) are {self.summed('today') / 1e3:.1f} ms. "
                f"The pass measured as a whole, {today(IMAGES):.0f} images/s from bytes,\ntakes {IMAGES / today(IMAGES) * 1e3:.1f} ms: {self.factor():.3f} of the sum, "
                f"because ops find in L2 what the one before left. Predictions of passes are sums of ops times this factor.")

    def table(self):
        lines = ["| pass of 64 images | sum of ops, ms | images/s, predicted | over `torch.compile` fp16, measured |", "|---|---|---|---|"]
        names = {"fp16": "fp16, residual stream float32", "fp16_narrow": "fp16, residual stream float16", "fp8": "fp8, residual stream float16"}
        for form, name in names.items():
            lines.append(f"| {name} | {self.summed(form) / 1e3:.1f} | {self.rate(form):.0f} | {self.rate(form) / compiled(IMAGES):.2f}x |")
        return "\n".join(lines) + f"""

Uncertain by a tenth: short and sustained figures are mixed, and a pass that needs less energy for attention leaves more to its products. If every product ran at its short
figure, a block of fp16 would take {self.short():.0%} less."""

    def short(self):
        gain = sum(PRODUCTS.median(f"{name}, bias, sustained", LIBRARY, IMAGES) - PRODUCTS.median(f"{full}, bias", LIBRARY) for name, full in (("qkv", QKV), ("fc2", FC2)))
        return (gain + PRODUCTS.median("fc1, gelu, sustained", OWN, IMAGES) - GELU_OWN) / block("fp16")

    def bars(self):
        ours, theirs = today(IMAGES), compiled(IMAGES)
        decode = ENGINE.median("images", "engine, JPEG files") / (ENGINE.median("share of its threads' time that a stage was busy", "decode") / 100)
        lines = ["| measure | measured at a540d0d | bar | aim | prediction |", "|---|---|---|---|---|"]
        lines.append(f"| vision fp16, batch 64 | {ours:.0f} images/s, {ours / theirs:.2f}x `torch.compile` | >= 1.35x ({1.35 * theirs:.0f}) | 840"
                     f" | {self.rate('fp16'):.0f}, {self.rate('fp16') / theirs:.2f}x; float16 stream {self.rate('fp16_narrow'):.0f}, {self.rate('fp16_narrow') / theirs:.2f}x |")
        lines.append(f"| vision fp8, batch 64 | | >= 1.9x ({1.9 * theirs:.0f}) | 1,320 | {self.rate('fp8'):.0f}, {self.rate('fp8') / theirs:.2f}x |")
        lines.append(f"| vision, batch 1 | {1e3 / today(1):.2f} ms | <= 3.2 ms | 2.5 ms | {self.one_ms(one_library()):.1f} ms with cuBLASLt's fastest product of each shape; {self.one_ms(one_own()):.1f} with the tiles of our own that have been measured |")
        lines.append(f"| texts packed, 128 of 8-77 tokens, steady | 16,700/s, 0.83x `torch.compile` padded (20,100/s): noted at the run, rows not kept | >= 2.5x (50,250/s) | 60,000/s | {round(self.text_rate(), -3):,.0f}/s |")
        lines.append(f"| end to end from JPEG, 16 cores | {ENGINE.ratio('images', 'engine, JPEG files', 'bare loop'):.3f} of the bare loop | >= 0.92 | 0.97"
                     f" | {self.end_to_end():.2f} in a stream of ten batches |")
        lines.append("| op contract, golden, sanitizer | 296 of 298 | all | all | all: the two limits are derived anew, from tensor cores that truncate |")
        return "\n".join(lines) + f"""

* End to end: the run that was measured had two batches, and the {self.fill_ms():.0f} ms that it took longer than the bare loop are those in which the first batch was decoded and nothing computed. Over ten
  batches they are {1 - self.end_to_end():.0%}. Its 16 cores were {ENGINE.median("share of its threads' time that a stage was busy", "decode"):.0f} % busy, so they decode about {decode:.0f} files/s: enough for fp16, and not far above what is predicted for fp8.
* One image: {one_library():.0f} us of products a block by cuBLASLt's fastest, which may add up in another order than a batch does, {one_own():.0f} by our own tiles, none of which was made for it; attention {ATTENTION.median("attention, 1 sequences of 729, 16 heads of 72", "n96"):.0f}; norms 3 each, {LAUNCH_US:.0f} for each of {LAUNCHES} launches and half the time that the block's weights take from HBM
  are estimates, and so are {HOST_US:.0f} us for the host."""

    def fill_ms(self):
        batches = 2 * IMAGES
        return batches * 1e3 * (1 / ENGINE.median("images", "engine, JPEG files") - 1 / ENGINE.median("images", "bare loop"))

    def end_to_end(self):
        bare = 10 * IMAGES * 1e3 / ENGINE.median("images", "bare loop")
        return bare / (bare + self.fill_ms())

    def texts(self):
        ops = sum((2 if name == "add" else 1) * OPS.op(f"text {name}") for name in ("qkv", "attention", "projection", "fc1", "fc2", "add"))
        return (f"The ops of a pass add up to {(LAYERS * ops + self.around_texts) / 1e3:.2f} ms, {TEXTS * 1e6 / (LAYERS * ops + self.around_texts):,.0f} texts/s; measured were 16,700: the rest is the host, which queued each launch of each pass by itself.\n"
                f"The prediction of {round(self.text_rate(), -3):,.0f} texts/s takes one graph launch and 100 us of host a pass, attention at 16 us (twice its memory time), and bias + GELU inside fc1 with the gain that it has for images.")


def blackwell_block(attention):
    """Microseconds of a block of 64 images on a B200, the H200's figures scaled by data sheets: tensor cores, memory, multiprocessors."""
    products = sustained_library() * 989 / 2250
    streaming = (2 * ADD_NORM_US + PRODUCTS.median("bias + GELU in a pass of its own", "today", IMAGES)) * 4.8 / 8
    return products + streaming + attention * 132 / 148


FLASH2 = LIBRARIES.median("sdpa flash B=64 D=72", "PyTorch libraries")
CUDNN = LIBRARIES.median("sdpa cudnn B=64 D=72", "PyTorch libraries")

OTHER_DEVICES = f"""* **sm_80, sm_86, sm_89**: no wgmma, no bulk copies. Our kernels for sm_80 run there, products are cuBLASLt's, and cuDNN does attention where it is installed. Nothing was measured.
* **Blackwell (sm_100 and newer)**: wgmma exists on sm_90 alone, so what is tuned for Hopper does not run there. Products are cuBLASLt's, which uses that device's own instructions; attention is
  cuDNN's where it is installed, else our kernel for sm_80; bias + GELU is a pass of its own. The cost is in attention: a kernel of that kind (FlashAttention-2) took {FLASH2:.0f} us on the
  H200 where n96 took {N96:.0f} and cuDNN {CUDNN:.0f}. Prediction for a B200, from the H200's figures scaled by data sheets (2.25 PFLOP/s dense float16, 8 TB/s, 148 multiprocessors): a block of 64
  images takes {blackwell_block(CUDNN):.0f} us with cuDNN's attention and {blackwell_block(FLASH2):.0f} with ours for sm_80, {blackwell_block(FLASH2) / blackwell_block(CUDNN):.2f} times as much. Nothing was measured."""
