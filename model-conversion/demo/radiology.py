"""Grey-scale phantoms: chest X-ray, brain MRI, abdominal CT, ultrasound.

Each function draws one picture and returns (canvas, region): `region` is the mask of the finding, None when there is none.
"""
import numpy as np
from PIL import Image, ImageDraw

from canvas import Canvas, Shape, smoothstep


def side_marker(canvas):
    """The lead letter that radiographers leave in a corner."""
    size = max(10, int(canvas.unit * 0.16))
    letter = Image.new("L", (12, 12), 0)
    ImageDraw.Draw(letter).text((3, 0), canvas.rng.choice(["L", "R"]), fill=255)
    stamp = np.asarray(letter.resize((size, size), Image.BICUBIC), np.float32) / 255.0
    left = canvas.rng.choice([int(0.06 * canvas.width), int(0.94 * canvas.width) - size])
    top = int(canvas.rng.uniform(0.03, 0.12) * canvas.height)
    canvas.paint(Shape(slice(top, top + size), slice(left, left + size), stamp), 0.95)


def rib_lines(centre, side, spread):
    lines = []
    for k in range(9):
        top = -0.82 + k * 0.17
        t = np.linspace(0.0, 1.0, 14)
        x = centre + side * (0.07 + spread * np.sin(t * 1.75))
        y = top + 0.30 * t ** 1.6 * (1 + 0.05 * k)
        lines.append((list(zip(x, y)), 0.035))
    return lines


def chest_xray(rng, width, height, finding):
    canvas = Canvas(rng, width, height, 0.0)
    s = rng.uniform(0.88, 1.08)
    cx, cy = rng.uniform(-0.08, 0.08), rng.uniform(-0.06, 0.06)
    x, y = canvas.x - cx, canvas.y - cy
    torso = np.maximum(canvas.mask_of(cx, cy + 0.35, 0.98 * s, 1.25 * s, soft=0.12),
                       canvas.mask_of(cx, cy - 1.0, 0.2, 0.5, soft=0.15))
    dense = 0.07 + 0.42 * torso
    # Lungs: two tall ellipses, cut below by the domes of the diaphragm.
    lung_width, lung_x, base = rng.uniform(0.30, 0.35) * s, rng.uniform(0.40, 0.44) * s, rng.uniform(0.5, 0.68)
    lungs = []
    for side in (-1, 1):
        ellipse = canvas.mask_of(cx + side * lung_x, cy - 0.02, lung_width, 0.82 * s, angle=side * 0.10, soft=0.09)
        dome = base + 0.03 * side - 0.12 + 1.0 * (x - side * lung_x) ** 2
        lungs.append(ellipse * smoothstep(0.5 + (dome - y) / 0.06))
    air = np.maximum(lungs[0], lungs[1])
    aeration = rng.uniform(0.30, 0.40)
    dense -= aeration * air
    markings = canvas.noise(0.10, 3)
    dense += air * (0.025 * markings + 0.05 * np.exp(-((np.abs(x) - 0.16) / 0.12) ** 2 - (y / 0.3) ** 2))
    heart_size = rng.uniform(1.45, 1.75) if finding == "cardiomegaly" else rng.uniform(0.85, 1.05)
    heart = canvas.mask_of(cx + 0.09 + 0.06 * heart_size, cy + 0.36, 0.25 * heart_size * s, 0.27 * min(heart_size, 1.3) * s,
                           angle=0.5, soft=0.12, wobble=0.03)
    middle = np.exp(-(x / 0.13) ** 2) * torso
    dense = np.maximum(dense, 0.20 + 0.40 * np.maximum(heart, 0.9 * middle)) + 0.05 * heart
    spine = smoothstep(0.5 + (0.075 - np.abs(x)) / 0.05) * (0.8 + 0.2 * np.sin(y * 34.0))
    dense += 0.07 * spine * torso
    dense += 0.20 * smoothstep(0.5 + (y - base - 0.02) / 0.25) * torso * (1 - air)
    ribs = canvas.strokes([([(px + cx, py + cy) for px, py in line], w)
                           for side in (-1, 1) for line, w in rib_lines(0.0, side, rng.uniform(0.60, 0.70) * s)], soft=0.008)
    collars = canvas.strokes([([(cx + side * 0.08, cy - 0.62), (cx + side * 0.35, cy - 0.72), (cx + side * 0.75, cy - 0.86)], 0.055)
                              for side in (-1, 1)], soft=0.012)
    dense += (rng.uniform(0.06, 0.11) * ribs + 0.10 * collars) * torso
    dense, region = chest_finding(canvas, finding, dense, lungs, heart, (cx, cy, lung_x, lung_width, base))
    canvas.add(dense + rng.uniform(0.005, 0.03) * canvas.noise(0.015))
    canvas.rgb *= rng.uniform(0.9, 1.15)
    if rng.random() < 0.5:
        side_marker(canvas)
    return canvas, region


def chest_finding(canvas, finding, dense, lungs, heart, place):
    rng = canvas.rng
    cx, cy, lung_x, lung_width, base = place
    pick = int(rng.integers(2))
    side, lung = (-1, 1)[pick], lungs[pick]
    x, y = canvas.x - cx, canvas.y - cy
    if finding == "cardiomegaly":
        return dense, heart
    if finding == "pleural effusion":
        level = base - rng.uniform(0.25, 0.65)
        meniscus = level - 0.9 * np.maximum(0.0, side * x - lung_x) ** 1.5 - 0.05
        fluid = lung * smoothstep(0.5 + (y - meniscus) / 0.08)
        return dense + (0.66 - dense) * 0.92 * fluid, fluid
    if finding == "nodule":
        radius = rng.uniform(0.06, 0.12)
        nodule = canvas.mask_of(cx + side * (lung_x + rng.uniform(-0.08, 0.12)), cy + rng.uniform(-0.45, 0.30), radius, radius * rng.uniform(0.85, 1.1),
                                soft=0.035, wobble=0.03)
        return dense + rng.uniform(0.28, 0.40) * nodule, nodule
    if finding == "pneumothorax":
        shrink = rng.uniform(0.58, 0.78)
        rest = canvas.mask_of(cx + side * (lung_x - lung_width * (1 - shrink)), cy + 0.12, lung_width * shrink, 0.60 + 0.1 * shrink, angle=side * 0.08, soft=0.03, wobble=0.03)
        gap = lung * (1 - rest)
        rim = lung * np.clip(4 * rest * (1 - rest), 0, 1)
        return dense * (1 - 0.75 * gap) + 0.02 * gap + 0.10 * rim + 0.07 * lung * rest, gap
    if finding == "pneumonia":
        cloud = canvas.mask_of(cx + side * lung_x, cy + rng.uniform(-0.35, 0.30), rng.uniform(0.20, 0.28), rng.uniform(0.20, 0.32), soft=0.22, wobble=0.12)
        cloud = cloud * lung * np.clip(0.75 + 0.35 * canvas.noise(0.07, 2), 0, 1)
        return dense + 0.36 * cloud, cloud
    return dense, None


def brain_mri(rng, width, height, finding):
    canvas = Canvas(rng, width, height, 0.015)
    s, angle = rng.uniform(0.82, 0.95), rng.normal() * 0.08
    cx, cy = rng.uniform(-0.06, 0.06), rng.uniform(-0.05, 0.05)
    rx, ry = 0.78 * s * rng.uniform(0.94, 1.04), 0.95 * s
    weighting = rng.choice(["T1", "T2", "FLAIR"])
    white, cortex, fluid = {"T1": (0.66, 0.46, 0.12), "T2": (0.36, 0.52, 0.93), "FLAIR": (0.42, 0.54, 0.10)}[weighting]
    canvas.paint(canvas.blob(cx, cy, rx, ry, angle, soft=0.03), rng.uniform(0.6, 0.9))
    canvas.paint(canvas.blob(cx, cy, rx * 0.94, ry * 0.95, angle, soft=0.025), 0.05)
    canvas.paint(canvas.blob(cx, cy, rx * 0.88, ry * 0.90, angle, soft=0.025), fluid * 0.9)
    brain = canvas.mask_of(cx, cy, rx * 0.85, ry * 0.87, angle, soft=0.03, wobble=0.008, lobes=9)
    core = canvas.mask_of(cx, cy, rx * 0.66, ry * 0.70, angle, soft=0.16, wobble=0.05, lobes=9)
    folds = canvas.noise(0.13, 2)
    matter = np.clip(core + 0.55 * np.tanh(folds * 1.3) * brain * (1 - 0.8 * core), 0, 1)
    sulci = np.exp(-(canvas.noise(0.16, 1) / 0.16) ** 2) * brain * (1 - core)
    grey = cortex + (white - cortex) * matter
    grey = grey + (fluid - grey) * 0.75 * sulci
    canvas.fill(brain, grey[:, :, None])
    cos, sin = np.cos(angle), np.sin(angle)

    def at(u, v):
        return cx + cos * u - sin * v, cy + sin * u + cos * v

    canvas.fill(canvas.strokes([([at(0, -0.82 * s), at(0.01, -0.30 * s)], 0.022), ([at(0, 0.38 * s), at(0, 0.80 * s)], 0.022)], soft=0.008), fluid, 0.8)
    for side in (-1, 1):
        canvas.paint(canvas.blob(*at(side * 0.19 * s, 0.04 * s), 0.09 * s, 0.16 * s, angle + side * 0.3, soft=0.06), cortex * 1.05, 0.8)
    swell = rng.uniform(2.0, 2.6) if finding == "hydrocephalus" else rng.uniform(0.8, 1.15)
    ventricles = np.zeros_like(brain)
    for side in (-1, 1):
        front = canvas.mask_of(*at(side * (0.075 + 0.035 * swell) * s, -0.17 * s), 0.05 * swell * s, 0.15 * s * swell ** 0.6, angle + side * -0.35, soft=0.025)
        back = canvas.mask_of(*at(side * (0.10 + 0.04 * swell) * s, 0.22 * s), 0.05 * swell * s, 0.16 * s * swell ** 0.6, angle + side * 0.35, soft=0.025)
        ventricles = np.maximum(ventricles, np.maximum(front, back))
    canvas.fill(ventricles, fluid)
    region = brain_finding(canvas, finding, ventricles, at, s)
    if region is not None:
        region = region * brain
    canvas.add(brain * 0.03 * canvas.noise(0.5, 2) + rng.uniform(0.01, 0.035) * canvas.noise(0.02))
    canvas.rgb *= rng.uniform(0.85, 1.15)
    return canvas, region


def brain_finding(canvas, finding, ventricles, at, s):
    rng = canvas.rng
    side = rng.choice([-1, 1])
    x, y = at(side * rng.uniform(0.24, 0.42) * s, rng.uniform(-0.45, 0.45) * s)
    if finding == "hydrocephalus":
        return ventricles
    if finding == "tumour":
        radius = rng.uniform(0.13, 0.22)
        canvas.paint(canvas.blob(x, y, radius * 1.5, soft=0.16, wobble=0.10), 0.34, 0.6)
        mass = canvas.blob(x, y, radius, radius * rng.uniform(0.8, 1.15), rng.uniform(0, 3), soft=0.03, wobble=0.05)
        canvas.paint(mass, rng.uniform(0.9, 1.0))
        canvas.paint(canvas.blob(x + rng.normal() * 0.015, y + rng.normal() * 0.015, radius * rng.uniform(0.45, 0.65), soft=0.04, wobble=0.10), rng.uniform(0.3, 0.5))
        return canvas.full(mass)
    if finding == "hemorrhage":
        radius = rng.uniform(0.11, 0.20)
        canvas.paint(canvas.blob(x, y, radius * 1.35, soft=0.10, wobble=0.08), 0.75, 0.45)
        bleed = canvas.blob(x, y, radius, radius * rng.uniform(0.6, 1.0), rng.uniform(0, 3), soft=0.03, wobble=0.12)
        canvas.paint(bleed, rng.uniform(0.0, 0.05))
        return canvas.full(bleed)
    return None


def abdominal_ct(rng, width, height, finding):
    canvas = Canvas(rng, width, height, 0.01)
    s = rng.uniform(0.86, 1.0)
    squeeze = min(1.0, 0.97 * canvas.half_width / s)
    cx, cy = rng.uniform(-0.03, 0.03), rng.uniform(-0.05, 0.08)
    rx, ry = 0.97 * s * squeeze, rng.uniform(0.68, 0.80) * s

    def organ(u, v, a, b, grey, angle=0.0, wobble=0.03, soft=0.03):
        shape = canvas.blob(cx + u * rx, cy + v * ry, a * rx, b * ry, angle, soft, wobble)
        texture = canvas.noise(0.05)[shape.rows, shape.cols, None]
        canvas.paint(shape, grey + 0.018 * texture)
        return shape

    if rng.random() < 0.6:
        t = np.linspace(-0.8, 0.8, 20)
        canvas.fill(canvas.strokes([(list(zip(cx + t, cy + ry * 1.08 - 0.10 * t ** 2)), 0.02)]), 0.4)
    fat, wall = rng.uniform(0.20, 0.26), rng.uniform(0.46, 0.54)
    organ(0, 0, 1.0, 1.0, 0.42, wobble=0.01)
    organ(0, 0, 0.985, 0.98, fat, wobble=0.01)
    organ(0, 0.02, 0.88, 0.86, wall, wobble=0.01)
    organ(0, -0.03, 0.82, 0.78, fat + 0.02, wobble=0.015)
    enhanced = rng.uniform(0.58, 0.68)
    for side in (-1, 1):
        organ(side * 0.24, 0.62, 0.17, 0.17, wall, wobble=0.05)
    for _ in range(9):
        u, v = rng.uniform(-0.15, 0.60), rng.uniform(-0.42, 0.25)
        loop = organ(u, v, rng.uniform(0.07, 0.12), rng.uniform(0.09, 0.14), rng.uniform(0.42, 0.54), wobble=0.06)
        if rng.random() < 0.35:
            canvas.paint(loop._replace(mask=loop.mask ** 6), 0.08, 0.8)
    liver = organ(-0.40, -0.18, 0.40, 0.50, enhanced, angle=0.35, wobble=0.04)
    spleen_grey = enhanced + rng.uniform(-0.02, 0.06)
    organ(0.63, 0.10, 0.13, 0.30, spleen_grey, angle=-0.2)
    stomach = organ(0.34, -0.40, 0.27, 0.22, 0.45, angle=-0.3, wobble=0.04)
    canvas.paint(stomach._replace(mask=stomach.mask * smoothstep(0.5 + (cy - 0.42 * ry - canvas.y[stomach.rows]) / 0.03)), 0.02)
    kidneys = []
    for side in (-1, 1):
        v = 0.36 + rng.uniform(-0.04, 0.04)
        kidneys.append((side * 0.42, v))
        organ(side * 0.42, v, 0.145, 0.20, enhanced + 0.10, angle=-side * 0.3, wobble=0.03)
        organ(side * 0.37, v, 0.06, 0.09, fat + 0.15, soft=0.05)
    organ(0, 0.50, 0.15, 0.19, 0.80, wobble=0.05)
    organ(0, 0.50, 0.11, 0.14, 0.70, wobble=0.05)
    organ(0, 0.72, 0.055, 0.16, 0.88, wobble=0.1)
    organ(0, 0.67, 0.05, 0.06, 0.40)
    organ(0.06, 0.24, 0.055, 0.075, enhanced + 0.18, wobble=0.0)
    organ(-0.12, 0.24, 0.06, 0.07, enhanced + 0.06, wobble=0.02)
    for k in range(9):
        theta = 0.35 + k * 0.29 if k < 5 else 3.6 + (k - 5) * 0.30
        for side in (-1, 1):
            organ(side * 0.85 * np.sin(theta), 0.83 * np.cos(theta), 0.045, 0.03, 0.95, angle=-side * theta, wobble=0.0)
    region = ct_finding(canvas, finding, organ, kidneys, liver, enhanced)
    canvas.add(rng.uniform(0.012, 0.035) * canvas.noise(0.025))
    canvas.rgb *= rng.uniform(0.9, 1.1)
    return canvas, region


def ct_finding(canvas, finding, organ, kidneys, liver, enhanced):
    rng = canvas.rng
    if finding == "cyst":
        u, v = (-0.42, -0.18) if rng.random() < 0.6 else kidneys[int(rng.integers(2))]
        radius = rng.uniform(0.09, 0.16)
        return canvas.full(organ(u + rng.uniform(-0.10, 0.10), v + rng.uniform(-0.14, 0.1), radius, radius * 1.3, 0.27, wobble=0.01, soft=0.02))
    if finding == "kidney stone":
        u, v = kidneys[int(rng.integers(2))]
        return canvas.full(organ(u + rng.uniform(-0.05, 0.05), v + rng.uniform(-0.07, 0.07), rng.uniform(0.045, 0.075), rng.uniform(0.05, 0.085), 1.25, wobble=0.05))
    if finding == "metastases":
        region = np.zeros((canvas.height, canvas.width), np.float32)
        for _ in range(int(rng.integers(5, 10))):
            u, v = -0.40 + rng.uniform(-0.25, 0.25), -0.18 + rng.uniform(-0.32, 0.32)
            radius = rng.uniform(0.035, 0.075)
            spot = organ(u, v, radius, radius * 1.3, enhanced - rng.uniform(0.16, 0.26), wobble=0.08, soft=0.05)
            organ(u, v, radius * 0.4, radius * 0.5, enhanced - 0.30, soft=0.04)
            region = np.maximum(region, canvas.full(spot))
        return region * canvas.full(liver)
    return None


def ultrasound(rng, width, height, finding):
    canvas = Canvas(rng, width, height, 0.0)
    convex = rng.random() < 0.65
    apex = rng.uniform(-1.5, -1.25)
    depth = np.hypot(canvas.x, canvas.y - apex)
    bearing = np.arctan2(canvas.x, canvas.y - apex)
    if convex:
        opening, near = rng.uniform(0.50, 0.68), rng.uniform(0.42, 0.6)
        beam = smoothstep(0.5 + (opening - np.abs(bearing)) / 0.012) * smoothstep(0.5 + (depth - near) / 0.015) * smoothstep(0.5 + (2.36 + 0.1 - depth) / 0.015)
        t = np.clip((depth - near) / (2.4 - near), 0, 1)
    else:
        half, top = rng.uniform(0.78, 1.1), rng.uniform(-0.95, -0.85)
        beam = smoothstep(0.5 + (half - np.abs(canvas.x)) / 0.012) * smoothstep(0.5 + (canvas.y - top) / 0.015) * smoothstep(0.5 + (0.92 - canvas.y) / 0.015)
        t = np.clip((canvas.y - top) / 1.9, 0, 1) + 0 * canvas.x
    echo = 0.38 + 0.05 * canvas.noise(0.5, 2)
    for _ in range(int(rng.integers(3, 7))):
        level, slope = rng.uniform(0.03, 0.95), rng.normal() * 0.06
        warp = 0.012 * canvas.noise(0.4, 1, stretch=2.0)
        echo = echo + rng.uniform(0.10, 0.35) * np.exp(-((t + slope * canvas.x + warp - level) / rng.uniform(0.006, 0.02)) ** 2)
    echo = echo + 0.45 * np.exp(-t / 0.035)
    x, y = rng.uniform(-0.3, 0.3), rng.uniform(-0.15, 0.25)
    echo, region = echo_finding(canvas, finding, echo, x, y, bearing if convex else canvas.x + 0 * canvas.y, t)
    speckle = np.hypot(canvas.noise(0.022, 1, stretch=1.9), canvas.noise(0.022, 1, stretch=1.9)) / 1.25
    gain = rng.uniform(0.75, 1.2) * (1 - 0.35 * t)
    canvas.add(np.clip(echo, 0, 1.4) * (0.42 + 0.58 * speckle) * gain * beam)
    canvas.rgb *= np.array([1.0, 1.0, 1.0]) if rng.random() < 0.7 else np.array([1.0, 0.93, 0.82]) * rng.uniform(0.95, 1.05)
    if rng.random() < 0.5:
        ticks = [([(0.93 * canvas.half_width, v), (0.97 * canvas.half_width, v)], 0.012) for v in np.linspace(-0.8, 0.8, 9)]
        canvas.fill(canvas.strokes(ticks), 0.7)
    return canvas, None if region is None else region * beam


def echo_finding(canvas, finding, echo, x, y, bearing, t):
    """`bearing` tells the scan line of every pixel: enhancement and shadow run along it, below the finding."""
    rng = canvas.rng

    def below(mask, width):
        rows, cols = np.nonzero(mask > 0.5)
        centre, floor = bearing[rows, cols].mean(), t[rows, cols].mean()
        spread = np.abs(bearing[rows, cols] - centre).max() * width
        return smoothstep(0.5 + (spread - np.abs(bearing - centre)) / (0.3 * spread)) * smoothstep((t - floor) / 0.1)

    if finding == "cyst":
        cyst = canvas.mask_of(x, y, rng.uniform(0.18, 0.34), rng.uniform(0.16, 0.28), rng.normal() * 0.3, soft=0.03, wobble=0.02)
        echo = echo * (1 + 0.7 * below(cyst, 0.8))
        rim = np.clip(4 * cyst * (1 - cyst), 0, 1)
        return echo * (1 - 0.97 * cyst) + 0.5 * rim, cyst
    if finding == "nodule":
        mass = canvas.mask_of(x, y, rng.uniform(0.18, 0.32), rng.uniform(0.16, 0.26), rng.uniform(0, 3), soft=0.05, wobble=0.14, lobes=9)
        inner = 0.11 + 0.05 * canvas.noise(0.08, 2)
        bright = canvas.noise(0.035) > 1.9
        return echo + (inner + 0.5 * bright - echo) * mass, mass
    if finding == "gallstone":
        bladder = canvas.mask_of(x, y, rng.uniform(0.34, 0.46), rng.uniform(0.18, 0.24), rng.normal() * 0.35, soft=0.03, wobble=0.03)
        echo = echo * (1 - 0.96 * bladder) + 0.4 * np.clip(4 * bladder * (1 - bladder), 0, 1)
        stone = canvas.mask_of(x + rng.uniform(-0.10, 0.10), y + rng.uniform(0.03, 0.09), rng.uniform(0.08, 0.12), rng.uniform(0.06, 0.09), soft=0.03, wobble=0.05)
        echo = echo * (1 - 0.93 * below(stone, 0.95))
        return echo * (1 - stone) + 1.3 * stone, stone
    return echo, None
