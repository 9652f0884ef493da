"""Measures the exported demo model on held-out phantoms and writes REPORT.json.

    python3 evaluate.py --model DIR [--report REPORT.json] [--images N] [--cache DIR]
"""
import argparse
import os

import numpy as np
import torch

import dataset
from captions import finding_concepts
from export import load, write_json
from phantoms import CATALOGUE
from scoring import Classes, normalised, probabilities

LABELS = ["chest X-ray", "brain MRI", "abdominal CT", "skin lesion", "histology", "fundus photograph", "ultrasound", "blood smear"]
OTHER_LABELS = {
    "synonyms": ["radiograph", "MRI", "CT scan", "dermoscopy", "H&E histology", "retina", "sonography", "blood film"],
    "sentences": ["an X-ray of the chest", "a magnetic resonance image of the brain", "a CT of the abdomen", "a mole on the skin", "H&E stained tissue",
                  "a photograph of the retina", "an ultrasound scan", "a peripheral blood smear"],
    "unseen wordings": ["thoracic x-ray film", "neuro MRI slice", "belly CT scan", "skin mole photo", "pathology H&E section", "eye fundus picture", "sonogram of a patient", "smear of blood"],
}
TEMPLATES = ["{}", "a photo of a {}", "this is a {} image"]


def accuracy(model, features, classes, truth):
    scored = probabilities(model, *features, classes)
    return {name: round(float((p.argmax(-1).numpy() == truth).mean()), 4) for name, p in scored.items()}


def finding_report(model, tokenizer, features, kinds):
    """Accuracy among the findings of each modality, with the bare finding as the label."""
    report = {}
    for modality, (_, findings) in CATALOGUE.items():
        rows = np.array([i for i, kind in enumerate(kinds) if dataset.KINDS[kind][0] == modality])
        truth = np.array([findings.index(dataset.KINDS[kinds[i]][1]) for i in rows])
        chosen = [part[torch.from_numpy(rows)] for part in features]
        report[modality] = {"findings": list(findings), "chance": round(1 / len(findings), 4), "images": len(rows),
                            **accuracy(model, chosen, Classes(model, tokenizer, findings), truth)}
    return report


def pointing_report(model, tokenizer, patches, kinds, regions):
    """How often the patch that answers most to a finding lies on the finding, against a patch picked at random."""
    report = {}
    for which, kind in enumerate(dataset.KINDS):
        rows = np.array([i for i, k in enumerate(kinds) if k == which and regions[i].any()])
        if kind[1] == "normal" or len(rows) == 0:
            continue
        phrase = list(finding_concepts(kind).values())[-1][0]
        concept = Classes(model, tokenizer, [phrase]).concepts[0]
        best = (patches[torch.from_numpy(rows)] @ concept).argmax(-1).numpy()
        report[f"{kind[0]}: {phrase}"] = {"hit": round(float(regions[rows, best].mean()), 4), "chance": round(float(regions[rows].mean()), 4)}
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--report")
    parser.add_argument("--images", type=int, default=960)
    parser.add_argument("--cache", default="/tmp/conceptclip-demo")
    options = parser.parse_args()
    model, config, tokenizer = load(options.model, torch.float32)
    vision = config["vision"]
    pixels, kinds, regions = dataset.load("heldout", options.images, vision["image_size"], vision["grid"], options.cache)
    truth = np.array([list(CATALOGUE).index(dataset.KINDS[kind][0]) for kind in kinds])
    with torch.no_grad():
        parts = [model.image(normalised(pixels[i:i + 64], torch.float32)) for i in range(0, len(pixels), 64)]
        features = [torch.cat(part) for part in zip(*parts)]
        report = {
            "what": "A small ConceptCLIP trained on drawings. No diagnostic value.",
            "parameters": sum(p.numel() for p in model.parameters()),
            "model_bytes": os.path.getsize(os.path.join(options.model, "model.safetensors")),
            "weights": "rounded to fp16, evaluated in float32",
            "heldout_images": len(pixels),
            "modality_accuracy": accuracy(model, features, Classes(model, tokenizer, LABELS), truth),
            "modality_accuracy_other_wordings": {
                **{name: accuracy(model, features, Classes(model, tokenizer, labels), truth) for name, labels in OTHER_LABELS.items()},
                **{f"template '{t}'": accuracy(model, features, Classes(model, tokenizer, LABELS, [t]), truth) for t in TEMPLATES}},
            "finding_accuracy": finding_report(model, tokenizer, features, kinds),
            "pointing_game": pointing_report(model, tokenizer, features[1], kinds, regions),
        }
    for name, value in report.items():
        lines = value.items() if isinstance(value, dict) else [("", value)]
        for key, entry in lines:
            print(f"{name} {key}: {entry}")
    if options.report:
        write_json(options.report, report)
    if min(report["modality_accuracy"][s] for s in ("global", "ensemble")) < 0.95:
        raise SystemExit("modality accuracy is below 95 %")


if __name__ == "__main__":
    main()
