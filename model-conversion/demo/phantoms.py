"""The catalogue of phantoms and how a seed becomes a picture. Drawings, not medicine."""
import io

import numpy as np
from PIL import Image

import optical
import radiology

# modality -> (its artist, its findings)
CATALOGUE = {
    "chest x-ray": (radiology.chest_xray, ("normal", "pleural effusion", "nodule", "pneumothorax", "cardiomegaly", "pneumonia")),
    "brain mri": (radiology.brain_mri, ("normal", "tumour", "hemorrhage", "hydrocephalus")),
    "abdominal ct": (radiology.abdominal_ct, ("normal", "cyst", "kidney stone", "metastases")),
    "skin lesion": (optical.skin_lesion, ("nevus", "melanoma", "hemangioma")),
    "histology": (optical.histology, ("normal", "tumour", "inflammation", "fat")),
    "fundus": (optical.fundus, ("normal", "diabetic retinopathy", "hemorrhage", "glaucoma")),
    "ultrasound": (radiology.ultrasound, ("normal", "cyst", "nodule", "gallstone")),
    "blood smear": (optical.blood_smear, ("normal", "leukemia", "sickle cells", "malaria")),
}
GREY = {"chest x-ray", "brain mri", "abdominal ct", "ultrasound"}


def draw(modality, finding, seed, width, height):
    """One picture as uint8 RGB [height, width, 3] and the finding's mask [height, width] (zeros when there is none)."""
    artist, findings = CATALOGUE[modality]
    assert finding in findings, f"{modality} has no finding {finding}"
    rng = np.random.default_rng(seed)
    canvas, region = artist(rng, width, height, finding)
    pixels = np.clip(canvas.rgb, 0.0, 1.0) ** rng.uniform(0.85, 1.18)
    if modality in GREY:
        tint = np.ones(3) if rng.random() < 0.85 else np.array([0.92, 0.97, 1.0])
        pixels = pixels * tint
    else:
        pixels = pixels * rng.uniform(0.93, 1.06, 3)
    pixels = pixels + rng.normal(size=pixels.shape[:2] + (1,)) * rng.uniform(0.0, 0.012)
    if region is None:
        region = np.zeros((height, width), np.float32)
    return np.uint8(np.clip(pixels, 0.0, 1.0) * 255.0 + 0.5), np.clip(region, 0.0, 1.0)


def training_sample(modality, finding, seed, side, grid):
    """A picture of random size and format, squashed to what the model sees: uint8 [side, side, 3]; and which of the
    grid x grid patches hold the finding: bool [grid * grid]."""
    rng = np.random.default_rng([seed, 1])
    short = int(rng.integers(96, 240))
    long = int(short * rng.choice([1.0, rng.uniform(1.0, 1.4)]))
    width, height = (long, short) if rng.random() < 0.75 else (short, long)
    pixels, region = draw(modality, finding, seed, width, height)
    image = Image.fromarray(pixels)
    if rng.random() < 0.3:
        stored = io.BytesIO()
        image.save(stored, "JPEG", quality=int(rng.integers(55, 95)))
        image = Image.open(stored).convert("RGB")
    seen = np.asarray(image.resize((side, side), Image.BICUBIC))
    share = np.asarray(Image.fromarray(np.float32(region), "F").resize((grid, grid), Image.BOX))
    return seen, (share > min(0.25, 0.6 * share.max())).reshape(-1)
