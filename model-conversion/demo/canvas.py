"""Drawing primitives for the phantoms: soft shapes, strokes and fractal noise on a float canvas.

Coordinates: the centre is (0, 0), the short side runs from -1 to 1, the long side further; y points down.
So a circle stays a circle whatever the picture's aspect ratio, and sizes do not depend on its resolution.
"""
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


class Shape(NamedTuple):
    """A soft mask (0..1) over a window of the canvas."""
    rows: slice
    cols: slice
    mask: np.ndarray


def smoothstep(t):
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


class Canvas:
    """An RGB float picture (height, width, 3) that starts in one colour."""

    def __init__(self, rng, width, height, colour):
        self.rng = rng
        self.width, self.height = width, height
        self.unit = min(width, height) / 2.0
        self.x = ((np.arange(width) + 0.5 - width / 2.0) / self.unit).astype(np.float32)[None, :]
        self.y = ((np.arange(height) + 0.5 - height / 2.0) / self.unit).astype(np.float32)[:, None]
        self.rgb = np.empty((height, width, 3), np.float32)
        self.rgb[:] = colour
        self.half_width, self.half_height = width / 2.0 / self.unit, height / 2.0 / self.unit

    def window(self, cx, cy, radius):
        def span(centre, half, size):
            low = int(np.floor((centre - radius + half) * self.unit))
            high = int(np.ceil((centre + radius + half) * self.unit)) + 1
            return slice(min(max(low, 0), size), min(max(high, 0), size))
        return span(cy, self.half_height, self.height), span(cx, self.half_width, self.width)

    def blob(self, cx, cy, rx, ry=None, angle=0.0, soft=0.0, wobble=0.0, lobes=6):
        """An ellipse whose rim is soft over `soft` and, with `wobble`, waves by that part of the radius."""
        ry = rx if ry is None else ry
        soft = max(soft, 1.5 / self.unit)
        rows, cols = self.window(cx, cy, max(rx, ry) * (1.0 + 2.5 * wobble) + soft)
        dx, dy = self.x[:, cols] - cx, self.y[rows] - cy
        cos, sin = np.cos(angle), np.sin(angle)
        u, v = (cos * dx + sin * dy) / rx, (cos * dy - sin * dx) / ry
        rim = 1.0
        if wobble > 0.0:
            theta = np.arctan2(v, u)
            for k in range(2, lobes + 1):
                rim = rim + wobble * self.rng.normal() / np.sqrt(k) * np.cos(k * theta + self.rng.uniform(0, 6.2832))
        inside = (rim - np.sqrt(u * u + v * v)) * min(rx, ry)
        return Shape(rows, cols, smoothstep(0.5 + inside / soft))

    def full(self, shape):
        mask = np.zeros((self.height, self.width), np.float32)
        mask[shape.rows, shape.cols] = shape.mask
        return mask

    def mask_of(self, *args, **kwargs):
        return self.full(self.blob(*args, **kwargs))

    def paint(self, shape, colour, alpha=1.0):
        """Blends `colour` (a scalar, an RGB triple or an array of the window) over the window."""
        mask = (shape.mask * alpha)[:, :, None]
        view = self.rgb[shape.rows, shape.cols]
        view += mask * (np.asarray(colour, np.float32) - view)

    def fill(self, mask, colour, alpha=1.0):
        """Like paint, for a mask over the whole canvas."""
        self.rgb += (mask * alpha)[:, :, None] * (np.asarray(colour, np.float32) - self.rgb)

    def strokes(self, lines, soft=0.0):
        """A mask of polylines: each is (points [(x, y), ...], width). Antialiased by drawing at twice the size."""
        big = Image.new("L", (self.width * 2, self.height * 2), 0)
        pen = ImageDraw.Draw(big)
        scale = 2.0 * self.unit
        for points, width in lines:
            path = [((px + self.half_width) * scale, (py + self.half_height) * scale) for px, py in points]
            pen.line(path, fill=255, width=max(1, round(width * scale)), joint="curve")
        if soft > 0.0:
            big = big.filter(ImageFilter.GaussianBlur(soft * scale))
        small = big.resize((self.width, self.height), Image.BOX)
        return np.asarray(small, np.float32) / 255.0

    def noise(self, grain, octaves=1, stretch=1.0):
        """Smooth noise of unit deviation; `grain` is the size of its features, `stretch` > 1 draws them out along x."""
        total = np.zeros((self.height, self.width), np.float32)
        for octave in range(octaves):
            size = grain / 2 ** octave
            nx = max(2, min(self.width, int(2 * self.half_width / (size * stretch)) + 2))
            ny = max(2, min(self.height, int(2 * self.half_height / size) + 2))
            coarse = Image.fromarray(self.rng.normal(size=(ny, nx)).astype(np.float32), "F")
            total += np.asarray(coarse.resize((self.width, self.height), Image.BICUBIC)) * 0.6 ** octave
        return (total - total.mean()) / (total.std() + 1e-6)

    def add(self, grey):
        self.rgb += grey[:, :, None]


def curve(rng, start, angle, length, steps, bend, wander):
    """Points of a path that turns by `bend` over its length and wanders by `wander` a step."""
    points, (x, y) = [start], start
    for _ in range(steps):
        angle += bend / steps + rng.normal() * wander
        x, y = x + np.cos(angle) * length / steps, y + np.sin(angle) * length / steps
        points.append((x, y))
    return points, angle
