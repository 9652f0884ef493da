#!/usr/bin/env python3
"""Tests of torch_peer.py's protocol, forms and order of features, on a stand-in of PyTorch made of numpy: bench/peers/python/test_torch_peer.py"""

import pathlib
import sys
import types
import unittest

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
COMPILED = []


class Tensor(np.ndarray):
    """As much of a tensor as torch_peer.py uses."""

    def to(self, *_, **__):
        return self

    def pin_memory(self):
        return self

    def permute(self, *axes):
        return self.transpose(axes)

    def float(self):
        return self.astype(np.float32)

    def half(self):
        return self.astype(np.float16)

    def contiguous(self, memory_format):
        return self

    def clone(self):
        return self.copy()

    def cpu(self):
        return self


def tensor(values):
    return np.asarray(values).view(Tensor)


class Module:
    def __init__(self):
        self.layouts = []

    def to(self, *_, memory_format=None):
        self.layouts.append(memory_format)
        return self

    def eval(self):
        return self

    def __call__(self, *inputs):
        return self.forward(*inputs)


def stand_ins():
    torch = types.ModuleType("torch")
    torch.nn = types.SimpleNamespace(Module=Module, Linear=None)
    torch.compiler = types.SimpleNamespace(cudagraph_mark_step_begin=lambda: None)
    torch.device = lambda name: types.SimpleNamespace(type=name)
    torch.from_numpy = tensor
    torch.tensor = tensor
    torch.argsort = lambda values: np.argsort(values)
    torch.cat = lambda parts: np.concatenate(parts).view(Tensor)
    torch.compile = lambda tower, dynamic, **options: COMPILED.append(options) or tower
    torch.inference_mode = lambda: lambda method: method
    torch.float16, torch.contiguous_format, torch.channels_last = "float16", "contiguous", "channels_last"
    torch.__version__ = "0"
    modules = {"torch": torch, "safetensors": types.ModuleType("safetensors"), "safetensors.torch": types.ModuleType("safetensors.torch")}
    modules["safetensors.torch"].load_file = lambda path: {}
    for name in ("timm", "transformers"):
        modules[name] = types.ModuleType(name)
        modules[name].__version__ = "0"
    return modules


sys.modules.update(stand_ins())
import java_random  # noqa: E402 (the stand-ins have to be in place first)
import torch_peer  # noqa: E402


class Texts(Module):
    """Features that tell a text: its length and the sum of its ids, which padding does not change."""

    def __init__(self):
        super().__init__()
        self.widths = []

    def forward(self, ids):
        self.widths.append(ids.shape)
        return np.stack([(ids != 0).sum(1), ids.sum(1)], 1).view(Tensor)


class Images(Module):
    def forward(self, pixels):
        return pixels.reshape(len(pixels), -1)[:, :20]


def peer(mode):
    made = torch_peer.Peer.__new__(torch_peer.Peer)
    made.config = {"vision": {"image_size": 4}, "text": {"vocab": 30522}}
    made.mode, made.device = mode, types.SimpleNamespace(type="cpu")
    made.towers, made.tower, made.form, made.prepared = {}, None, None, None
    return made


class TorchPeer(unittest.TestCase):
    LENGTHS = [70, 9, 40, 8, 30, 31, 50, 12]

    def text_features(self, buckets):
        made = peer("eager")
        made.towers["text"] = made.tower = Texts()
        form = made.forms("text", ",".join(map(str, self.LENGTHS)))[1 if buckets else 0]
        return form.features(made.tower, form.upload(made.device)), made.tower.widths, form.name

    def test_buckets_compute_less_and_answer_in_the_order_of_the_texts(self):
        whole, widths, name = self.text_features(buckets=False)
        self.assertEqual([70, 9, 40, 8], whole[:4, 0].tolist())
        self.assertEqual([(8, 70)], widths)
        parts, widths, name = self.text_features(buckets=True)
        self.assertEqual(whole.tolist(), parts.tolist())
        self.assertEqual([(2, 9), (2, 30), (2, 40), (2, 70)], widths)
        self.assertEqual("padded in 4 buckets of lengths", name)

    def test_the_faster_form_is_kept_and_named(self):
        made = peer("eager")
        made.towers["text"] = Texts()
        slow = {"padded to the longest": 2, "padded in 4 buckets of lengths": 1}
        made.run = lambda: (slow[made.form.name], [])
        made.prepare("text", ",".join(map(str, self.LENGTHS)))
        self.assertEqual("padded in 4 buckets of lengths", made.form.name)
        self.assertTrue(made.version().endswith(", padded in 4 buckets of lengths"))

    def test_images_are_normalised_bytes_in_both_layouts(self):
        made = peer("eager")
        made.towers["vision"] = tower = torch_peer.FromBytes(Images())
        made.prepare("vision", "3")
        expected = java_random.pixels(3, 4).reshape(3, -1)[-1, :16].astype(np.float16)
        self.assertEqual(expected.tolist(), made.run()[1])
        self.assertEqual({"contiguous", "channels_last"}, set(tower.layouts))
        layouts = len(tower.layouts)
        made.prepare("vision", "3")
        self.assertEqual(layouts, len(tower.layouts), "what is prepared stays so")
        self.assertEqual(1, len(peer("compile").forms("vision", "3")), "a compiler chooses its layout")

    def test_the_protocol(self):
        made = peer("eager")
        made.towers["text"] = Texts()
        self.assertEqual("ready", torch_peer.answer(made, "prepare text 5,3"))
        words = torch_peer.answer(made, "run").split()
        self.assertEqual(("sample", "3.0"), (words[0], words[2]))
        self.assertEqual("3.0", torch_peer.answer(made, "stream 4").split()[2])
        self.assertTrue(torch_peer.answer(made, "dance").startswith("error unknown request"))

    def test_each_mode_asks_the_compiler_for_what_it_says(self):
        torch_peer.vision_tower = lambda weights, config: Images()
        for mode in torch_peer.COMPILE:
            made = peer(mode)
            made.weights = {}
            made.load("vision")
            made.load("vision")
        self.assertEqual([{}, {"mode": "reduce-overhead"}, {"mode": "max-autotune"}], COMPILED)


if __name__ == "__main__":
    unittest.main()
