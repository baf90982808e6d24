"""A person's motion: walking (gait) and acting joined into world rotations per bone."""
from dataclasses import dataclass

import numpy as np
from acting import Acting
from body import Body
from gait import BodyPath, FootShape, FootTrack, heading, smooth, track_foot, turn_foot
from outfit import SOLE

X, Y, Z = np.eye(3)
SIDES = ("L", "R")
NAMES = {"L": "left", "R": "right"}


@dataclass(frozen=True)
class Pose:
    """World rotations (J, 3, 3) of all bones and the root's place (3,) in one frame."""

    rotations: np.ndarray
    root: np.ndarray


@dataclass(frozen=True)
class LegShape:
    """Hip relative to the root, thigh and shin lengths in metres."""

    hip: np.ndarray
    thigh: float
    shin: float


def turn(axis: np.ndarray, degrees: float) -> np.ndarray:
    """Return the rotation (3, 3) about a unit axis (Rodrigues)."""
    angle = np.radians(degrees)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def frame(along: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """Return the axes (3, 3), in columns, of a limb that points along `along` and bends about `hinge`."""
    along = along / np.linalg.norm(along)
    hinge = hinge - (hinge @ along) * along
    hinge = hinge / np.linalg.norm(hinge)
    return np.stack([along, hinge, np.cross(along, hinge)], 1)


def shape_foot(body: Body, side: str) -> FootShape:
    """Return the foot's rolling points on the shoe's sole."""
    ankle = body.head(f"foot.{side}")
    foot = body.vertices_rest[body.bone_share(*(f"{bone}.{side}" for bone in ("foot", "toe1-1", "toe2-1"))) > 0.5] - ankle
    toes = np.mean([body.head(f"toe{toe}-1.{side}") for toe in (1, 2, 3)], 0) - ankle
    sole = foot[:, 2].min() - SOLE
    heel, ball = (np.array([toes[0] * y / toes[1], y, sole]) for y in (foot[:, 1].max() - 0.015, toes[1]))
    return FootShape(heel, ball)


def shape_leg(body: Body, side: str) -> LegShape:
    """Return the leg's measures."""
    hip, knee, ankle = (body.head(f"{bone}.{side}") for bone in ("upperleg01", "lowerleg01", "foot"))
    return LegShape(hip - body.heads_rest[0], float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee)))


def pose_figure(body: Body, path: BodyPath, acting: Acting, times: np.ndarray, step_time: float) -> list[Pose]:
    """Return one Pose per time (T,) s: feet on their footsteps, the pelvis over them, the arms against the legs."""
    shapes = [shape_foot(body, side) for side in SIDES]
    legs = [shape_leg(body, side) for side in SIDES]
    feet = [track_foot(path, s, step_time, shapes[s], times) for s in (0, 1)]
    place, yaw, _ = path.at(times)
    forward, left = heading(yaw)
    ankles = np.stack([_lift(feet[s], acting, NAMES[side], forward, left) for s, side in enumerate(SIDES)], 1)
    stride = np.einsum("tc,tc->t", ankles[:, 0, :2] - ankles[:, 1, :2], forward)
    rate = 1 / (times[1] - times[0])
    stands = np.stack([foot.stands for foot in feet], 1).astype(float)
    load = smooth((stands[:, 0] - stands[:, 1]) / 2, 0.09 * rate)  # +0.5: all on the left foot
    swing = smooth(stride, 0.05 * rate) * np.exp(-(acting["crouch"] / 0.1) ** 2)
    place = place + (0.05 * load + acting["sway"])[:, None] * left + (0.35 * acting["crouch"])[:, None] * -forward
    pelvis = [turn(Z, np.degrees(yaw[t]) - 9 * swing[t]) @ turn(X, 0.25 * acting["lean"][t]) @ turn(Y, 5 * load[t])
              for t in range(len(times))]
    root = np.concatenate([place, _compute_root_height(place, np.array(pelvis), ankles, legs, rate)[:, None]], 1)
    root[:, 2] -= acting["crouch"]
    soles = [[compute_foot_state(feet[s], acting, NAMES[side], t) for s, side in enumerate(SIDES)] for t in range(len(times))]
    return [_assemble(body, acting, t, root[t], pelvis[t], float(np.degrees(yaw[t])), swing[t], load[t], ankles[t],
                      soles[t], legs) for t in range(len(times))]


def compute_foot_state(foot: FootTrack, acting: Acting, side: str, t: int) -> tuple[float, float, float]:
    """Return a foot's yaw, pitch and toe bend in frame t, radians."""
    return foot.yaw[t], foot.pitch[t] + np.radians(acting[f"{side}_foot_pitch"][t]), foot.toe_bend[t]


def _lift(foot: FootTrack, acting: Acting, side: str, forward: np.ndarray, left: np.ndarray) -> np.ndarray:
    across = acting[f"{side}_foot_forward"][:, None] * forward + acting[f"{side}_foot_side"][:, None] * left
    return foot.ankle + np.concatenate([across, acting[f"{side}_foot_up"][:, None]], 1)


def _compute_root_height(place: np.ndarray, pelvis: np.ndarray, ankles: np.ndarray, legs: list[LegShape],
                  rate: float) -> np.ndarray:
    """Return the root's height (T,): as high as both legs reach, softly."""
    def reach(share: float) -> np.ndarray:
        heights = []
        for s, leg in enumerate(legs):
            hip = np.einsum("tab,b->ta", pelvis, leg.hip)
            across = np.hypot(*(ankles[:, s, :2] - place - hip[:, :2]).T)
            long = share * (leg.thigh + leg.shin)
            heights.append(np.sqrt(np.maximum(long**2 - across**2, 0.01)) + ankles[:, s, 2] - hip[:, 2])
        return np.array(heights)
    soft = -np.log(np.exp(-60 * reach(0.99)).sum(0)) / 60
    return np.minimum(smooth(soft, 0.05 * rate), reach(0.9985).min(0))


def _assemble(body: Body, acting: Acting, t: int, root: np.ndarray, pelvis: np.ndarray, yaw: float, swing: float,
              load: float, ankles: np.ndarray, feet: list[tuple], legs: list[LegShape]) -> Pose:
    chest_yaw = yaw + 12 * swing + acting["twist"][t]
    chest = turn(Z, chest_yaw) @ turn(X, acting["lean"][t]) @ turn(Y, -3 * load + acting["bend"][t])
    head = turn(Z, yaw + 0.4 * acting["twist"][t] + acting["head_yaw"][t]) @ turn(X, acting["head_pitch"][t])
    world = {"root": pelvis, "spine01": chest, "neck01": blend(chest, head, 0.3), "head": head}
    for share, bone in ((0.1, "spine05"), (0.3, "spine04"), (0.55, "spine03"), (0.85, "spine02")):
        world[bone] = blend(pelvis, chest, share)
    for share, bone in ((0.5, "neck02"), (0.7, "neck03")):
        world[bone] = blend(chest, head, share)
    for s, side in enumerate(SIDES):
        world |= pose_arm(body, acting, t, side, chest, -swing if s == 0 else swing)
        world |= pose_leg(body, side, root + pelvis @ legs[s].hip, ankles[s], feet[s], legs[s], yaw)
    rotations = np.empty((len(body.bone_labels), 3, 3))
    for bone, label in enumerate(body.bone_labels):
        rotations[bone] = world[label] if label in world else rotations[body.bone_parents[bone]]
    return Pose(rotations, root)


def blend(first: np.ndarray, last: np.ndarray, share: float) -> np.ndarray:
    """Return the rotation (3, 3) at a share of the way between two nearby ones, by projecting their mean."""
    u, _, v = np.linalg.svd((1 - share) * first + share * last)
    return u @ v


def pose_arm(body: Body, acting: Acting, t: int, side: str, chest: np.ndarray, swing: float) -> dict[str, np.ndarray]:
    """Return world rotations by bone; `swing` (m) is how far the opposite foot is ahead."""
    flexion, abduction, twist, elbow, pronation = (
        acting[f"{NAMES[side]}_{name}"][t] for name in ("flexion", "abduction", "twist", "elbow", "pronation"))
    flexion, elbow, sign = flexion + 38 * swing, elbow + 14 * max(swing, 0.0) ** 2, 1 if side == "L" else -1
    raised = max(0.0, max(abs(abduction), abs(flexion)) - 50)
    girdle = chest @ turn(Y, -sign * 0.28 * raised)
    hang = frame(-Z, -X)  # hanging, the elbow bends forward, about -X
    reach = girdle @ turn(X, -flexion) @ turn(Y, -sign * (abduction - 0.28 * raised))
    upper_rest = body.head(f"lowerarm01.{side}") - body.head(f"upperarm01.{side}")
    fore_rest = body.head(f"wrist.{side}") - body.head(f"lowerarm01.{side}")
    hinge_rest = np.cross(upper_rest, fore_rest)
    upper = [reach @ turn(Z, sign * share * twist) @ hang @ frame(upper_rest, hinge_rest).T for share in (0.5, 1.0)]
    hinge = reach @ turn(Z, sign * twist) @ -X
    along = turn(hinge, elbow) @ (reach @ -Z)
    fore = [turn(along, sign * share * pronation) @ frame(along, hinge) @ frame(fore_rest, hinge_rest).T
            for share in (0.35, 1.0)]
    world = {"clavicle": girdle, "shoulder01": girdle, "upperarm01": upper[0], "upperarm02": upper[1],
             "lowerarm01": fore[0], "lowerarm02": fore[1], "wrist": fore[1]}
    return {f"{bone}.{side}": rotation for bone, rotation in world.items()} | curl_fingers(body, side, fore[1])


def curl_fingers(body: Body, side: str, hand: np.ndarray, degrees: float = 16.0) -> dict[str, np.ndarray]:
    """Return world rotations of the fingers, each joint bent a little about the knuckles' line."""
    knuckles = body.head(f"finger2-1.{side}") - body.head(f"finger5-1.{side}")
    knuckles = knuckles / np.linalg.norm(knuckles) * (1 if side == "L" else -1)
    return {f"finger{finger}-{joint}.{side}": hand @ turn(knuckles, degrees * joint)
            for finger in (2, 3, 4, 5) for joint in (1, 2, 3)}


def pose_leg(body: Body, side: str, hip: np.ndarray, ankle: np.ndarray, foot: tuple[float, float, float],
             leg: LegShape, yaw: float) -> dict[str, np.ndarray]:
    """Return world rotations by bone of a leg that reaches from hip to ankle with the knee ahead (law of cosines)."""
    foot_yaw, pitch, bend = foot
    distance = min(np.linalg.norm(ankle - hip), 0.9995 * (leg.thigh + leg.shin))
    down = (ankle - hip) / np.linalg.norm(ankle - hip)
    hinge = turn(Z, 0.5 * (yaw + np.degrees(foot_yaw)) + (3 if side == "L" else -3)) @ X
    at_hip = np.degrees(np.arccos((leg.thigh**2 + distance**2 - leg.shin**2) / (2 * leg.thigh * distance)))
    hinge = frame(down, hinge)[:, 1]
    thigh = turn(hinge, -at_hip) @ down
    shin = down * distance - thigh * leg.thigh
    rest = [body.head(f"{bone}.{side}") for bone in ("upperleg01", "lowerleg01", "foot")]
    upper = frame(thigh, hinge) @ frame(rest[1] - rest[0], X).T
    lower = frame(shin, hinge) @ frame(rest[2] - rest[1], X).T
    sole = np.stack([turn_foot(axis, foot_yaw, pitch) for axis in (X, Y, Z)], 1)
    toes = np.stack([turn_foot(axis, foot_yaw, pitch + bend) for axis in (X, Y, Z)], 1)
    world = {f"{bone}.{side}": upper for bone in ("upperleg01", "upperleg02")}
    world |= {f"{bone}.{side}": lower for bone in ("lowerleg01", "lowerleg02")} | {f"foot.{side}": sole}
    return world | {f"toe{toe}-1.{side}": toes for toe in range(1, 6)}
