"""Loads the official code's golden vectors (golden/tiny) into model.py and demands the same outputs: the demo model's architecture is the official one.

    python3 verify_architecture.py GOLDEN_TINY_DIR
"""
import json
import os
import struct
import sys

import numpy as np
import torch

from model import ConceptClip

LIMIT = 1e-6  # max error over the reference's RMS; the references are float64 results stored as float32
NUMPY_TYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}


def read(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(length)), file.read()
    return {name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], NUMPY_TYPES[entry["dtype"]]).reshape(entry["shape"]).copy())
            for name, entry in header.items() if name != "__metadata__"}


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "config.json")) as file:
        model = ConceptClip(json.load(file)).double().eval()
    model.load_state_dict({name: value.double() for name, value in read(os.path.join(folder, "model.safetensors")).items()}, strict=True)
    golden = read(os.path.join(folder, "expected.safetensors"))
    with torch.no_grad():
        image, patches = model.visual.trunk(golden["input_pixels"].double())
        text, tokens = model.text(golden["input_ids"])
        found = {"image_features_raw": image, "image_token_features": patches, "image_token_projected": model.image_proj(patches),
                 "text_features_raw": text, "text_token_features": tokens, "text_token_projected": model.text_proj(tokens)}
        unit_image, _ = model.image(golden["input_pixels"].double())
        unit_text, _ = model.sentence(golden["input_ids"])
        found["logits_per_image"] = model.logit_scale.exp() * unit_image @ unit_text.T
    worst = 0.0
    for name, value in found.items():
        reference = golden[name].double()
        error = ((value - reference).abs().max() / reference.pow(2).mean().sqrt()).item()
        worst = max(worst, error)
        print(f"{name:24s} {error:.2e}")
    if not worst <= LIMIT:
        raise SystemExit(f"worst error {worst:.2e} is above {LIMIT}")


if __name__ == "__main__":
    main()
