"""What the next pass should cost, op by op: measured prototypes where there are any, else the named estimate. For roofline.py."""

import textwrap
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


def points(*texts):
    """A list of paragraphs, wrapped as the page is."""
    return "\n".join(textwrap.fill(text, 160, initial_indent="* ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
                     for text in texts)


def paragraph(text):
    return textwrap.fill(text, 160, break_long_words=False, break_on_hyphens=False)


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


QKV_SUSTAINED = PRODUCTS.median("qkv, bias, sustained", LIBRARY, IMAGES)
FC2_SUSTAINED = PRODUCTS.median("fc2, bias, sustained", LIBRARY, IMAGES)
GELU_SUSTAINED = PRODUCTS.median("fc1, gelu, sustained", OWN, IMAGES)
GELU_LIBRARY = PRODUCTS.median(f"{FC1}, bias, gelu pass", LIBRARY)
FC2_LIBRARY = PRODUCTS.median(f"{FC2}, bias", LIBRARY)
GELU_OWN = PRODUCTS.median(f"{FC1}, gelu", OWN)
PROJ_OWN = PRODUCTS.median(f"{PROJ}, bias", OWN)
N96 = ATTENTION.median("attention, 64 sequences of 729, 16 heads of 72", "n96")
# The second lab's estimates for e4m3 without clusters, from its arithmetic: never run.
FC1_GELU_E4M3, FC2_RESIDUAL_E4M3 = 390.0, 405.0

BLOCK = (
    Part("qkv", OPS.op("vision qkv"), QKV_SUSTAINED, QKV_SUSTAINED, fp8("qkv"),
         "fp16: cuBLASLt's fastest algorithm, sustained, measured; fp8: cuBLASLt, measured"),
    Part("attention", OPS.op("vision attention"), N96, N96, N96, "prototype n96, measured; a second reading said 399"),
    Part("projection", OPS.op("vision projection"), PROJ_OWN, PROJ_OWN, fp8("proj"),
         "fp16: own product, a short run, measured; fp8: cuBLASLt, measured"),
    Part("fc1 + GELU", OPS.op("vision fc1"), GELU_SUSTAINED, GELU_SUSTAINED, FC1_GELU_E4M3,
         f"fp16: own product, sustained, measured ({GELU_OWN:.0f} in a short run); fp8: estimate of the second lab"),
    Part("fc2", OPS.op("vision fc2"), FC2_SUSTAINED, FC2_SUSTAINED, fp8("fc2"),
         "fp16: cuBLASLt, sustained, measured; fp8: cuBLASLt, measured"),
    Part("add + norm", ADD_NORM_US, ADD_NORM_US, norm(2 + 2, 2 + 2), norm(2 + 2, 2 + 1),
         "float32 stream: measured; float16 stream, and e4m3 written: estimates by their bytes", 2),
)


def block(form):
    return sum(part.count * getattr(part, form) for part in BLOCK)


def block_table():
    lines = [
        "| op, 64 images, us | measured today | fp16, float32 stream | fp16, float16 stream | fp8, float16 stream"
        " | basis of the prediction |",
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
    adding = PRODUCTS.median(f"{PROJ}, add_f32", OWN)
    alone = norm(4, 2)
    fc2_adding = PRODUCTS.median(f"{FC2}, add_f32", OWN)
    narrow = norm(2 + 2, 2 + 2) - norm(2, 2)
    return points(
        f"**The residual added in the epilogue, stream float32**: no gain is predicted. Measured, our projection takes {adding:.0f} us when"
        f" it adds and {PROJ_OWN:.0f} when it does not; with a norm alone behind it (estimated by its bytes, {alone:.0f} us) the two take"
        f" {adding + alone:.0f} us, apart {PROJ_OWN + ADD_NORM_US:.0f}. For fc2 {fc2_adding + alone:.0f} against"
        f" {FC2_LIBRARY + ADD_NORM_US:.0f}. What the update is spared the sum costs when it is read again for its norm.",
        f"**The same, stream float16**: the norm alone would save {narrow:.0f} us, and adding costs half the bytes of float32's;"
        f" the second lab's estimate for fc2 is 30 us more than without. Level within the uncertainty: the tuning table decides. In e4m3,"
        f" fc2 with its residual is estimated at {FC2_RESIDUAL_E4M3:.0f} us, with the norm behind it {FC2_RESIDUAL_E4M3 + norm(2, 1):.0f};"
        f" apart {fp8('fc2') + norm(4, 3):.0f}.",
        f"**fc1 + GELU in one kernel** is where an own product pays: {GELU_OWN:.0f} us in a short run against {GELU_LIBRARY:.0f} of"
        f" cuBLASLt with a pass behind it, both measured. The library's own GELU is of the tanh form, the model's of the erf form.",
        f"**fc2** stays with cuBLASLt in float16 until the cluster forms of the second lab have run: {FC2_LIBRARY:.0f} us measured, ours"
        f" {PRODUCTS.median(f'{FC2}, bias', OWN):.0f}; estimated with clusters 690.")


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


STAGES = "share of its threads' time that a stage was busy"
FILES, BARE_LOOP = "engine, JPEG files", "bare loop"
STREAM_BATCHES = 10
# Of the text tower's attention: twice the time that its bytes take.
TEXT_ATTENTION_US, TEXT_HOST_US = 16, 100


class Passes:
    """Whole passes. Arguments: expected microseconds of what is no op of a block, in a batch, in one image, and for texts."""

    def __init__(self, around, around_one, around_texts):
        self.around, self.around_one, self.around_texts = around, around_one, around_texts
        self.one_attention = ATTENTION.median("attention, 1 sequences of 729, 16 heads of 72", "n96")

    def summed(self, form):
        return BLOCKS * block(form) + self.around

    def factor(self):
        """The measured pass over the sum of its ops as they were measured."""
        return IMAGES / today(IMAGES) * 1e6 / self.summed("today")

    def rate(self, form):
        return IMAGES * 1e6 / (self.summed(form) * self.factor())

    def over_compiled(self, form):
        return f"{self.rate(form):.0f}, {self.rate(form) / compiled(IMAGES):.2f}x"

    def one_ms(self, products):
        block_us = products + self.one_attention + 2 * 3.0 + LAUNCHES * LAUNCH_US + WEIGHTS_US
        return (BLOCKS * block_us + self.around_one + HOST_US) / 1e3

    def text_rate(self):
        """Texts a second: our measured products, attention at twice its memory time, GELU with the gain that fusing it has for images."""
        products = OPS.op("text qkv") + OPS.op("text projection") + OPS.op("text fc1") * GELU_OWN / GELU_LIBRARY + OPS.op("text fc2")
        layer = products + TEXT_ATTENTION_US + 2 * OPS.op("text add")
        return TEXTS * 1e6 / (LAYERS * layer + self.around_texts + TEXT_HOST_US)

    def calibration(self):
        return paragraph(
            f"A block is {block('today'):.0f} us measured; {BLOCKS} of them and what is around them (expected, {self.around:.0f} us) are"
            f" {self.summed('today') / 1e3:.1f} ms. The pass measured as a whole, {today(IMAGES):.0f} images/s from bytes, takes"
            f" {IMAGES / today(IMAGES) * 1e3:.1f} ms: {self.factor():.3f} of the sum, because ops find in L2 what the one before left."
            f" Predictions of passes are sums of ops times this factor.")

    def table(self):
        lines = [
            "| pass of 64 images | sum of ops, ms | images/s, predicted | over `torch.compile` fp16, measured |",
            "|---|---|---|---|",
        ]
        names = {
            "fp16": "fp16, residual stream float32",
            "fp16_narrow": "fp16, residual stream float16",
            "fp8": "fp8, residual stream float16",
        }
        for form, name in names.items():
            rate = self.rate(form)
            lines.append(f"| {name} | {self.summed(form) / 1e3:.1f} | {rate:.0f} | {rate / compiled(IMAGES):.2f}x |")
        return "\n".join(lines) + "\n\n" + paragraph(
            "Uncertain by a tenth: short and sustained figures are mixed, and a pass that needs less energy for attention leaves more to"
            f" its products. If every product ran at its short figure, a block of fp16 would take {self.short():.0%} less.")

    def short(self):
        gain = QKV_SUSTAINED - PRODUCTS.median(f"{QKV}, bias", LIBRARY) + FC2_SUSTAINED - FC2_LIBRARY + GELU_SUSTAINED - GELU_OWN
        return gain / block("fp16")

    def bars(self):
        ours, theirs = today(IMAGES), compiled(IMAGES)
        end_to_end = ENGINE.ratio("images", FILES, BARE_LOOP)
        rows = (
            ("measure", "measured at a540d0d", "bar", "aim", "prediction"),
            ("---",) * 5,
            ("vision fp16, batch 64", f"{ours:.0f} images/s, {ours / theirs:.2f}x `torch.compile`",
             f">= 1.35x ({1.35 * theirs:.0f})", "840", f"{self.over_compiled('fp16')}; float16 stream {self.over_compiled('fp16_narrow')}"),
            ("vision fp8, batch 64", "", f">= 1.9x ({1.9 * theirs:.0f})", "1,320", self.over_compiled("fp8")),
            ("vision, batch 1", f"{1e3 / today(1):.2f} ms", "<= 3.2 ms", "2.5 ms",
             f"{self.one_ms(one_library()):.1f} ms with cuBLASLt's fastest product of each shape; {self.one_ms(one_own()):.1f} with the"
             f" tiles of our own that have been measured"),
            ("texts packed, 128 of 8-77 tokens, steady",
             "16,700/s, 0.83x `torch.compile` padded (20,100/s): noted at the run, rows not kept", ">= 2.5x (50,250/s)", "60,000/s",
             f"{round(self.text_rate(), -3):,.0f}/s"),
            ("end to end from JPEG, 16 cores", f"{end_to_end:.3f} of the bare loop", ">= 0.92", "0.97",
             f"{self.end_to_end():.2f} in a stream of ten batches"),
            ("op contract, golden, sanitizer", "296 of 298", "all", "all",
             "all: the two limits are derived anew, from tensor cores that truncate"),
        )
        busy = ENGINE.median(STAGES, "decode")
        return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n\n" + points(
            f"End to end: the run that was measured had two batches, and the {self.fill_ms():.0f} ms that it took longer than the bare loop"
            f" are those in which the first batch was decoded and nothing computed. Over ten batches they are {1 - self.end_to_end():.0%}."
            f" Its 16 cores were {busy:.0f} % busy, so they decode about {ENGINE.median('images', FILES) / busy * 100:.0f} files/s: enough"
            f" for fp16, and not far above what is predicted for fp8.",
            f"One image: {one_library():.0f} us of products a block by cuBLASLt's fastest, which may add up in another order than a batch"
            f" does, {one_own():.0f} by our own tiles, none of which was made for it; attention {self.one_attention:.0f}; norms 3 each,"
            f" {LAUNCH_US:.0f} for each of {LAUNCHES} launches and half the time that the block's weights take from HBM are estimates, and"
            f" so are {HOST_US:.0f} us for the host.")

    def fill_ms(self):
        return 2 * IMAGES * 1e3 * (1 / ENGINE.median("images", FILES) - 1 / ENGINE.median("images", BARE_LOOP))

    def end_to_end(self):
        bare = STREAM_BATCHES * IMAGES * 1e3 / ENGINE.median("images", BARE_LOOP)
        return bare / (bare + self.fill_ms())

    def texts(self):
        names = ("qkv", "attention", "projection", "fc1", "fc2", "add", "add")
        whole = LAYERS * sum(OPS.op(f"text {name}") for name in names) + self.around_texts
        return paragraph(
            f"The ops of a pass add up to {whole / 1e3:.2f} ms, {TEXTS * 1e6 / whole:,.0f} texts/s; measured were 16,700: the rest is the"
            f" host, which queued each launch of each pass by itself. The prediction of {round(self.text_rate(), -3):,.0f} texts/s takes"
            f" one graph launch and {TEXT_HOST_US} us of host a pass, attention at {TEXT_ATTENTION_US} us (twice its memory time), and bias"
            f" + GELU inside fc1 with the gain that it has for images.")


def blackwell_block(attention):
    """Microseconds of a block of 64 images on a B200, the H200's figures scaled by data sheets: tensor cores, memory, multiprocessors."""
    products = sustained_library() * 989 / 2250
    streaming = (2 * ADD_NORM_US + PRODUCTS.median("bias + GELU in a pass of its own", "today", IMAGES)) * 4.8 / 8
    return products + streaming + attention * 132 / 148


FLASH2 = LIBRARIES.median("sdpa flash B=64 D=72", "PyTorch libraries")
CUDNN = LIBRARIES.median("sdpa cudnn B=64 D=72", "PyTorch libraries")

OTHER_DEVICES = points(
    "**sm_80, sm_86, sm_89**: no wgmma, no bulk copies. Our kernels for sm_80 run there, products are cuBLASLt's where it is installed"
    " (else ours), and cuDNN does attention where `tune` has found it faster. Nothing was measured.",
    "**Blackwell (sm_100 and newer)**: wgmma exists on sm_90 alone, so what is tuned for Hopper does not run there. Products are"
    " cuBLASLt's, which uses that device's own instructions; attention is cuDNN's where `tune` has found it faster, else our kernel for sm_80;"
    " bias + GELU is a pass of its own. The cost is in attention: a kernel of that kind (FlashAttention-2) took"
    f" {FLASH2:.0f} us on the H200 where n96 took {N96:.0f} and cuDNN {CUDNN:.0f}. Prediction for a B200, from the H200's figures scaled"
    f" by data sheets (2.25 PFLOP/s dense float16, 8 TB/s, 148 multiprocessors): a block of 64 images takes {blackwell_block(CUDNN):.0f} us with cuDNN's attention and"
    f" {blackwell_block(FLASH2):.0f} with ours for sm_80, {blackwell_block(FLASH2) / blackwell_block(CUDNN):.2f} times as much. Nothing was"
    " measured.")
