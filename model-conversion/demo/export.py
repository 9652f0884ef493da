"""Writes a model folder (fp16 safetensors, configuration, tokenizer and preprocessing files) and reads it back."""
import json
import os
import struct

import numpy as np
import torch

from model import ConceptClip
from tokenizer import Tokenizer

SCALARS = ("logit_scale", "logit_bias", "concept_logit_scale", "concept_logit_bias")


def write_safetensors(path, tensors):
    """Little-endian layout: u64 header length, JSON header padded with spaces to 8 bytes, then the raw values."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, value in tensors.items():
        assert value.dtype == np.float16, f"{name} is {value.dtype}"
        header[name] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            out.write(np.ascontiguousarray(value).tobytes())


def read_safetensors(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__")
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], np.float16).reshape(entry["shape"]) for name, entry in header.items()}


def write_json(path, value):
    with open(path, "w") as out:
        json.dump(value, out, indent=1)
        out.write("\n")


def export(model, config, vocabulary, folder):
    os.makedirs(folder, exist_ok=True)
    tensors = {name: value.detach().numpy().astype(np.float16) for name, value in model.state_dict().items()}
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
    side = config["vision"]["image_size"]
    write_json(os.path.join(folder, "config.json"), {**config, **{name: float(tensors[name]) for name in SCALARS}})
    write_json(os.path.join(folder, "tokenizer_config.json"), {
        "tokenizer_class": "BertTokenizer", "do_lower_case": True, "do_basic_tokenize": True, "tokenize_chinese_chars": True, "strip_accents": None,
        "model_max_length": config["text"]["max_position"],
        "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"})
    write_json(os.path.join(folder, "preprocessor_config.json"), {
        "do_convert_rgb": True, "do_resize": True, "size": {"height": side, "width": side}, "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": config["image_mean"], "image_std": config["image_std"]})
    with open(os.path.join(folder, "vocab.txt"), "w") as out:
        out.write("\n".join(vocabulary) + "\n")


def load(folder, dtype=torch.float64):
    """(model with the exported, rounded weights in `dtype`, configuration, tokenizer)."""
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    with open(os.path.join(folder, "vocab.txt")) as file:
        vocabulary = file.read().splitlines()
    model = ConceptClip(config)
    tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
    model.load_state_dict({name: torch.from_numpy(value.astype(np.float64)) for name, value in tensors.items()}, strict=True)
    return model.to(dtype).eval(), config, Tokenizer(vocabulary, config["text"]["max_position"])
