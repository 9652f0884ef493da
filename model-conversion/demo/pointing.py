"""The pointing game, played with the real program: do heatmaps of drawn findings point to the findings?

    /usr/bin/python3 pointing.py [--pictures 40] [--report POINTING.json] [--keep DIR]

Draws pictures with seeds that neither training nor evaluate.py uses, runs `conceptclip concepts` on those of each finding with the
finding's phrase, and looks where the best patch of each map lies. A patch is on the finding by the rule that training used. Chance is the
share of patches that are on the finding: what a patch picked at random scores. Some findings have a usual place (an enlarged heart, the
optic disc), to which a map could point without looking; so "elsewhere" says how often the best patch lies on the finding of another drawing
of the same kind. And a map may point to whatever stands out, for any phrase; so "other phrase" says how often the phrase of another
finding of the modality points to this one. The interval is Wilson's, of 95 %.
"""
import argparse
import json
import math
import os
import subprocess
import tempfile

import numpy as np
from PIL import Image

from captions import finding_concepts
from phantoms import CATALOGUE, draw

# evaluate.py and training draw with seeds from 1,000,000 and 2,000,000 on, some thousands each.
FIRST_SEED = 3_000_000
CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
Z = 1.959963984540054


def picture(modality, finding, seed):
    """A drawing of random size and format, as training's are, and its mask."""
    rng = np.random.default_rng([seed, 1])
    short = int(rng.integers(96, 240))
    long = int(short * rng.choice([1.0, rng.uniform(1.0, 1.4)]))
    width, height = (long, short) if rng.random() < 0.75 else (short, long)
    return draw(modality, finding, seed, width, height)


def on_finding(region, grid):
    """Which patches hold the finding: bool [grid, grid]."""
    share = np.asarray(Image.fromarray(np.float32(region), "F").resize((grid, grid), Image.BOX))
    return share > min(0.25, 0.6 * share.max())


def wilson(hits, count):
    share, square = hits / count, Z * Z / count
    middle = (share + square / 2) / (1 + square)
    half = Z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return middle - half, middle + half


def play(modality, finding, phrase, other, first_seed, count, folder):
    masks = []
    for i in range(count):
        pixels, region = picture(modality, finding, first_seed + i)
        if region.max() > 0:
            Image.fromarray(pixels).save(os.path.join(folder, f"{i:03}.png"))
            masks.append((i, region))
    out = os.path.join(folder, "maps")
    subprocess.run([os.path.join(CHECKOUT, "conceptclip"), "concepts", folder, "--concepts", f"{phrase},{other}", "--out", out],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    hits, misled, best, truths = 0, 0, [], []
    for i, region in masks:
        values = np.load(os.path.join(out, f"{i:03}", phrase + ".npy"))
        truths.append(on_finding(region, values.shape[0]).reshape(-1))
        best.append(int(values.argmax()))
        hits += bool(truths[-1][best[-1]])
        misled += bool(truths[-1][np.load(os.path.join(out, f"{i:03}", other + ".npy")).argmax()])
    low, high = wilson(hits, len(masks))
    chance = float(np.mean(truths))
    # Every best patch on every other drawing's mask.
    crossed = np.array(truths)[:, best]
    elsewhere = (crossed.sum() - hits) / (crossed.size - len(best))
    return {"pictures": len(masks), "hit": round(hits / len(masks), 4), "low": round(low, 4), "high": round(high, 4),
            "chance": round(chance, 4), "elsewhere": round(float(elsewhere), 4),
            "other_phrase": round(misled / len(masks), 4), "above_chance": bool(low > chance),
            "above_all": bool(low > max(chance, elsewhere, misled / len(masks)))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=40, help="drawings of each finding")
    parser.add_argument("--report", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "POINTING.json"))
    parser.add_argument("--keep", help="folder in which drawings and maps stay")
    options = parser.parse_args()
    findings, seed = {}, FIRST_SEED
    print(f"{'modality: finding':<42}{'pictures':>9}{'hit':>8}{'95 % interval':>18}{'chance':>9}{'elsewhere':>11}{'other phrase':>14}")
    with tempfile.TemporaryDirectory() as temporary:
        for modality, (_, names) in CATALOGUE.items():
            drawn = [name for name in names if name != "normal"]
            phrases = [list(finding_concepts((modality, finding)).values())[-1][0] for finding in drawn]
            for turn, (finding, phrase) in enumerate(zip(drawn, phrases)):
                folder = os.path.join(options.keep or temporary, f"{modality} {phrase}")
                os.makedirs(folder)
                one = play(modality, finding, phrase, phrases[(turn + 1) % len(phrases)], seed, options.pictures, folder)
                findings[f"{modality}: {phrase}"] = one
                seed += 1000
                print(f"{modality + ': ' + phrase:<42}{one['pictures']:>9}{one['hit']:>8.2f}{one['low']:>10.2f} to {one['high']:.2f}"
                      f"{one['chance']:>9.2f}{one['elsewhere']:>11.2f}{one['other_phrase']:>14.2f}"
                      f"{'  above all' if one['above_all'] else '  above chance' if one['above_chance'] else ''}", flush=True)
    above = {key: sorted({name.split(":")[0] for name, one in findings.items() if one[key]}) for key in ("above_chance", "above_all")}
    report = {
        "what": "Share of drawings in which the best patch of a phrase's heatmap lies on the drawn finding. Drawings, not medicine.",
        "program": "conceptclip concepts, embedded demo model",
        "interval": "Wilson, 95 %; above_chance: its lower end is above chance, the mean share of patches on the finding; above_all: also"
                    " above elsewhere and other_phrase",
        "elsewhere": "share of best patches that lie on the finding of another drawing of the same kind: what a usual place alone gives",
        "other_phrase": "share of drawings in which the phrase of the modality's next finding points to this finding",
        "findings_in_all": len(findings),
        **{f"findings_{key}": sum(one[key] for one in findings.values()) for key in above},
        **{f"modalities_{key}": modalities for key, modalities in above.items()}, "findings": findings}
    with open(options.report, "w") as out:
        json.dump(report, out, indent=1)
        out.write("\n")
    for key, modalities in above.items():
        print(f"{key}: {report['findings_' + key]} of {len(findings)} findings, of {len(modalities)} modalities")


if __name__ == "__main__":
    main()
