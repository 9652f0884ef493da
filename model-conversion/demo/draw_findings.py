"""Draws labelled pictures for training and testing probes and concept bottlenecks: drawings, not medicine.

    python3 draw_findings.py FOLDER [--per-kind 20] [--modalities "histology,skin lesion,blood smear"]

Writes FOLDER/train and FOLDER/test, each with pictures and items.csv (image, label, modality, finding), and FOLDER/concepts.txt with phrases of
the captions. The seeds are other ones than those of the demo model's training, testing and examples, and differ between both parts.
"""
import argparse
import csv
import os

from PIL import Image

from captions import ANATOMY, FINDING_PHRASES, MODALITY_PHRASES, NORMAL
from phantoms import CATALOGUE, draw

FIRST_SEED = {"train": 20_000_000, "test": 30_000_000}
WIDTH, HEIGHT = 200, 180
PHRASES_PER_CONCEPT = 3


def draw_part(folder, part, modalities, count):
    os.makedirs(os.path.join(folder, part), exist_ok=True)
    with open(os.path.join(folder, part, "items.csv"), "w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["image", "label", "modality", "finding"])
        for modality in modalities:
            kind = list(CATALOGUE).index(modality)
            for number, finding in enumerate(CATALOGUE[modality][1]):
                for i in range(count):
                    pixels, _ = draw(modality, finding, FIRST_SEED[part] + kind * 100_000 + number * 10_000 + i * 101, WIDTH, HEIGHT)
                    name = f"{modality}-{finding}-{i:03d}.png".replace(" ", "_")
                    Image.fromarray(pixels).save(os.path.join(folder, part, name))
                    table.writerow([name, f"{finding} {modality}", modality, finding])


def phrases(modalities):
    """Of the findings, the anatomy and the modalities, each once, in their order."""
    found = [phrase for (modality, _), concepts in FINDING_PHRASES.items() if modality in modalities
             for names in concepts.values() for phrase in names[:PHRASES_PER_CONCEPT]]
    for modality in modalities:
        found += [names[0] for names in ANATOMY[modality].values()] + [MODALITY_PHRASES[modality][0]]
    return list(dict.fromkeys(found + [NORMAL["normal"][0], "healthy"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--per-kind", type=int, default=20)
    parser.add_argument("--modalities", default="histology,skin lesion,blood smear")
    options = parser.parse_args()
    modalities = options.modalities.split(",")
    for part in FIRST_SEED:
        draw_part(options.folder, part, modalities, options.per_kind)
    with open(os.path.join(options.folder, "concepts.txt"), "w") as out:
        out.write("".join(phrase + "\n" for phrase in phrases(modalities)))


if __name__ == "__main__":
    main()
