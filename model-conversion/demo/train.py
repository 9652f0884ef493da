"""Trains the demo model on drawn phantoms with both ConceptCLIP objectives, and exports it. Seeded.

    python3 train.py --stage broad --steps N --out DIR
    python3 train.py --stage fine --steps N --start DIR --out DIR
"""
import argparse
import math
import time
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

import dataset
from captions import FACTS, LOCAL, all_words, write_caption
from config import demo_config
from export import SCALARS, export, load
from model import ConceptClip
from phantoms import CATALOGUE
from tokenizer import Tokenizer, build_vocabulary

WARM_UP = 100
REGION_WEIGHT, PLACE_WEIGHT = 0.5, 1.0


class Stage(NamedTuple):
    batch: int
    modalities_each: int    # how many modalities share a batch
    captions_each: int      # captions a picture
    modality_share: float   # part of the captions that name the modality only
    peak_rate: float
    scalar_factor: float    # the four scalars would hardly move at the rate of the others


STAGES = {
    # Tells the modalities apart.
    "broad": Stage(64, 8, 1, 0.30, 1e-3, 1.0),
    # Few modalities a batch, so that many pairs of a batch differ in nothing but the finding.
    "fine": Stage(32, 4, 2, 0.20, 8e-4, 5.0),
}

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


def pick_batch(rng, stage, modality):
    """Indices of pictures, equally many of each modality that the batch holds."""
    chosen = rng.choice(len(CATALOGUE), stage.modalities_each, replace=False)
    return np.concatenate([rng.choice(np.flatnonzero(modality == m), stage.batch // stage.modalities_each, replace=False) for m in chosen])


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
    """A concept scores with its best patch; of a true lesion, with its best patch on the lesion. Because the drawing
    knows where lesions are, their concepts are also taught patch by patch: yes on the lesion, no away from it and in other pictures."""
    logits = model.concept_logit_scale.exp() * torch.einsum("bne,ke->bkn", patches, spans) + model.concept_logit_bias
    truth, local = torch.from_numpy(FACTS[kind][:, concept]), torch.from_numpy(LOCAL[concept])
    placed = (truth & local)[:, :, None] & region.any(1)[:, None, None]
    on = placed & region[:, None, :]
    near = F.max_pool2d(region.float().view(-1, 1, grid, grid), 3, 1, 1).view(region.shape) > 0
    off = torch.where(placed, ~near[:, None, :], (local & ~truth)[:, :, None])
    best = torch.where(placed & ~on, -torch.inf, logits).amax(-1)
    return signed_loss(best, truth) + PLACE_WEIGHT * (mean_where(-F.logsigmoid(logits), on) + mean_where(-F.logsigmoid(-logits), off)).sum() / len(patches)


def mean_where(values, chosen):
    """Mean over the last axis of the chosen values, 0 where none is chosen."""
    return (values * chosen).sum(-1) / chosen.sum(-1).clamp(min=1)


def rate_at(step, steps):
    """Part of the peak rate: a linear start, then a cosine down to a hundredth."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (steps - WARM_UP)))


def optimiser_of(model, stage):
    sizes = [[p for p in model.parameters() if min(p.ndim, 2) == rank] for rank in (2, 1, 0)]
    return torch.optim.AdamW([
        {"params": sizes[0], "weight_decay": 0.05, "peak": stage.peak_rate},
        {"params": sizes[1], "weight_decay": 0.0, "peak": stage.peak_rate},
        {"params": sizes[2], "weight_decay": 0.0, "peak": stage.peak_rate * stage.scalar_factor}], betas=(0.9, 0.99))


def losses(model, tokenizer, rng, stage, pixels, kind, regions, grid):
    """(image-text, region-concept) of one batch with freshly written captions."""
    x, region = augment(rng, pixels, regions, kind, grid)
    captions = [write_caption(rng, k, stage.modality_share) for k in np.repeat(kind, stage.captions_each)]
    ids, owner, concept, inside = encode_captions(tokenizer, captions)
    image, patches = model.image(x)
    text, tokens = model.sentence(ids)
    spans = F.normalize((tokens[owner] * inside[:, :, None]).sum(1) / inside.sum(1, keepdim=True), dim=-1)
    return (image_text_loss(model, image, text, captions, kind),
            region_concept_loss(model, patches, spans, concept, region, kind, grid))


def train(model, config, vocabulary, stage, options):
    """Runs one stage; exports as it goes, so that a stopped run leaves a usable model."""
    rng = np.random.default_rng(options.seed)
    tokenizer, vision = Tokenizer(vocabulary), config["vision"]
    pixels, kinds, regions = dataset.load("train", options.images, vision["image_size"], vision["grid"], options.cache)
    modality = np.array([list(CATALOGUE).index(dataset.KINDS[k][0]) for k in kinds])
    optimiser = optimiser_of(model, stage)
    start, sums = time.time(), np.zeros(2)
    for step in range(options.steps):
        batch = pick_batch(rng, stage, modality)
        whole, parts = losses(model, tokenizer, rng, stage, pixels[batch], kinds[batch], regions[batch], vision["grid"])
        optimiser.zero_grad(set_to_none=True)
        (whole + REGION_WEIGHT * parts).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * rate_at(step, options.steps)
        optimiser.step()
        sums += whole.item(), parts.item()
        if (step + 1) % 100 == 0 or step + 1 == options.steps:
            scales = ", ".join(f"{getattr(model, name).item():.2f}" for name in SCALARS)
            print(f"step {step + 1}/{options.steps}: image-text {sums[0] / 100:.3f}, region-concept {sums[1] / 100:.3f}, scalars {scales}, {time.time() - start:.0f} s", flush=True)
            sums[:] = 0
            export(model, config, vocabulary, options.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--stage", required=True, choices=STAGES)
    parser.add_argument("--start", help="folder of an exported model to go on from")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--images", type=int, default=14000)
    parser.add_argument("--cache", default="/tmp/conceptclip-demo")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)  # small matrices: a second thread costs more than it brings
    vocabulary = build_vocabulary(all_words())
    if options.start:
        model, config, _ = load(options.start, torch.float32)
        model.train()
    else:
        config = demo_config(len(vocabulary))
        model = ConceptClip(config)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(vocabulary)} word pieces", flush=True)
    train(model, config, vocabulary, STAGES[options.stage], options)


if __name__ == "__main__":
    main()
