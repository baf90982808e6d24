"""Clothes: colour zones on the body's surface, and cloth that stands off the skin."""
from dataclasses import dataclass

import numpy as np
from body import Body, vertex_normals
from rasteriser import noise_at
from scipy.sparse import coo_array

Colour = tuple[float, float, float]
SOLE = 0.012  # metres of shoe below the foot's skin
ZONES = ("trousers", "shirt", "shoes", "sole", "hair", "lips", "brows", "eye_white", "iris")


@dataclass(frozen=True)
class Outfit:
    """Colours in sRGB 0-255; sleeve is 0 (none) to 1 (to the wrist), trouser 0.5 (to the knee) to 1 (to the ankle)."""

    skin: Colour = (226, 178, 152)
    hair: Colour = (62, 42, 30)
    shirt: Colour = (38, 88, 150)
    trousers: Colour = (58, 60, 72)
    shoes: Colour = (205, 202, 196)
    stripe: Colour = (222, 222, 214)
    stripe_period: float = 0.06  # metres
    stripe_kind: int = 0  # 0 plain, 1 stripes, 2 checks
    sleeve: float = 0.45
    trouser: float = 1.0
    long_hair: bool = False

    def palette(self) -> np.ndarray:
        """Return linear colours (1 + zones, 3), skin first, in the order of ZONES (trousers and shirt: 1, 2)."""
        lips = tuple(0.78 * s + 0.22 * t for s, t in zip(self.skin, (150, 50, 60), strict=True))
        rows = (self.skin, self.trousers, self.shirt, self.shoes, (225, 224, 220), self.hair, lips, self.hair,
                (225, 222, 218), (50, 36, 28))
        return linearize(np.array(rows, float))

    def pattern(self) -> np.ndarray:
        """Return the shirt's pattern (5,) as the shader reads it."""
        return np.array([*linearize(np.array(self.stripe, float)), self.stripe_period, float(self.stripe_kind)])


def linearize(srgb: np.ndarray) -> np.ndarray:
    """Return linear light in [0, 1] from sRGB 0-255 (gamma 2.2)."""
    return (np.asarray(srgb, float) / 255) ** 2.2


def zone_fields(body: Body, outfit: Outfit) -> np.ndarray:
    """Return (V, zones): above 0 inside each of ZONES; the borders run where the interpolated field crosses 0."""
    x, y, z = body.vertices_rest.T
    arm = body.bone_share("upperarm", "lowerarm", "wrist", "metacarpal", "finger", "shoulder")
    head = body.bone_share("head", "eye", "neck03")
    eye = body.bone_share("eye")
    hip, _knee, ankle, neck = (body.head(bone)[2] for bone in ("root", "lowerleg01.L", "foot.L", "neck01"))
    floor = z.min()
    along = _along_arm(body)
    trousers = np.minimum(hip + 0.12 - z, z - (hip + outfit.trouser * (ankle - 0.025 - hip)))
    trousers = np.where(arm > 0.5, -1.0, trousers)
    collar = neck + 0.005 - z + 0.35 * y - 0.25 * np.abs(x)
    shirt = np.where(arm > 0.35, 0.5 * (outfit.sleeve - along), np.minimum(z - (hip - 0.06), collar))
    shoes = np.where(arm > 0.2, -1, ankle - 0.008 - z)
    sole = np.where(arm > 0.2, -1, floor + 0.018 - z)
    eye_left = body.head("eye.L")
    hairline = 0.75 * (y - eye_left[1] - 0.028) + 0.66 * (z - eye_left[2] - 0.046)
    low = eye_left[2] - (0.17 if outfit.long_hair else 0.055)
    ear = np.hypot(y - eye_left[1] - 0.085, (z - eye_left[2] + 0.015) * 0.8) - 0.036
    hair = np.where((head + body.bone_share("neck") > 0.5) & (eye < 0.1), np.minimum(hairline, z - low), -1)
    hair = hair if outfit.long_hair else np.where(np.abs(x) > 0.05, np.minimum(hair, ear), hair)
    front = y < eye_left[1] + 0.02
    nose = body.keypoint_weights[body.keypoint_labels.index("nose")] @ body.vertices_rest
    lips = np.where(front, 1 - (x / 0.025) ** 2 - ((z - nose[2] + 0.036) / 0.009) ** 2, -1)
    brows = np.where(front, 1 - ((np.abs(x) - 0.033) / 0.019) ** 2 - ((z - eye_left[2] - 0.021) / 0.0045) ** 2, -1)
    white = eye - 0.5
    radius = np.hypot(np.abs(x) - eye_left[0], z - eye_left[2])
    iris = np.where((eye > 0.5) & front, 0.0062 - radius, -1)
    return np.stack([trousers, shirt, np.minimum(shoes, -trousers), sole, hair, lips, brows, white, iris], 1)


def _along_arm(body: Body) -> np.ndarray:
    """Return each vertex's share (V,) of the way from shoulder to wrist along the bent arm."""
    share = np.zeros(len(body.vertices_rest))
    for side in "LR":
        shoulder, elbow, wrist = (body.head(f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist"))
        mine = np.sign(body.vertices_rest[:, 0]) == np.sign(shoulder[0])
        upper = _project(body.vertices_rest, shoulder, elbow)
        lower = _project(body.vertices_rest, elbow, wrist)
        total = np.where(lower > 0, 0.55 + 0.45 * lower, np.minimum(0.55 * upper, 0.55))
        share[mine] = total[mine]
    return share


def _project(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    line = end - start
    return (points - start) @ line / (line @ line)


def dress(body: Body, zones: np.ndarray) -> Body:
    """Return the body with cloth, hair and shoes standing off its skin by up to 2.5 cm."""
    inside = {name: np.clip(zones[:, i] / 0.015, 0, 1) for i, name in enumerate(ZONES)}
    points = body.vertices_rest
    hip, ankle = body.head("root")[2], body.head("foot.L")[2]
    folds = noise_at(points * np.array([19.0, 19.0, 9.0])) + 0.6 * noise_at(points * np.array([30.0, 30.0, 22.0])) - 0.8
    flare = np.clip((hip - points[:, 2]) / (hip - ankle), 0, 1)
    thickness = inside["trousers"] * (0.007 + 0.012 * flare + 0.020 * folds)
    thickness = np.where(inside["shirt"] > 0, inside["shirt"] * (0.012 + 0.020 * folds), thickness)
    thickness = np.where(inside["hair"] > 0, inside["hair"] * (0.014 + 0.008 * folds), thickness)
    thickness = np.where(inside["shoes"] > 0, np.maximum(thickness, 0.011 * inside["shoes"]), thickness)
    thickness = _relax(thickness[:, None], body.faces, 3)[:, 0]  # hems taper instead of standing up
    smooth = _relax(points, body.faces, 50)
    base = points + (inside["shoes"] > 0)[:, None] * 0.9 * (smooth - points)
    cloth = _relax(points, body.faces, 6)
    base = base + ((inside["shirt"] + inside["trousers"] > 0) & (inside["shoes"] == 0))[:, None] * 0.7 * (cloth - points)
    normals = vertex_normals(np.ascontiguousarray(smooth), body.faces)
    surface = base + thickness[:, None] * normals
    return body.wearing(surface + _lower_sole(body, surface, inside["shoes"] > 0))


def _lower_sole(body: Body, surface: np.ndarray, shoe: np.ndarray) -> np.ndarray:
    """Return the shift (V, 3) that stretches the shoes down to SOLE below the skin's lowest point."""
    floor, ankle, low = body.vertices_rest[:, 2].min() - SOLE, body.head("foot.L")[2], surface[shoe, 2].min()
    shift = np.zeros_like(surface)
    shift[shoe, 2] = (floor - low) * np.clip((ankle - surface[shoe, 2]) / (ankle - low), 0, 1)
    return shift


def _relax(points: np.ndarray, faces: np.ndarray, rounds: int) -> np.ndarray:
    """Return values (V, N) on the mesh smoothed by `rounds` of averaging each vertex with its neighbours."""
    first, second = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    near = coo_array((np.ones(2 * len(first)), (np.concatenate([first, second]), np.concatenate([second, first]))),
                     shape=(len(points), len(points))).tocsr()
    count = np.maximum(near.sum(1), 1)[:, None]
    for _ in range(rounds):
        points = 0.4 * points + 0.6 * (near @ points) / count
    return points
