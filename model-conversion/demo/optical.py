"""Colour phantoms: skin lesion (dermoscopy), histology (H&E), fundus photograph, blood smear.

Each function draws one picture and returns (canvas, region): `region` is the mask of the finding, None when there is none.
"""
import numpy as np

from canvas import Canvas, curve, smoothstep


def rgb(rng, base, jitter=0.03):
    return np.clip(np.asarray(base) + rng.normal(size=3) * jitter, 0, 1).astype(np.float32)


def mottle(canvas, amount, grain, octaves=2, tint=(1.0, 1.0, 1.0)):
    canvas.rgb += amount * canvas.noise(grain, octaves)[:, :, None] * np.asarray(tint, np.float32)


# --- skin ---------------------------------------------------------------------------------------

SKIN_TONES = [(0.93, 0.76, 0.68), (0.90, 0.70, 0.60), (0.85, 0.63, 0.52), (0.72, 0.52, 0.41), (0.58, 0.41, 0.32), (0.95, 0.80, 0.76)]


def skin_lesion(rng, width, height, finding):
    canvas = Canvas(rng, width, height, rgb(rng, SKIN_TONES[int(rng.integers(len(SKIN_TONES)))]))
    skin = canvas.rgb[0, 0].copy()
    mottle(canvas, 0.02, 0.5, 3)
    mottle(canvas, rng.uniform(0.008, 0.02), 0.035, 1, (0.6, 1.0, 1.0))
    x, y = rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15)
    radius = rng.uniform(0.30, 0.62)
    draw = {"nevus": nevus, "melanoma": melanoma, "hemangioma": hemangioma}[finding]
    region = draw(canvas, skin, x, y, radius)
    if rng.random() < 0.55:
        hairs = []
        for _ in range(int(rng.integers(3, 14))):
            start = (rng.uniform(-1, 1) * canvas.half_width, rng.uniform(-1, 1) * canvas.half_height)
            path, _ = curve(rng, start, rng.uniform(0, 6.28), rng.uniform(0.6, 1.6), 14, rng.normal() * 0.8, 0.02)
            hairs.append((path, rng.uniform(0.008, 0.016)))
        canvas.fill(canvas.strokes(hairs), skin * 0.22, 0.85)
    for _ in range(int(rng.integers(0, 5))):
        bx, by, br = rng.uniform(-0.9, 0.9), rng.uniform(-0.9, 0.9), rng.uniform(0.02, 0.07)
        ring = canvas.blob(bx, by, br, soft=0.012)
        canvas.paint(ring._replace(mask=np.clip(4 * ring.mask * (1 - ring.mask), 0, 1)), 0.98, 0.6)
    if rng.random() < 0.45:
        view = canvas.mask_of(0, 0, rng.uniform(1.02, 1.25), soft=rng.uniform(0.02, 0.2))
        canvas.rgb *= view[:, :, None]
    else:
        fade = 1 - rng.uniform(0.0, 0.25) * np.clip((canvas.x ** 2 + canvas.y ** 2) / 2, 0, 1)
        canvas.rgb *= fade[:, :, None]
    return canvas, region


def nevus(canvas, skin, x, y, radius):
    rng = canvas.rng
    radius *= 0.85
    tone = skin * rgb(rng, (0.62, 0.48, 0.40), 0.03)
    mole = canvas.mask_of(x, y, radius, radius * rng.uniform(0.85, 1.0), rng.uniform(0, 3), soft=0.10, wobble=0.015)
    canvas.fill(mole, tone, 0.92)
    core = canvas.mask_of(x, y, radius * 0.65, soft=radius * 0.6)
    canvas.fill(core, tone * 0.72, 0.7)
    net = np.exp(-(canvas.noise(0.055, 1) / 0.35) ** 2)
    canvas.fill(mole * net, tone * 0.62, 0.45)
    return mole


def melanoma(canvas, skin, x, y, radius):
    rng = canvas.rng
    radius *= 1.05
    lesion = canvas.mask_of(x, y, radius, radius * rng.uniform(0.65, 0.9), rng.uniform(0, 3), soft=0.035, wobble=0.17, lobes=11)
    canvas.fill(lesion, skin * rgb(rng, (0.48, 0.33, 0.27), 0.03), 0.96)
    palette = [(0.07, 0.05, 0.06), (0.12, 0.07, 0.06), (0.33, 0.38, 0.48), (0.60, 0.22, 0.20), (0.80, 0.70, 0.68), (0.28, 0.15, 0.10)]
    for _ in range(int(rng.integers(6, 11))):
        theta, r = rng.uniform(0, 6.28), radius * rng.uniform(0.0, 0.8)
        colour = rgb(rng, palette[int(rng.integers(len(palette)))], 0.02)
        spot = canvas.mask_of(x + r * np.cos(theta), y + r * np.sin(theta), radius * rng.uniform(0.18, 0.45), radius * rng.uniform(0.15, 0.35),
                              rng.uniform(0, 3), soft=0.08, wobble=0.15)
        canvas.fill(lesion * spot, colour, rng.uniform(0.6, 0.95))
    for _ in range(int(rng.integers(8, 20))):
        theta, r = rng.uniform(0, 6.28), radius * rng.uniform(0.7, 1.15)
        canvas.paint(canvas.blob(x + r * np.cos(theta), y + r * np.sin(theta), rng.uniform(0.012, 0.03)), (0.10, 0.06, 0.06), 0.8)
    return lesion


def hemangioma(canvas, skin, x, y, radius):
    rng = canvas.rng
    radius *= 0.8
    lesion = canvas.mask_of(x, y, radius, radius * rng.uniform(0.8, 1.0), rng.uniform(0, 3), soft=0.06, wobble=0.05)
    canvas.fill(lesion, skin * np.array([0.95, 0.50, 0.50], np.float32), 0.85)
    for _ in range(int(rng.integers(14, 26))):
        theta, r = rng.uniform(0, 6.28), radius * np.sqrt(rng.uniform(0, 0.8))
        size = rng.uniform(0.12, 0.26) * radius
        canvas.paint(canvas.blob(x + r * np.cos(theta), y + r * np.sin(theta), size, size * rng.uniform(0.75, 1.0), rng.uniform(0, 3), soft=0.03, wobble=0.04),
                     rgb(rng, (0.62, 0.06, 0.13), 0.05), 0.9)
    return lesion


# --- histology ----------------------------------------------------------------------------------

def nucleus(canvas, x, y, size, colour, wobble=0.05):
    rng = canvas.rng
    body = canvas.blob(x, y, size, size * rng.uniform(0.65, 1.0), rng.uniform(0, 3.14), soft=size * 0.3, wobble=wobble)
    canvas.paint(body, colour, 0.92)
    canvas.paint(canvas.blob(x - size * 0.2, y - size * 0.2, size * 0.35, soft=size * 0.4), np.minimum(colour * 1.5, 1), 0.4)
    return body


def scatter(canvas, count, margin=1.05):
    xs = canvas.rng.uniform(-margin, margin, count) * canvas.half_width
    ys = canvas.rng.uniform(-margin, margin, count) * canvas.half_height
    return zip(xs, ys)


def gland(canvas, x, y, radius, cell, purple):
    rng = canvas.rng
    squash, angle = rng.uniform(0.7, 1.0), rng.uniform(0, 3.14)
    canvas.paint(canvas.blob(x, y, radius, radius * squash, angle, soft=0.03, wobble=0.04), cell)
    canvas.paint(canvas.blob(x, y, radius * 0.42, radius * 0.42 * squash, angle, soft=0.03, wobble=0.08), (0.97, 0.94, 0.97))
    cos, sin = np.cos(angle), np.sin(angle)
    count = int(radius * 75)
    for k in range(count):
        theta = 6.2832 * k / count + rng.normal() * 0.05
        u, v = 0.84 * radius * np.cos(theta), 0.84 * radius * squash * np.sin(theta)
        nucleus(canvas, x + cos * u - sin * v, y + sin * u + cos * v, rng.uniform(0.030, 0.038), rgb(rng, purple, 0.02))


def histology(rng, width, height, finding):
    eosin = rgb(rng, (0.91, 0.64, 0.78), 0.035)
    purple = rgb(rng, (0.36, 0.20, 0.54), 0.035)
    cell = eosin * np.array([0.93, 0.86, 0.97], np.float32)
    canvas = Canvas(rng, width, height, eosin)
    fibres = np.abs(canvas.noise(0.16, 3, stretch=rng.uniform(1.5, 3.5)))
    canvas.rgb += (0.07 * (fibres - 0.8))[:, :, None] * np.array([0.5, 1.2, 0.7], np.float32)
    gaps = smoothstep((canvas.noise(0.25, 2) - 1.5) / 0.4)
    canvas.fill(gaps, (0.96, 0.93, 0.96), 0.85)
    for x, y in scatter(canvas, int(40 * canvas.half_width * canvas.half_height)):
        size = rng.uniform(0.022, 0.03)
        canvas.paint(canvas.blob(x, y, size * 1.6, size * 0.6, rng.normal() * 0.5, soft=0.012), rgb(rng, purple, 0.03), 0.85)
    region = None
    if finding in ("normal", "inflammation"):
        for x, y in grid_places(canvas, rng.uniform(0.55, 0.72), 0.12):
            gland(canvas, x, y, rng.uniform(0.19, 0.29), rgb(rng, cell, 0.015), purple)
    if finding == "inflammation":
        region = inflammation(canvas, purple)
    if finding == "tumour":
        region = carcinoma(canvas, cell, purple)
    if finding == "fat":
        region = fat(canvas, cell, purple)
    mottle(canvas, 0.015, 0.03, 1)
    canvas.rgb *= rng.uniform(0.92, 1.05)
    return canvas, region


def grid_places(canvas, pitch, jitter):
    """Loosely spaced centres: a jittered hexagonal grid."""
    rng = canvas.rng
    row = 0
    for y in np.arange(-canvas.half_height - pitch * rng.random(), canvas.half_height + pitch, pitch * 0.9):
        row += 1
        for x in np.arange(-canvas.half_width - pitch * rng.random(), canvas.half_width + pitch, pitch):
            yield x + 0.5 * pitch * (row % 2) + rng.normal() * jitter * pitch, y + rng.normal() * jitter * pitch


def inflammation(canvas, purple):
    rng = canvas.rng
    cx, cy = rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4)
    spread = rng.uniform(0.30, 0.5)
    for _ in range(int(420 * spread)):
        x, y = cx + rng.normal() * spread * 0.5, cy + rng.normal() * spread * 0.5
        nucleus(canvas, x, y, rng.uniform(0.022, 0.028), rgb(rng, np.asarray(purple) * 0.62, 0.02), wobble=0.0)
    return canvas.mask_of(cx, cy, spread * 0.85, soft=0.1)


def carcinoma(canvas, cell, purple):
    rng = canvas.rng
    if rng.random() < 0.5:
        nest = canvas.mask_of(rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3), rng.uniform(0.6, 0.9), rng.uniform(0.5, 0.8), rng.uniform(0, 3), soft=0.06, wobble=0.12)
    else:
        nest = smoothstep((canvas.noise(0.6, 2) + 0.8) / 0.3)
    canvas.fill(nest, cell * np.array([0.86, 0.78, 0.95], np.float32), 0.8)
    for x, y in grid_places(canvas, rng.uniform(0.105, 0.13), 0.2):
        row, col = int((y + canvas.half_height) * canvas.unit), int((x + canvas.half_width) * canvas.unit)
        if 0 <= row < canvas.height and 0 <= col < canvas.width and nest[row, col] > 0.5:
            nucleus(canvas, x, y, rng.uniform(0.038, 0.075), rgb(rng, np.asarray(purple) * rng.uniform(0.55, 1.0), 0.03), wobble=0.10)
    return nest


def fat(canvas, cell, purple):
    rng = canvas.rng
    region = np.zeros((canvas.height, canvas.width), np.float32)
    edge = smoothstep((canvas.noise(0.9, 1) + 1.0) / 0.3)
    for x, y in grid_places(canvas, rng.uniform(0.30, 0.40), 0.10):
        radius = rng.uniform(0.15, 0.21)
        vacuole = canvas.full(canvas.blob(x, y, radius, radius * rng.uniform(0.85, 1.05), rng.uniform(0, 3), soft=0.02, wobble=0.03)) * edge
        region = np.maximum(region, vacuole)
        if rng.random() < 0.5:
            theta = rng.uniform(0, 6.28)
            nucleus(canvas, x + radius * 1.05 * np.cos(theta), y + radius * 1.05 * np.sin(theta), 0.028, rgb(rng, purple, 0.02))
    canvas.fill(region, (0.98, 0.96, 0.98))
    return region


# --- fundus -------------------------------------------------------------------------------------

def vessel_tree(rng, disc, toward):
    """Four arcades that leave the disc and bend around the macula, with branches; arteries thin, veins thick."""
    lines = []
    for up in (-1, 1):
        for outward in (1, -1):
            for kind in (0, 1):
                base = up * (1.15 if outward == 1 else 1.9) + rng.normal() * 0.15
                angle = base if toward > 0 else np.pi - base
                bend = -toward * up * (1.5 if outward == 1 else -0.5) + rng.normal() * 0.2
                width = (0.026, 0.040)[kind] * rng.uniform(0.85, 1.1)
                path, _ = curve(rng, disc, angle + kind * 0.22 * up, 1.5 if outward == 1 else 0.9, 18, bend, 0.06)
                for part in range(0, 18, 6):
                    lines.append((path[part:part + 7], width * (1 - part / 26), kind))
                for at in (4, 7, 10, 13):
                    twig, _ = curve(rng, path[at], angle + bend * at / 18 + rng.choice([-1, 1]) * rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.7), 9, rng.normal() * 0.7, 0.1)
                    lines.append((twig, width * 0.5, kind))
    return lines


def fundus(rng, width, height, finding):
    canvas = Canvas(rng, width, height, 0.01)
    radius = rng.uniform(0.88, 1.02)
    cx, cy = rng.uniform(-0.05, 0.05), rng.uniform(-0.04, 0.04)
    base = rgb(rng, [(0.80, 0.36, 0.15), (0.72, 0.28, 0.12), (0.86, 0.45, 0.22), (0.62, 0.25, 0.12)][int(rng.integers(4))], 0.025)
    canvas.fill(np.ones((height, width), np.float32), base)
    mottle(canvas, 0.02, 0.35, 4, (1.0, 0.7, 0.4))
    toward = rng.choice([-1, 1])
    disc = (cx - toward * rng.uniform(0.42, 0.55), cy + rng.normal() * 0.05)
    macula = (disc[0] + toward * rng.uniform(0.55, 0.65), disc[1] + 0.06)
    canvas.paint(canvas.blob(*macula, 0.24, soft=0.35), base * 0.58, 0.75)
    size = rng.uniform(0.12, 0.15)
    canvas.paint(canvas.blob(*disc, size * 1.5, soft=0.25), np.minimum(base * 1.25, 1), 0.5)
    canvas.paint(canvas.blob(*disc, size * 0.92, size, soft=0.03, wobble=0.02), rgb(rng, (0.97, 0.80, 0.50), 0.02))
    cup = rng.uniform(0.78, 0.88) if finding == "glaucoma" else rng.uniform(0.25, 0.40)
    canvas.paint(canvas.blob(*disc, size * cup, soft=0.02 + 0.02 * (1 - cup)), (1.0, 0.97, 0.86), 0.95)
    lines = vessel_tree(rng, disc, toward)
    for kind, colour in ((1, base * np.array([0.52, 0.33, 0.45])), (0, base * np.array([0.78, 0.52, 0.55]))):
        canvas.fill(canvas.strokes([(p, w) for p, w, k in lines if k == kind], soft=0.003), colour, 0.85)
    region = fundus_finding(canvas, finding, disc, size, macula)
    fade = 1.05 - rng.uniform(0.15, 0.45) * np.clip(((canvas.x - cx) ** 2 + (canvas.y - cy) ** 2) / radius ** 2, 0, 1.2)
    view = canvas.mask_of(cx, cy, radius, soft=0.025)
    canvas.rgb *= (fade * view)[:, :, None]
    return canvas, None if region is None else region * view


def fundus_finding(canvas, finding, disc, size, macula):
    rng = canvas.rng
    if finding == "glaucoma":
        return canvas.mask_of(*disc, size)
    if finding not in ("diabetic retinopathy", "hemorrhage"):
        return None
    region = np.zeros((canvas.height, canvas.width), np.float32)

    def place(spread):
        while True:
            x, y = macula[0] + rng.normal() * spread, macula[1] + rng.normal() * spread
            if np.hypot(x - disc[0], y - disc[1]) > size * 1.8 and np.hypot(x, y) < 0.85:
                return x, y

    if finding == "hemorrhage":
        for _ in range(int(rng.integers(3, 7))):
            blot = canvas.blob(*place(0.38), rng.uniform(0.06, 0.14), rng.uniform(0.05, 0.10), rng.uniform(0, 3), soft=0.03, wobble=0.16, lobes=9)
            canvas.paint(blot, rgb(rng, (0.30, 0.03, 0.03), 0.015), 0.92)
            region = np.maximum(region, canvas.full(blot))
        return region
    for _ in range(int(rng.integers(3, 6))):
        hx, hy = place(0.28)
        for _ in range(int(rng.integers(5, 11))):
            spot = canvas.blob(hx + rng.normal() * 0.08, hy + rng.normal() * 0.08, rng.uniform(0.015, 0.04), rng.uniform(0.015, 0.03), rng.uniform(0, 3), soft=0.015, wobble=0.1)
            canvas.paint(spot, rgb(rng, (0.99, 0.90, 0.50), 0.02), 0.95)
            region = np.maximum(region, canvas.full(spot))
    for _ in range(int(rng.integers(10, 22))):
        dot = canvas.blob(*place(0.35), rng.uniform(0.010, 0.020))
        canvas.paint(dot, (0.42, 0.04, 0.04), 0.9)
        region = np.maximum(region, canvas.full(dot))
    return region


# --- blood smear --------------------------------------------------------------------------------

def red_cell(canvas, x, y, size, colour):
    rng = canvas.rng
    disc = canvas.blob(x, y, size, size * rng.uniform(0.88, 1.0), rng.uniform(0, 3), soft=0.02, wobble=0.012)
    canvas.paint(disc, colour, 0.9)
    canvas.paint(canvas.blob(x, y, size * 0.45, soft=size * 0.5), np.minimum(colour * 1.22 + 0.04, 1), 0.85)
    return disc


def sickle_cell(canvas, x, y, size, colour):
    rng = canvas.rng
    angle, length = rng.uniform(0, 6.28), size * rng.uniform(1.5, 1.9)
    body = canvas.mask_of(x, y, length, size * 0.62, angle, soft=0.02)
    bite = canvas.mask_of(x + np.sin(angle) * size * 0.55, y - np.cos(angle) * size * 0.55, length * 0.95, size * 0.55, angle, soft=0.02)
    crescent = body * (1 - bite)
    canvas.fill(crescent, colour * np.array([0.95, 0.85, 0.88], np.float32), 0.95)
    return crescent


def white_cell(canvas, x, y, size, purple, blast):
    rng = canvas.rng
    body = canvas.blob(x, y, size, size * rng.uniform(0.9, 1.0), rng.uniform(0, 3), soft=0.03, wobble=0.03)
    canvas.paint(body, rgb(rng, (0.74, 0.70, 0.90) if not blast else (0.55, 0.52, 0.85), 0.03), 0.92)
    if blast:
        canvas.paint(canvas.blob(x + rng.normal() * 0.1 * size, y + rng.normal() * 0.1 * size, size * 0.83, size * 0.75, rng.uniform(0, 3), soft=0.03, wobble=0.05), purple)
        for _ in range(2):
            canvas.paint(canvas.blob(x + rng.normal() * 0.25 * size, y + rng.normal() * 0.25 * size, size * 0.16, soft=0.02), np.minimum(purple * 1.5, 1), 0.6)
        return body
    theta = rng.uniform(0, 6.28)
    for k in range(int(rng.integers(2, 5))):
        theta += rng.uniform(1.2, 1.9)
        canvas.paint(canvas.blob(x + 0.42 * size * np.cos(theta), y + 0.42 * size * np.sin(theta), size * 0.36, size * 0.28, theta, soft=0.025, wobble=0.04), purple, 0.95)
    return body


def blood_smear(rng, width, height, finding):
    canvas = Canvas(rng, width, height, rgb(rng, [(0.95, 0.91, 0.89), (0.93, 0.90, 0.95), (0.96, 0.94, 0.86)][int(rng.integers(3))], 0.015))
    mottle(canvas, 0.01, 0.6, 2)
    red, purple = rgb(rng, (0.84, 0.52, 0.52), 0.04), rgb(rng, (0.36, 0.16, 0.52), 0.03)
    size = rng.uniform(0.105, 0.155)
    region = np.zeros((height, width), np.float32)
    crowd = rng.uniform(2.15, 2.7) + (0.7 if finding == "leukemia" else 0.0)
    for x, y in grid_places(canvas, size * crowd, 0.17):
        if rng.random() < 0.12:
            continue
        colour = rgb(rng, red, 0.015)
        if finding == "sickle cells" and rng.random() < 0.42:
            region = np.maximum(region, sickle_cell(canvas, x, y, size, colour))
            continue
        red_cell(canvas, x, y, size * rng.uniform(0.9, 1.08), colour)
        if finding == "malaria" and rng.random() < 0.33:
            region = np.maximum(region, malaria_ring(canvas, x, y, size, purple))
    if finding == "leukemia":
        for x, y in scatter(canvas, int(rng.integers(6, 12)), 0.85):
            region = np.maximum(region, canvas.full(white_cell(canvas, x, y, size * rng.uniform(1.6, 2.1), purple, True)))
    elif rng.random() < 0.6:
        for x, y in scatter(canvas, int(rng.integers(1, 3)), 0.8):
            white_cell(canvas, x, y, size * rng.uniform(1.5, 1.8), purple, False)
    for x, y in scatter(canvas, int(rng.integers(3, 12))):
        canvas.paint(canvas.blob(x, y, rng.uniform(0.02, 0.032), soft=0.02, wobble=0.1), purple * 1.3, 0.7)
    fade = 1 - rng.uniform(0.0, 0.2) * np.clip((canvas.x ** 2 + canvas.y ** 2) / 2, 0, 1)
    canvas.rgb *= fade[:, :, None]
    return canvas, None if finding == "normal" else region


def malaria_ring(canvas, x, y, size, purple):
    rng = canvas.rng
    px, py = x + rng.normal() * 0.2 * size, y + rng.normal() * 0.2 * size
    outer = canvas.blob(px, py, size * 0.42, soft=0.02)
    inner = canvas.mask_of(px, py, size * 0.22, soft=0.02)
    ring = canvas.full(outer) * (1 - inner)
    canvas.fill(ring, purple, 0.9)
    canvas.paint(canvas.blob(px + size * 0.36, py, size * 0.16), purple * 0.8)
    return canvas.full(outer)
