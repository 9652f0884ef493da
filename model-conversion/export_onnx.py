#!/usr/bin/env python3
"""Exports both towers of a ConceptCLIP checkpoint as ONNX graphs, for benchmarks against ONNX Runtime.

    export_onnx.py MODEL_DIR

MODEL_DIR holds model.safetensors (canonical names, float32) and config.json in this project's schema, as `conceptclip convert` writes
them. The graphs, vision.onnx and text.onnx, are written beside the checkpoint: their initializers are external data that point into
model.safetensors, so the two gigabytes are not copied.

The graphs are written for speed, since a slow peer proves nothing: matrix products are 2-D Gemm nodes with the bias inside (ONNX Runtime
prepacks their constant matrices), LayerNormalization and exact Gelu are single nodes, and attention is either ONNX Runtime's own
MultiHeadAttention (`fused`: flash attention on the CPU) or MatMul, Softmax, MatMul (`plain`). The benchmark runs both and keeps the faster.

Needs python3-onnx and python3-numpy (Debian).
"""

import argparse
import json
import pathlib
import struct

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64


class Graph:
    """Nodes and initializers under construction; every method returns the name of its result."""

    def __init__(self, checkpoint):
        self.nodes = []
        self.initializers = []
        self.count = 0
        with open(checkpoint, "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            self.header = json.loads(file.read(length))
        self.data_start = 8 + length
        self.location = checkpoint.name
        self.known = {}

    def weight(self, name, shape=None):
        if name not in self.known:
            info = self.header[name]
            if info["dtype"] != "F32":
                raise SystemExit(f"{name}: found {info['dtype']}, expected F32; run conceptclip convert --dtype fp32 first")
            tensor = TensorProto(name=name, data_type=FLOAT, data_location=TensorProto.EXTERNAL)
            tensor.dims.extend(info["shape"] if shape is None else shape)
            begin, end = info["data_offsets"]
            for key, value in (("location", self.location), ("offset", self.data_start + begin), ("length", end - begin)):
                tensor.external_data.add(key=key, value=str(value))
            self.initializers.append(tensor)
            self.known[name] = name
        return name

    def constant(self, array):
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def shape(self, *extents):
        return self.constant(np.array(extents, dtype=np.int64))

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        self.count += 1
        names = [f"{kind}_{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=f"{kind}_{self.count}", domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, rows, layer, bias=True):
        inputs = [rows, self.weight(layer + ".weight")] + ([self.weight(layer + ".bias")] if bias else [])
        return self.op("Gemm", *inputs, transB=1)

    def norm(self, x, layer, epsilon):
        return self.op("LayerNormalization", x, self.weight(layer + ".weight"), self.weight(layer + ".bias"), axis=-1, epsilon=epsilon)

    def attention(self, q, k, v, length, heads, width, fused, bias=None):
        """q, k, v are rows [B * S, width]; `bias` is added to the scores; returns rows."""
        tokens = self.shape(-1, length, width) if isinstance(length, int) else length
        q, k, v = (self.op("Reshape", part, tokens) for part in (q, k, v))
        if fused:
            inputs = [q, k, v] + (["", "", bias] if bias else [])
            mixed = self.op("MultiHeadAttention", *inputs, domain="com.microsoft", num_heads=heads)
        else:
            dim = width // heads
            split = self.shape(0, 0, heads, dim)
            q, v = (self.op("Transpose", self.op("Reshape", part, split), perm=[0, 2, 1, 3]) for part in (q, v))
            k = self.op("Transpose", self.op("Reshape", k, split), perm=[0, 2, 3, 1])
            scores = self.op("Mul", self.op("MatMul", q, k), self.constant(np.float32(dim ** -0.5)))
            if bias:
                scores = self.op("Add", scores, bias)
            mixed = self.op("Transpose", self.op("MatMul", self.op("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        return self.op("Reshape", mixed, self.shape(-1, width))

    def save(self, path, inputs, outputs):
        graph = helper.make_graph(self.nodes, path.stem, inputs, outputs, self.initializers)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        path.write_bytes(model.SerializeToString())


def vision(folder, config, fused):
    g = Graph(folder / "model.safetensors")
    c = config["vision"]
    width, heads, size, patch = c["width"], c["heads"], c["image_size"], c["patch_size"]
    tokens = (size // patch) ** 2
    epsilon = c["layer_norm_eps"]
    trunk = "visual.trunk."
    conv = g.op("Conv", "pixels", g.weight(trunk + "patch_embed.proj.weight"), g.weight(trunk + "patch_embed.proj.bias"),
                strides=[patch, patch], kernel_shape=[patch, patch])
    grid = g.op("Transpose", g.op("Reshape", conv, g.shape(0, width, tokens)), perm=[0, 2, 1])
    x = g.op("Reshape", g.op("Add", grid, g.weight(trunk + "pos_embed")), g.shape(-1, width))
    for b in range(c["depth"]):
        block = f"{trunk}blocks.{b}."
        qkv = g.linear(g.norm(x, block + "norm1", epsilon), block + "attn.qkv")
        q, k, v = g.op("Split", qkv, outputs=3, axis=-1, num_outputs=3)
        x = g.op("Add", x, g.linear(g.attention(q, k, v, tokens, heads, width, fused), block + "attn.proj"))
        hidden = g.op("Gelu", g.linear(g.norm(x, block + "norm2", epsilon), block + "mlp.fc1"))
        x = g.op("Add", x, g.linear(hidden, block + "mlp.fc2"))
    x = g.norm(x, trunk + "norm", epsilon)
    pool = trunk + "attn_pool."
    key, value = g.op("Split", g.linear(x, pool + "kv"), outputs=2, axis=-1, num_outputs=2)
    query = g.linear(g.weight(pool + "latent", [1, width]), pool + "q")
    dim = width // c["pool_heads"]
    query = g.op("Reshape", query, g.shape(1, c["pool_heads"], 1, dim))
    split = g.shape(-1, tokens, c["pool_heads"], dim)
    key = g.op("Transpose", g.op("Reshape", key, split), perm=[0, 2, 3, 1])
    value = g.op("Transpose", g.op("Reshape", value, split), perm=[0, 2, 1, 3])
    scores = g.op("Mul", g.op("MatMul", query, key), g.constant(np.float32(dim ** -0.5)))
    mixed = g.op("MatMul", g.op("Softmax", scores, axis=-1), value)
    pooled = g.linear(g.op("Reshape", mixed, g.shape(-1, width)), pool + "proj")
    hidden = g.op("Gelu", g.linear(g.norm(pooled, pool + "norm", epsilon), pool + "mlp.fc1"))
    g.nodes.append(helper.make_node("Add", [pooled, g.linear(hidden, pool + "mlp.fc2")], ["image_features_raw"]))
    g.save(folder / f"vision-{'fused' if fused else 'plain'}.onnx",
           [helper.make_tensor_value_info("pixels", FLOAT, ["B", 3, size, size])],
           [helper.make_tensor_value_info("image_features_raw", FLOAT, ["B", config["embed_dim"]])])


def text(folder, config, fused):
    g = Graph(folder / "model.safetensors")
    c = config["text"]
    width, heads, epsilon = c["hidden"], c["heads"], c["layer_norm_eps"]
    embeddings = "text.transformer.embeddings."
    shape = g.op("Shape", "input_ids")
    length = g.op("Gather", shape, g.constant(np.array([1], dtype=np.int64)), axis=0)
    rows = g.op("Concat", g.shape(-1), length, g.shape(width), axis=0)
    mask = g.op("Cast", g.op("Not", g.op("Equal", "input_ids", g.constant(np.int64(c["pad_id"])))), to=FLOAT)
    hidden_keys = g.op("Mul", g.op("Sub", g.constant(np.float32(1)), mask), g.constant(np.float32(-1e30)))
    wide = g.op("Unsqueeze", hidden_keys, g.shape(1, 2))
    if fused:
        # The fused node wants the query axis spelled out; batch and heads may be broadcast.
        zeros = g.op("Expand", g.constant(np.float32(0)), g.op("Concat", g.shape(1, 1), length, g.shape(1), axis=0))
        wide = g.op("Add", wide, zeros)
    positions = g.op("Slice", g.weight(embeddings + "position_embeddings.weight"), g.shape(0), length, g.shape(0))
    kind = g.op("Gather", g.weight(embeddings + "token_type_embeddings.weight"), g.constant(np.int64(0)), axis=0)
    words = g.op("Gather", g.weight(embeddings + "word_embeddings.weight"), "input_ids", axis=0)
    x = g.op("Add", g.op("Add", words, positions), kind)
    x = g.op("Reshape", g.norm(x, embeddings + "LayerNorm", epsilon), g.shape(-1, width))
    for l in range(c["layers"]):
        layer = f"text.transformer.encoder.layer.{l}."
        q, k, v = (g.linear(x, layer + "attention.self." + part) for part in ("query", "key", "value"))
        mixed = g.attention(q, k, v, rows, heads, width, fused, wide)
        x = g.norm(g.op("Add", x, g.linear(mixed, layer + "attention.output.dense")), layer + "attention.output.LayerNorm", epsilon)
        hidden = g.op("Gelu", g.linear(x, layer + "intermediate.dense"))
        x = g.norm(g.op("Add", x, g.linear(hidden, layer + "output.dense")), layer + "output.LayerNorm", epsilon)
    tokens = g.op("Reshape", x, rows)
    weights = g.op("Unsqueeze", mask, g.shape(2))
    total = g.op("ReduceSum", g.op("Mul", tokens, weights), g.shape(1), keepdims=0)
    mean = g.op("Div", total, g.op("ReduceSum", weights, g.shape(1), keepdims=0))
    g.nodes.append(helper.make_node("Gemm", [mean, g.weight("text.proj.weight")], ["text_features_raw"], transB=1))
    g.save(folder / f"text-{'fused' if fused else 'plain'}.onnx",
           [helper.make_tensor_value_info("input_ids", INT64, ["B", "L"])],
           [helper.make_tensor_value_info("text_features_raw", FLOAT, ["B", config["embed_dim"]])])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    folder = parser.parse_args().model
    config = json.loads((folder / "config.json").read_text())
    for fused in (True, False):
        vision(folder, config, fused)
        text(folder, config, fused)
    print("\n".join(str(path) for path in sorted(folder.glob("*.onnx"))))


if __name__ == "__main__":
    main()
