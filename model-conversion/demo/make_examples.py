"""Draws the example pictures (seeds that neither training nor testing uses) and the vectors that the runtime is checked against.

    python3 make_examples.py --model DIR --examples DIR --expected expected.json
"""
import argparse
import os

import torch
from PIL import Image

from evaluate import LABELS
from export import load, write_json
from phantoms import CATALOGUE, draw
from scoring import LOCAL_SHARE, TEMPLATE, TOP_PATCHES, Classes, pixels_of, probabilities

# file, modality, finding, seed, width, height
EXAMPLES = [
    ("chest-xray-normal.png", "chest x-ray", "normal", 3_000_204, 380, 320),
    ("chest-xray-effusion.png", "chest x-ray", "pleural effusion", 3_000_201, 380, 320),
    ("brain-mri-tumour.png", "brain mri", "tumour", 3_000_003, 320, 360),
    ("brain-mri-hydrocephalus.png", "brain mri", "hydrocephalus", 3_000_004, 300, 340),
    ("abdominal-ct-cyst.png", "abdominal ct", "cyst", 3_000_102, 400, 320),
    ("skin-lesion-nevus.jpg", "skin lesion", "nevus", 3_000_006, 400, 300),
    ("skin-lesion-melanoma.jpg", "skin lesion", "melanoma", 3_000_007, 400, 320),
    ("histology-tumour.jpg", "histology", "tumour", 3_000_008, 400, 400),
    ("fundus-diabetic-retinopathy.jpg", "fundus", "diabetic retinopathy", 3_000_009, 440, 400),
    ("ultrasound-cyst.png", "ultrasound", "cyst", 3_000_010, 380, 320),
    ("ultrasound-gallstone.png", "ultrasound", "gallstone", 3_000_011, 380, 320),
    ("blood-smear-leukemia.jpg", "blood smear", "leukemia", 3_000_012, 420, 340),
]


def draw_examples(folder):
    os.makedirs(folder, exist_ok=True)
    for name, modality, finding, seed, width, height in EXAMPLES:
        pixels, _ = draw(modality, finding, seed, width, height)
        path = os.path.join(folder, name)
        if name.endswith(".jpg"):
            Image.fromarray(pixels).save(path, quality=90, subsampling=0)
        else:
            image = Image.fromarray(pixels)
            grey = image.convert("L")
            (grey if grey.convert("RGB").tobytes() == image.tobytes() else image).save(path, optimize=True)


def expected(model, config, tokenizer, folder):
    """Everything in float64 with the rounded weights, from the stored files."""
    classes = Classes(model, tokenizer, LABELS)
    images = []
    for name, modality, finding, *_ in EXAMPLES:
        with Image.open(os.path.join(folder, name)) as image:
            feature, patches = model.image(pixels_of(image, config["vision"]["image_size"], torch.float64))
        scored = probabilities(model, feature, patches, classes)
        truth = LABELS[list(CATALOGUE).index(modality)]
        for scoring, p in scored.items():
            answer = LABELS[int(p[0].argmax())]
            print(f"{name:34s} {scoring:9s} {answer} {p[0].max().item():.4f}")
            if answer != truth:
                raise SystemExit(f"{name}: {scoring} scoring says {answer}")
        images.append({"image": name, "modality": truth, "finding": finding, "image_features": feature[0].tolist(),
                       "probabilities": {scoring: dict(zip(LABELS, p[0].tolist())) for scoring, p in scored.items()}})
    return {
        "about": "Computed in PyTorch float64 with the shipped fp16 weights; image_features are L2-normalised. JPEG files were decoded by libjpeg-turbo through Pillow.",
        "scoring": {
            "global": "softmax over labels of exp(logit_scale) * image . text",
            "local": "softmax over labels of the mean of the top_k patches of exp(concept_logit_scale) * unit projected patch . unit concept; "
                     "concept = mean of the projected token features of the label's tokens in the prompt",
            "ensemble": f"{LOCAL_SHARE} * local + {1 - LOCAL_SHARE} * global",
            "top_k": min(TOP_PATCHES, config["vision"]["tokens"])},
        "template": TEMPLATE, "labels": LABELS, "prompt_token_ids": classes.token_ids,
        "text_features": classes.features.tolist(), "concepts": classes.concepts.tolist(), "images": images}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--examples", required=True)
    parser.add_argument("--expected", required=True)
    options = parser.parse_args()
    draw_examples(options.examples)
    with torch.no_grad():
        values = expected(*load(options.model), options.examples)
    os.makedirs(os.path.dirname(os.path.abspath(options.expected)), exist_ok=True)
    write_json(options.expected, values)


if __name__ == "__main__":
    main()
