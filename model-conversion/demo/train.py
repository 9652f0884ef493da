"""Trains the demo model on drawn phantoms with both ConceptCLIP objectives, and exports it. Seeded.

    python3 train.py --out DIR [--steps N] [--images N] [--cache DIR]
"""
import argparse
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

import dataset
from captions import FACTS, LOCAL, all_words, write_caption
from config import demo_config
from export import export
from model import ConceptClip
from phantoms import CATALOGUE
from tokenizer import Tokenizer, build_vocabulary

BATCH, CAPTIONS_EACH, MODALITIES_EACH, PEAK_RATE, WARM_UP = 32, 2, 4, 1e-3, 200
REGION_WEIGHT, OUTSIDE_WEIGHT, SCALAR_FACTOR = 0.5, 0.25, 5.0
# Pictures in which up and down have no meaning.
ANY_WAY_UP = np.array([kind[0] in ("skin lesion", "histology", "blood smear") for kind in dataset.KINDS])


def augment(rng, pixels, region, kind, grid):
    """Random flips, then contrast, brightness and colour gains. pixels uint8 [B, S, S, 3], region bool [B, N]."""
    region = region.reshape(-1, grid, grid).copy()
    pixels = pixels.copy()
    for i, k in enumerate(kind):
        if rng.random() < 0.5:
            pixels[i], region[i] = pixels[i][:, ::-1].copy(), region[i][:, ::-1].copy()
        if ANY_WAY_UP[k] and rng.random() < 0.5:
            pixels[i], region[i] = pixels[i][::-1].copy(), region[i][::-1].copy()
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0
    shape = (len(x), 1, 1, 1)
    gain, lift = rng.uniform(0.85, 1.15, shape), rng.uniform(-0.06, 0.06, shape)
    colour = rng.normal(1.0, 0.02, (len(x), 3, 1, 1))
    x = x * torch.from_numpy(np.float32(gain * colour)) + torch.from_numpy(np.float32(lift))
    x = x + torch.from_numpy(rng.normal(size=x.shape).astype(np.float32)) * torch.from_numpy(np.float32(rng.uniform(0, 0.02, shape)))
    return (x.clamp(0, 1) - 0.5) / 0.5, torch.from_numpy(region.reshape(len(x), -1))


def pick_batch(rng, modality):
    """Indices of pictures of a few modalities only, so that many pairs of a batch differ in nothing but the finding."""
    chosen = rng.choice(len(CATALOGUE), MODALITIES_EACH, replace=False)
    return np.concatenate([rng.choice(np.flatnonzero(modality == m), BATCH // MODALITIES_EACH, replace=False) for m in chosen])


def encode_captions(tokenizer, captions):
    """Padded ids [B, L]; for every span its caption's index, concept and token mask: [K], [K], [K, L]."""
    encoded = [tokenizer.encode(caption.text) for caption in captions]
    length = max(len(ids) for ids, _ in encoded)
    ids = np.zeros((len(captions), length), np.int64)
    owner, concept, inside = [], [], []
    for i, (caption, (tokens, offsets)) in enumerate(zip(captions, encoded)):
        ids[i, :len(tokens)] = tokens
        for which, first, end in caption.spans:
            owner.append(i)
            concept.append(which)
            inside.append([float(a >= first and b <= end and b > a) for a, b in offsets] + [0.0] * (length - len(offsets)))
    return torch.from_numpy(ids), torch.tensor(owner), np.array(concept), torch.tensor(inside)


def signed_loss(logits, truth):
    """Sigmoid loss, summed over the texts and averaged over the pictures."""
    return -F.logsigmoid(torch.where(truth, logits, -logits)).sum() / len(logits)


def image_text_loss(model, image, text, captions, kind):
    claims = np.zeros((len(captions), FACTS.shape[1]), bool)
    for i, caption in enumerate(captions):
        claims[i, caption.claims] = True
    untrue = (~FACTS[kind]).astype(np.float32) @ claims.T.astype(np.float32)
    return signed_loss(model.logit_scale.exp() * image @ text.T + model.logit_bias, torch.from_numpy(untrue == 0))


def region_concept_loss(model, patches, spans, concept, region, kind, grid):
    """A concept scores with its best patch. The drawing knows where a lesion is: there, only patches on it count for
    the true pairs, and the best patch well away from it counts as a negative with a smaller weight."""
    cosines = torch.einsum("bne,ke->bkn", patches, spans)

    def logits(best):
        return model.concept_logit_scale.exp() * best + model.concept_logit_bias

    truth = torch.from_numpy(FACTS[kind][:, concept])
    placed = truth & torch.from_numpy(LOCAL[concept])[None, :] & region.any(1)[:, None]
    on = cosines.masked_fill(~region[:, None, :], -1.0).amax(-1)
    near = F.max_pool2d(region.float().view(-1, 1, grid, grid), 3, 1, 1).view(region.shape) > 0
    away = cosines.masked_fill(near[:, None, :], -1.0).amax(-1)
    best = torch.where(placed, on, cosines.amax(-1))
    stray = -F.logsigmoid(-logits(away))[placed].sum() / len(patches)
    return signed_loss(logits(best), truth) + OUTSIDE_WEIGHT * stray


def rate_at(step, steps):
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    return PEAK_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (steps - WARM_UP))))


def train(steps, images, cache, seed):
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # small matrices: a second thread costs more than it brings
    rng = np.random.default_rng(seed)
    vocabulary = build_vocabulary(all_words())
    tokenizer, config = Tokenizer(vocabulary), demo_config(len(vocabulary))
    grid = config["vision"]["grid"]
    pixels, kinds, regions = dataset.load("train", images, config["vision"]["image_size"], grid, cache)
    model = ConceptClip(config)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(vocabulary)} word pieces", flush=True)
    # The four scalars would hardly move at the rate of the others within so few steps.
    groups = [{"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.05, "factor": 1.0},
              {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0, "factor": 1.0},
              {"params": [p for p in model.parameters() if p.ndim == 0], "weight_decay": 0.0, "factor": SCALAR_FACTOR}]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.99))
    modality = np.array([list(CATALOGUE).index(dataset.KINDS[k][0]) for k in kinds])
    start, sums = time.time(), np.zeros(2)
    for step in range(steps):
        batch = pick_batch(rng, modality)
        kind = kinds[batch]
        x, region = augment(rng, pixels[batch], regions[batch], kind, grid)
        captions = [write_caption(rng, k) for k in np.repeat(kind, CAPTIONS_EACH)]
        ids, owner, concept, inside = encode_captions(tokenizer, captions)
        image, patches = model.image(x)
        text, tokens = model.sentence(ids)
        spans = F.normalize((tokens[owner] * inside[:, :, None]).sum(1) / inside.sum(1, keepdim=True), dim=-1)
        whole = image_text_loss(model, image, text, captions, kind)
        parts = region_concept_loss(model, patches, spans, concept, region, kind, grid)
        optimiser.zero_grad(set_to_none=True)
        (whole + REGION_WEIGHT * parts).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, steps) * group["factor"]
        optimiser.step()
        sums += whole.item(), parts.item()
        if (step + 1) % 100 == 0:
            scales = ", ".join(f"{getattr(model, n).item():.2f}" for n in ("logit_scale", "logit_bias", "concept_logit_scale", "concept_logit_bias"))
            print(f"step {step + 1}/{steps}: image-text {sums[0] / 100:.3f}, region-concept {sums[1] / 100:.3f}, scalars {scales}, {time.time() - start:.0f} s", flush=True)
            sums[:] = 0
    return model, config, vocabulary


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=3400)
    parser.add_argument("--images", type=int, default=14000)
    parser.add_argument("--cache", default="/tmp/conceptclip-demo")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    export(*train(options.steps, options.images, options.cache, options.seed), options.out)


if __name__ == "__main__":
    main()
