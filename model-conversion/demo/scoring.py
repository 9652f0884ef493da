"""Zero-shot scoring: global (whole picture against prompt), local (patches against the class's concept), ensemble (half of each)."""
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

TEMPLATE = "a medical image of {}"
TOP_PATCHES, LOCAL_SHARE = 128, 0.5


def pixels_of(image, side, dtype):
    """A Pillow image as the model sees it: RGB, squashed with bicubic, scaled to -1..1. [1, 3, side, side]"""
    seen = np.array(image.convert("RGB").resize((side, side), Image.BICUBIC))
    return normalised(seen[None], dtype)


def normalised(pixels, dtype):
    """uint8 [B, S, S, 3] -> [B, 3, S, S] in `dtype`."""
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).to(dtype) / 255.0 - 0.5) / 0.5


class Classes:
    """The prompts of some labels: a unit text feature and a unit concept vector for every label."""

    def __init__(self, model, tokenizer, labels, templates=(TEMPLATE,)):
        self.labels, self.token_ids = list(labels), []
        features, concepts = [], []
        for label in labels:
            whole, parts = 0.0, 0.0
            for template in templates:
                first = template.index("{}")
                ids, offsets = tokenizer.encode(template.replace("{}", label))
                named = [i for i, (a, b) in enumerate(offsets) if b > a and a >= first and b <= first + len(label)]
                text, tokens = model.sentence(torch.tensor([ids]))
                whole, parts = whole + text[0], parts + tokens[0, named].mean(0)
                self.token_ids.append(ids)
            features.append(F.normalize(whole, dim=-1))
            concepts.append(F.normalize(parts, dim=-1))
        self.features, self.concepts = torch.stack(features), torch.stack(concepts)


def probabilities(model, image, patches, classes):
    """image [B, E] and patches [B, N, E], unit vectors -> {scoring: [B, labels]}."""
    whole = (model.logit_scale.exp() * image @ classes.features.T).softmax(-1)
    scores = model.concept_logit_scale.exp() * patches @ classes.concepts.T
    best = scores.topk(min(TOP_PATCHES, scores.shape[1]), dim=1).values.mean(1)
    local = best.softmax(-1)
    return {"global": whole, "local": local, "ensemble": LOCAL_SHARE * local + (1 - LOCAL_SHARE) * whole}
