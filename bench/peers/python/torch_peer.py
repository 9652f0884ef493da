#!/usr/bin/env python3
"""PyTorch as a peer of `conceptclip bench gpu`: timm's SigLIP tower and transformers' BERT in float16, on the weights of MODEL_DIR.

    torch_peer.py --model MODEL_DIR --mode eager|compile|graphs|autotune [--device cuda|cpu]

Speaks the lines of org.conceptclip.bench.PeerServer on standard input and output. A run is timed as ours is: from images or token ids
in (pinned) host memory to pooled features in host memory. Where there is more than one good form (memory layouts of images, how
texts are padded), the fastest is found before anything is timed, and the version names it. MODEL_DIR holds model.safetensors under
open_clip names and config.json, as `conceptclip convert` writes them. Needs torch, timm and transformers.
"""

import argparse
import json
import pathlib
import sys
import time

import timm
import torch
import transformers
from safetensors.torch import load_file

import java_random

VALUES = 16  # features that a sample carries

# What torch.compile is asked for; None: it is not used. "graphs" replays CUDA graphs, "autotune" also tries kernels for minutes.
COMPILE = {"eager": None, "compile": {}, "graphs": {"mode": "reduce-overhead"}, "autotune": {"mode": "max-autotune"}}
# Each bucket of texts is a shape, and each shape compiles for a quarter of a minute.
BUCKETS = {"eager": 4, "compile": 2, "graphs": 2, "autotune": 2}
# Torch before 2.2 has no such mark, and needs none.
MARKS_STEPS = hasattr(torch, "compiler") and hasattr(torch.compiler, "cudagraph_mark_step_begin")


def vision_tower(weights, config):
    """timm's model by its name at full size; of the same class at other sizes."""
    sizes = dict(
        img_size=config["image_size"],
        patch_size=config["patch_size"],
        embed_dim=config["width"],
        depth=config["depth"],
        num_heads=config["heads"],
        mlp_ratio=(config["mlp_hidden"] + 0.5) / config["width"],  # timm truncates the product
    )
    model = timm.create_model("vit_so400m_patch14_siglip_384", pretrained=False, num_classes=0, **sizes)
    prefix = "visual.trunk."
    model.load_state_dict({name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)})
    return model


class TextTower(torch.nn.Module):
    """BERT, the mean over the tokens that count, the projection."""

    def __init__(self, weights, config):
        super().__init__()
        self.bert = transformers.BertModel(
            transformers.BertConfig(
                vocab_size=config["vocab"],
                hidden_size=config["hidden"],
                num_hidden_layers=config["layers"],
                num_attention_heads=config["heads"],
                intermediate_size=config["intermediate"],
                max_position_embeddings=config["max_position"],
                type_vocab_size=config["type_vocab"],
                layer_norm_eps=config["layer_norm_eps"],
                hidden_act="gelu",
                attn_implementation="sdpa",
            ),
            add_pooling_layer=False,
        )
        prefix = "text.transformer."
        state = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        self.bert.load_state_dict(state, strict=False)
        missing = set(dict(self.bert.named_parameters())) - set(state)
        if missing:
            raise ValueError(f"no weights for {sorted(missing)[:3]}")
        self.proj = torch.nn.Linear(config["hidden"], weights["text.proj.weight"].shape[0], bias=False)
        self.proj.load_state_dict({"weight": weights["text.proj.weight"]})

    def forward(self, ids):
        mask = ids != 0
        states = self.bert(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        counted = mask.unsqueeze(-1).to(states.dtype)
        return self.proj((states * counted).sum(1) / counted.sum(1))


class FromBytes(torch.nn.Module):
    """A vision tower behind its normalisation: uint8 [B, size, size, 3] as decoded images are, a quarter of float32's upload."""

    def __init__(self, tower):
        super().__init__()
        self.tower = tower
        self.layout = torch.contiguous_format

    def use(self, layout):
        self.layout = layout
        self.to(memory_format=layout)

    def forward(self, images):
        # Decoded images are channels_last as they come, and whatever reads them would follow.
        pixels = (images.permute(0, 3, 1, 2).float() / 127.5 - 1).half()
        return self.tower(pixels.contiguous(memory_format=self.layout))


class Form:
    """One way to compute a workload: pinned inputs in host memory, and where the rows of each part belong."""

    def __init__(self, name, parts, places, activate=lambda: None):
        self.name = name
        self.parts = parts
        self.places = places
        self.activate = activate

    def upload(self, device):
        return [part.to(device, non_blocking=True) for part in self.parts]

    def features(self, tower, inputs):
        """Float32 [items, features] on the device, in the order of the workload."""
        if MARKS_STEPS:
            torch.compiler.cudagraph_mark_step_begin()
        if len(inputs) == 1:
            return tower(inputs[0]).float()
        # A copy of each part: the outputs of CUDA graphs are written over by the next run.
        parts = [tower(part).float().clone() for part in inputs]
        return torch.cat(parts)[self.places]


class Peer:
    def __init__(self, folder, mode, device):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = load_file(folder / "model.safetensors")
        self.mode = mode
        self.device = torch.device(device)
        self.towers = {}
        self.tower = None
        self.form = None
        self.prepared = None

    def version(self):
        form = f", {self.form.name}" if self.form else ""
        return f"torch {torch.__version__} {self.mode}, timm {timm.__version__}, transformers {transformers.__version__}{form}"

    def load(self, kind):
        if kind not in self.towers:
            config = self.config["vision" if kind == "vision" else "text"]
            tower = FromBytes(vision_tower(self.weights, config)) if kind == "vision" else TextTower(self.weights, config)
            tower = tower.to(self.device, torch.float16).eval()
            options = COMPILE[self.mode]
            self.towers[kind] = tower if options is None else torch.compile(tower, dynamic=False, **options)
        return self.towers[kind]

    def pinned(self, values):
        tensor = torch.from_numpy(values)
        return tensor.pin_memory() if self.device.type == "cuda" else tensor

    def forms(self, kind, argument):
        if kind == "vision":
            images = [self.pinned(java_random.image_bytes(int(argument), self.config["vision"]["image_size"]))]
            if self.mode != "eager":
                return [Form("bytes, layout chosen by the compiler", images, None)]
            layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
            return [
                Form(f"bytes, {name}", images, None, lambda layout=layout: self.tower.use(layout))
                for name, layout in layouts.items()
            ]
        lengths = [int(length) for length in argument.split(",")]
        vocabulary = self.config["text"]["vocab"]
        forms = [Form("padded to the longest", [self.pinned(java_random.padded(lengths, vocabulary))], None)]
        groups = java_random.buckets(lengths, BUCKETS[self.mode])
        if len(groups) > 1:
            order = [index for group in groups for index in group]
            places = torch.argsort(torch.tensor(order)).to(self.device)
            parts = [self.pinned(java_random.padded(lengths, vocabulary, group)) for group in groups]
            forms.append(Form(f"padded in {len(groups)} buckets of lengths", parts, places))
        return forms

    def prepare(self, kind, argument):
        """Loads and compiles, and keeps the form that is fastest here: which one that is depends on the device and the mode."""
        if self.prepared == (kind, argument):
            return
        self.tower = self.load(kind)
        times = []
        forms = self.forms(kind, argument)
        for form in forms:
            self.take(form)
            self.run()  # kernels are picked and compiled by the first runs
            self.run()
            times.append(min(self.run()[0] for _ in range(5)) if len(forms) > 1 else 0)
        self.take(forms[times.index(min(times))])
        self.prepared = (kind, argument)

    def take(self, form):
        self.form = form
        form.activate()

    @torch.inference_mode()
    def run(self):
        start = time.perf_counter_ns()
        features = self.form.features(self.tower, self.form.upload(self.device)).cpu()
        nanos = time.perf_counter_ns() - start
        return nanos, features[-1, :VALUES].tolist()

    @torch.inference_mode()
    def stream(self, passes):
        """Passes without a pause: the host queues ahead, results go to pinned memory, and the device is waited for once, at the end."""
        if self.device.type != "cuda":
            runs = [self.run() for _ in range(passes)]
            return sum(nanos for nanos, _ in runs), runs[-1][1]
        host = torch.empty_like(self.form.features(self.tower, self.form.upload(self.device)), device="cpu", pin_memory=True)
        torch.cuda.synchronize()
        start = time.perf_counter_ns()
        for _ in range(passes):
            host.copy_(self.form.features(self.tower, self.form.upload(self.device)), non_blocking=True)
        torch.cuda.synchronize()
        return time.perf_counter_ns() - start, host[-1, :VALUES].tolist()


def sample(nanos, values):
    return " ".join(["sample", str(nanos), *(repr(value) for value in values)])


def answer(peer, request):
    words = request.split()
    if request == "version":
        return "version " + peer.version()
    if len(words) == 3 and words[0] == "prepare" and words[1] in ("vision", "text"):
        peer.prepare(words[1], words[2])
        return "ready"
    if request == "run":
        return sample(*peer.run())
    if len(words) == 2 and words[0] == "stream":
        return sample(*peer.stream(int(words[1])))
    return "error unknown request: " + request


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--mode", choices=sorted(COMPILE), required=True)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    options = parser.parse_args()
    # Libraries print to standard output now and then: the protocol has it for itself.
    replies, sys.stdout = sys.stdout, sys.stderr
    peer = None
    for line in sys.stdin:
        request = line.strip()
        if request == "quit":
            break
        try:
            if peer is None:
                peer = Peer(options.model, options.mode, options.device)
            reply = answer(peer, request)
        except Exception as failure:  # whatever a library throws is this peer's result
            reply = f"error {type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}"
        print(reply, file=replies, flush=True)


if __name__ == "__main__":
    main()
