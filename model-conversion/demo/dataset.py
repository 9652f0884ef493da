"""Renders the phantoms that train and test the demo model, and caches them. Seeds of the parts never overlap."""
import os
from multiprocessing import Pool

import numpy as np

from phantoms import CATALOGUE, training_sample

FIRST_SEED = {"train": 1_000_000, "heldout": 2_000_000}
KINDS = [(modality, finding) for modality, (_, findings) in CATALOGUE.items() for finding in findings]


def kinds_in_turn(count):
    """`count` (modality, finding) pairs: every modality equally often, its findings in turn."""
    modalities = list(CATALOGUE)
    for i in range(count):
        modality = modalities[i % len(modalities)]
        findings = CATALOGUE[modality][1]
        yield modality, findings[(i // len(modalities)) % len(findings)]


def _render(task):
    modality, finding, seed, side, grid = task
    return training_sample(modality, finding, seed, side, grid)


def load(part, count, side, grid, cache, processes=2):
    """(pixels uint8 [n, side, side, 3], kind [n] (an index into KINDS), region bool [n, grid * grid])."""
    path = os.path.join(cache, f"phantoms-{part}-{count}-{side}-{grid}.npz")
    if not os.path.exists(path):
        pairs = list(kinds_in_turn(count))
        tasks = [(m, f, FIRST_SEED[part] + i, side, grid) for i, (m, f) in enumerate(pairs)]
        with Pool(processes) as pool:
            drawn = pool.map(_render, tasks, chunksize=32)
        os.makedirs(cache, exist_ok=True)
        np.savez(path, pixels=np.stack([p for p, _ in drawn]), region=np.stack([r for _, r in drawn]),
                 kind=np.array([KINDS.index(pair) for pair in pairs]))
    with np.load(path) as stored:
        return stored["pixels"], stored["kind"], stored["region"]
