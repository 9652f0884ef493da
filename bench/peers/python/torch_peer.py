#!/usr/bin/env python3
"""PyTorch as a peer of `conceptclip bench gpu`: timm's SigLIP tower and transformers' BERT in float16, on the weights of MODEL_DIR.

    torch_peer.py --model MODEL_DIR --mode eager|compile [--device cuda|cpu]

Speaks the lines of org.conceptclip.bench.PeerServer on standard input and output. A run is timed as ours is: from pixels or token ids
in host memory to pooled features in host memory. MODEL_DIR holds model.safetensors under open_clip names and config.json, as
`conceptclip convert` writes them. Needs torch, timm and transformers.
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


class Peer:
    def __init__(self, folder, mode, device):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = load_file(folder / "model.safetensors")
        self.mode = mode
        self.device = torch.device(device)
        self.towers = {}
        self.tower = None
        self.host = None

    def version(self):
        return f"torch {torch.__version__} {self.mode}, timm {timm.__version__}, transformers {transformers.__version__}"

    def load(self, kind):
        if kind not in self.towers:
            config = self.config["vision" if kind == "vision" else "text"]
            tower = vision_tower(self.weights, config) if kind == "vision" else TextTower(self.weights, config)
            tower = tower.to(self.device, torch.float16).eval()
            self.towers[kind] = torch.compile(tower, dynamic=False) if self.mode == "compile" else tower
        return self.towers[kind]

    def prepare(self, kind, argument):
        self.tower = self.load(kind)
        if kind == "vision":
            values = java_random.pixels(int(argument), self.config["vision"]["image_size"])
        else:
            values = java_random.padded([int(length) for length in argument.split(",")], self.config["text"]["vocab"])
        self.host = torch.from_numpy(values)
        if self.device.type == "cuda":
            self.host = self.host.pin_memory()
        self.run()  # kernels are picked and compiled by the first run

    @torch.inference_mode()
    def run(self):
        start = time.perf_counter_ns()
        inputs = self.host.to(self.device, non_blocking=True)
        if inputs.is_floating_point():
            inputs = inputs.half()
        features = self.tower(inputs).float().cpu()
        nanos = time.perf_counter_ns() - start
        return nanos, features[-1, :VALUES].tolist()


def answer(peer, request):
    words = request.split()
    if request == "version":
        return "version " + peer.version()
    if len(words) == 3 and words[0] == "prepare" and words[1] in ("vision", "text"):
        peer.prepare(words[1], words[2])
        return "ready"
    if request == "run":
        nanos, values = peer.run()
        return " ".join(["sample", str(nanos), *(repr(value) for value in values)])
    return "error unknown request: " + request


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--mode", choices=["eager", "compile"], required=True)
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
