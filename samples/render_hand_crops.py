"""Render hands in random poses from all sides, and read their landmarks: what the hands' corrections are trained on.

    python samples/render_hand_crops.py --models FOLDER --count 20000 --output hands.npz [--first 0]

A picture shows one hand, 40 to 220 px long, with its forearm, of a random body in random light on the picture before a random
room. It is read in two regions, which err as regions do. Writes, for N readings: xy (N, 21, 2) px and world (N, 21, 3) m as the
landmark model reads them, presence (N,), right (N,): its probability of a right hand; number (N,) of the hand; is_left (N,);
truth (N, 21, 3) m in the camera's axes (x right, y down, z forward); focal (N,) px and size (N, 2) px of the picture; stature
(N,) m of the body; px (N,): the hand's length in the picture.
"""
import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from body import Body, Phenotype, load_bodies, pose_heads
from camera import Camera
from clip import HALL, LIVING_ROOM
from hand_poses import HandShape, find_hand_points, measure_hand, pose_hands
from outfit import Outfit
from render_hands import HAND_METRES
from render_people import SHAPES, SKINS, draw_picture_faults
from room import Backdrop, draw_room
from scene import SCALE, Actor, EmptyScene, cast_actor, draw

CAST = 16
READINGS = 2  # of each picture
ARM = ("lowerarm", "wrist", "metacarpal", "finger")
BACKGROUND = (1400, 1000)  # px of the rooms' pictures


def main() -> None:
    """Render the hands asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--models", type=Path, required=True, help="folder of the landmark models (`mocap.py doctor` names it)")
    parser.add_argument("--first", type=int, default=0, help="number of the first hand")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    from backend.hands.landmarks import HandNetwork
    cv2.setNumThreads(1)
    cast = dress_arms(np.random.default_rng(5))
    rooms = [draw_room(room, Camera((x, 0.0, 1.4), 3.0, 700.0, *BACKGROUND), 1).picture.astype(np.float32)
             for room in (LIVING_ROOM, HALL) for x in (-1.0, 1.0)]
    network, rows, started = HandNetwork(arguments.models), [], time.perf_counter()
    for number in range(arguments.first, arguments.first + arguments.count):
        hand = render_hand(np.random.default_rng((17, number)), cast, rooms, network)
        rows += [{**row, "number": number} for row in hand]
        if (number + 1) % 1000 == 0:
            print(f"{number + 1}: {1000 * READINGS * (time.perf_counter() - started) / len(rows):.0f} ms a hand", flush=True)
    np.savez(arguments.output, **{name: np.array([row[name] for row in rows]) for name in rows[0]})


def dress_arms(rng: np.random.Generator) -> list[tuple[Body, HandShape, Actor]]:
    """Return hands of bodies of varied shape, each with its body and its dressed arm."""
    low, high = SHAPES.values()
    bodies = load_bodies([Phenotype(*(float(value) for value in rng.uniform(low, high))) for _ in range(CAST)])
    cast = []
    for body in bodies:
        outfit = Outfit(skin=SKINS[rng.integers(len(SKINS))], shirt=tuple(rng.uniform(20, 235, 3)),
                        sleeve=float(rng.choice((0.45, 0.95))))
        actor = cast_actor(body, outfit)
        cast += [(body, measure_hand(body, side), _keep_arm(actor, side)) for side in "LR"]
    return cast


def _keep_arm(actor: Actor, side: str) -> Actor:
    """Return the actor with the vertices of a forearm and its hand alone."""
    body = actor.body
    kept = body.bone_share(*(label for label in body.bone_labels if label.startswith(ARM) and label.endswith(f".{side}"))) > 0.5
    number = np.cumsum(kept) - 1
    faces = np.ascontiguousarray(number[body.faces[kept[body.faces].all(1)]].astype(np.int32))
    arm = replace(body, vertices_rest=body.vertices_rest[kept], surface_rest=body.surface_rest[kept], faces=faces,
                  bone_weights=body.bone_weights[kept], bone_indices=body.bone_indices[kept],
                  keypoint_weights=body.keypoint_weights[:, kept])
    return Actor(arm, np.ascontiguousarray(actor.zones[kept]), actor.palette, actor.pattern)


def draw_angles(rng: np.random.Generator) -> np.ndarray:
    """Return random angles (22,) of a hand, as in `hand_poses.HandPose`: fingers alike, or each as it likes; the thumb anywhere,
    or across the palm, where it mostly is when fingers are folded."""
    alike = np.full(4, rng.uniform()) + rng.normal(0, 0.08, 4)
    curls = alike if rng.uniform() < 0.45 else rng.choice((0.0, 1.0, rng.uniform()), 4)
    is_across = rng.uniform() < 0.2 + 0.5 * np.mean(np.clip(curls, 0, 1))
    angles = [*rng.normal((18, 48, 36, 36), (9, 9, 14, 14))] if is_across else \
        [*rng.uniform(5, 65, 2), *np.clip(rng.normal(20, 18, 2), -10, 75)]
    fan = rng.uniform(0.3, 1.5)
    for number, curl in enumerate(np.clip(curls, 0, 1)):
        knuckle, middle = (np.clip(curl + rng.normal(0, 0.16), 0, 1) for _ in range(2))
        second = 108 * middle
        spread = (-8, 0, 6, 14)[number] * fan * (1 - knuckle) + rng.normal(0, 3)
        angles += [105 * knuckle - 12 + rng.normal(0, 5), second, np.clip(0.6 * second + rng.normal(0, 9), -5, 75), spread]
    return np.array([*angles, rng.normal(0, 25), rng.normal(0, 12)])


def render_hand(rng: np.random.Generator, cast: list, rooms: list[np.ndarray], network) -> list[dict]:
    """Return what the model reads of one random hand, in some regions, and the truth."""
    from scipy.spatial.transform import Rotation

    from backend.hands.landmarks import region_from_hand
    body, shape, arm = cast[rng.integers(len(cast))]
    rotations = np.repeat(Rotation.random(random_state=int(rng.integers(2 ** 31))).as_matrix()[None], len(body.bone_labels), 0)
    rotations = pose_hands(body, rotations, [(shape, draw_angles(rng))])
    heads = pose_heads(body, rotations, np.zeros(3))
    points = find_hand_points(body, shape, rotations, heads)
    length, distance = float(np.exp(rng.uniform(np.log(40), np.log(220)))), float(rng.uniform(0.7, 5.0))
    focal, extent = length / HAND_METRES * distance, int(2.6 * length)
    camera = Camera((0.0, 0.0, 1.3), 0.0, focal, extent, extent)
    shift = np.array((0.0, distance, 1.3)) - points.mean(0)
    picture = draw(_draw_background(rng, rooms, camera), [arm], [(rotations, heads + shift)])
    picture = np.ascontiguousarray(draw_picture_faults(rng)(picture)[..., ::-1])
    pixels, _ = camera.project(points + shift)
    truth = {"is_left": shape.side == "L", "truth": ((points + shift - camera.place) @ camera.axes.T).astype(np.float32),
             "focal": focal, "size": (extent, extent), "stature": body.stature, "px": length}
    return [{**read_hand(rng, picture, region_from_hand(pixels), network), **truth} for _ in range(READINGS)]


def read_hand(rng: np.random.Generator, picture: np.ndarray, region, network) -> dict:
    """Return what the model reads in a region that errs as the last frame's does."""
    region = replace(region, centre_x=region.centre_x + rng.normal(0, 0.03) * region.side,
                     centre_y=region.centre_y + rng.normal(0, 0.03) * region.side,
                     side=region.side * float(np.exp(rng.normal(0, 0.08))), angle=region.angle + float(rng.normal(0, 0.12)))
    read = network.read(picture, region)
    return {"xy": read.xy, "world": read.world, "presence": read.presence, "right": read.right}


def _draw_background(rng: np.random.Generator, rooms: list[np.ndarray], camera: Camera) -> EmptyScene:
    """Return a random part of a room's picture, as if it were far away."""
    side = int(rng.uniform(150, 900))
    room = rooms[rng.integers(len(rooms))]
    y, x = (int(rng.uniform(0, limit - side)) for limit in room.shape[:2])
    picture = cv2.resize(room[y:y + side, x:x + side], (camera.width, camera.height), interpolation=cv2.INTER_AREA) \
        * rng.uniform(0.5, 1.3, 3).astype(np.float32)
    large = cv2.resize(picture, None, fx=SCALE, fy=SCALE)
    nothing = np.zeros(picture.shape[:2], np.float32)
    return EmptyScene(camera, Backdrop(large, np.full(large.shape[:2], 1e9), np.zeros(large.shape[:2], bool)), picture, nothing)


if __name__ == "__main__":
    main()
