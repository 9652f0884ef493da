#!/usr/bin/env python3
"""Exports both towers of a ConceptCLIP checkpoint as TorchScript, for benchmarks against libtorch.

    export_torchscript.py MODEL_DIR

MODEL_DIR holds model.safetensors (canonical names, float32) and config.json in this project's schema, as `conceptclip convert` writes
them; vision.pt and text.pt are written beside them.

The peer is a recent libtorch, whose fused attention kernel is the point of the comparison, while the exporter may be an older PyTorch that
has no operator of that name. So the towers call a small function `attend`, and its body in the saved archive is replaced by one call of
scaled_dot_product_attention: the operator is resolved by the libtorch that loads the file.

Needs PyTorch (Debian's python3-torch does).
"""

import argparse
import json
import pathlib
import re
import struct
import zipfile

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    return torch.matmul(torch.softmax(torch.matmul(q, k.transpose(-2, -1)) + bias, -1), v)


def attend_all(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.matmul(torch.softmax(torch.matmul(q, k.transpose(-2, -1)), -1), v)


FUSED = {
    "attend": "  return torch.scaled_dot_product_attention(q, k, v, bias)\n",
    "attend_all": "  return torch.scaled_dot_product_attention(q, k, v)\n",
}


class Checkpoint:
    def __init__(self, path):
        with open(path, "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            self.header = json.loads(file.read(length))
        self.bytes = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)

    def tensor(self, name):
        begin, end = self.header[name]["data_offsets"]
        return torch.from_numpy(self.bytes[begin:end].view(np.float32).reshape(self.header[name]["shape"]).copy())

    def parameter(self, name):
        return nn.Parameter(self.tensor(name), requires_grad=False)

    def linear(self, layer, bias=True):
        weight = self.parameter(layer + ".weight")
        module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias, device="meta")
        module.weight = weight
        if bias:
            module.bias = self.parameter(layer + ".bias")
        return module

    def norm(self, layer, epsilon):
        weight = self.parameter(layer + ".weight")
        module = nn.LayerNorm(weight.shape[0], eps=epsilon)
        module.weight, module.bias = weight, self.parameter(layer + ".bias")
        return module


class VisionBlock(nn.Module):
    def __init__(self, checkpoint, prefix, config):
        super().__init__()
        self.heads: int = config["heads"]
        self.norm1 = checkpoint.norm(prefix + "norm1", config["layer_norm_eps"])
        self.qkv = checkpoint.linear(prefix + "attn.qkv")
        self.proj = checkpoint.linear(prefix + "attn.proj")
        self.norm2 = checkpoint.norm(prefix + "norm2", config["layer_norm_eps"])
        self.fc1 = checkpoint.linear(prefix + "mlp.fc1")
        self.fc2 = checkpoint.linear(prefix + "mlp.fc2")

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = attend_all(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.proj(mixed)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class VisionTower(nn.Module):
    def __init__(self, checkpoint, config):
        super().__init__()
        trunk, pool, epsilon = "visual.trunk.", "visual.trunk.attn_pool.", config["layer_norm_eps"]
        self.heads: int = config["pool_heads"]
        patch = config["patch_size"]
        self.patches = nn.Conv2d(3, config["width"], patch, patch, device="meta")
        self.patches.weight = checkpoint.parameter(trunk + "patch_embed.proj.weight")
        self.patches.bias = checkpoint.parameter(trunk + "patch_embed.proj.bias")
        self.positions = checkpoint.parameter(trunk + "pos_embed")
        self.blocks = nn.ModuleList(VisionBlock(checkpoint, f"{trunk}blocks.{b}.", config) for b in range(config["depth"]))
        self.norm = checkpoint.norm(trunk + "norm", epsilon)
        self.latent = checkpoint.parameter(pool + "latent")
        self.q = checkpoint.linear(pool + "q")
        self.kv = checkpoint.linear(pool + "kv")
        self.proj = checkpoint.linear(pool + "proj")
        self.pool_norm = checkpoint.norm(pool + "norm", epsilon)
        self.fc1 = checkpoint.linear(pool + "mlp.fc1")
        self.fc2 = checkpoint.linear(pool + "mlp.fc2")

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.patches(pixels).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        batch, tokens, width = x.shape
        dim = width // self.heads
        q = self.q(self.latent.expand(batch, -1, -1)).reshape(batch, 1, self.heads, dim).transpose(1, 2)
        kv = self.kv(x).reshape(batch, tokens, 2, self.heads, dim).permute(2, 0, 3, 1, 4)
        pooled = self.proj(attend_all(q, kv[0], kv[1]).transpose(1, 2).reshape(batch, width))
        return pooled + self.fc2(F.gelu(self.fc1(self.pool_norm(pooled))))


class TextLayer(nn.Module):
    def __init__(self, checkpoint, prefix, config):
        super().__init__()
        self.heads: int = config["heads"]
        epsilon = config["layer_norm_eps"]
        self.query = checkpoint.linear(prefix + "attention.self.query")
        self.key = checkpoint.linear(prefix + "attention.self.key")
        self.value = checkpoint.linear(prefix + "attention.self.value")
        self.output = checkpoint.linear(prefix + "attention.output.dense")
        self.norm1 = checkpoint.norm(prefix + "attention.output.LayerNorm", epsilon)
        self.fc1 = checkpoint.linear(prefix + "intermediate.dense")
        self.fc2 = checkpoint.linear(prefix + "output.dense")
        self.norm2 = checkpoint.norm(prefix + "output.LayerNorm", epsilon)

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.heads, x.shape[2] // self.heads).transpose(1, 2)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        mixed = attend(self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x)), bias)
        x = self.norm1(x + self.output(mixed.transpose(1, 2).reshape(x.shape)))
        return self.norm2(x + self.fc2(F.gelu(self.fc1(x))))


class TextTower(nn.Module):
    def __init__(self, checkpoint, config):
        super().__init__()
        prefix = "text.transformer.embeddings."
        self.padding: int = config["pad_id"]
        self.words = checkpoint.parameter(prefix + "word_embeddings.weight")
        self.positions = checkpoint.parameter(prefix + "position_embeddings.weight")
        self.types = checkpoint.parameter(prefix + "token_type_embeddings.weight")
        self.norm = checkpoint.norm(prefix + "LayerNorm", config["layer_norm_eps"])
        layers = range(config["layers"])
        self.layers = nn.ModuleList(TextLayer(checkpoint, f"text.transformer.encoder.layer.{l}.", config) for l in layers)
        self.proj = checkpoint.linear("text.proj", bias=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        mask = (input_ids != self.padding).to(self.words.dtype)
        bias = ((1.0 - mask) * -1e30).unsqueeze(1).unsqueeze(1)
        x = self.norm(F.embedding(input_ids, self.words) + self.positions[: input_ids.shape[1]] + self.types[0])
        for layer in self.layers:
            x = layer(x, bias)
        weights = mask.unsqueeze(-1)
        return self.proj((x * weights).sum(1) / weights.sum(1))


def fuse_attention(source, target):
    """Copies the archive, with the bodies of the FUSED functions replaced. Debug records describe the old text and are left out."""
    replaced = set()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith(".debug_pkl"):
                continue
            if entry.filename.endswith(".py"):
                text = data.decode()
                for name, body in FUSED.items():
                    text, count = re.subn(rf"(def {name}\([^)]*\) -> Tensor:\n)(?:  .*\n|\n)+", lambda m: m.group(1) + body, text)
                    replaced.update([name] * count)
                data = text.encode()
            new.writestr(entry.filename, data)
    return replaced


def save(tower, path, functions):
    plain = path.with_suffix(".plain.pt")
    torch.jit.save(torch.jit.script(tower.eval()), str(plain))
    replaced = fuse_attention(plain, path)
    plain.unlink()
    if replaced != functions:
        raise SystemExit(f"{path}: replaced {sorted(replaced)}, expected {sorted(functions)}; the archive's text has another form")
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    folder = parser.parse_args().model
    config = json.loads((folder / "config.json").read_text())
    checkpoint = Checkpoint(folder / "model.safetensors")
    save(VisionTower(checkpoint, config["vision"]), folder / "vision.pt", {"attend_all"})
    save(TextTower(checkpoint, config["text"]), folder / "text.pt", {"attend"})


if __name__ == "__main__":
    main()
