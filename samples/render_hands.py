"""Render people who make gestures with their hands, with exact fingers: what the reading of hands is judged on.

    python samples/render_hands.py --output FOLDER [--size 85 130] [--view 0 50]

Writes SIZE_VIEW.mp4 for each size of the hands in px and each view in degrees, and hidden.mp4, in which the hands lie behind
the back. SIZE_VIEW.npz holds, for T frames: hands (T, 2, 21, 3) points of left and right in the world, m: wrist, then four of
each finger from the thumb; seen (T, 2): the share of the hand that the picture shows; names (T,) of the gestures, held (T,):
the way to the gesture is over; elbows (T, 2, 3); and what `truth.write_truth` writes.
"""
import argparse
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from body import Body, Phenotype, load_bodies, pose_heads, skin
from camera import Camera
from clip import LIVING_ROOM
from figure import frame, pose_figure
from gait import draw_path
from hand_gestures import GESTURES, HELD_OUT, HIDDEN, Gesture, perform
from hand_poses import find_hand_points, measure_hand, pose_hands
from outfit import SOLE, Outfit, linearize
from rasteriser import cover
from scene import Actor, cast_actor, draw, draw_empty_scene
from truth import write_truth

FPS = 30
HAND_METRES = 0.18  # from the wrist to the tip of the middle finger: what a size in px is of
PEOPLE = ((Phenotype(), Outfit(sleeve=0.45)),
          (Phenotype(gender=0.9, height=0.45), Outfit(skin=(150, 104, 76), shirt=(196, 180, 60), hair=(24, 20, 18), sleeve=0.9)))
# Size of the hands in px: focal length in px and the picture. Large hands show only the upper body, as in a talk.
CAMERAS = {200: (1500.0, 1920, 1080), 130: (1500.0, 1920, 1080), 85: (1000.0, 1280, 720), 45: (1000.0, 1280, 720)}
BAT = (0.017, 0.033, 0.85)  # radii at the ends and length, m
SEEN_METRES = 0.012  # a vertex that lies so little behind what the picture shows is seen


def render_clip(path: Path, gestures: tuple[Gesture, ...], size: int, view: float, person: int) -> float:
    """Write one clip and its truth; return milliseconds per frame."""
    phenotype, outfit = PEOPLE[person]
    body = load_bodies([phenotype])[0]
    performed = perform(gestures, FPS)
    times = np.arange(len(performed.names)) / FPS
    focal, width, height = CAMERAS[size]
    distance = focal * HAND_METRES / size
    camera = Camera((0.0, 0.0, 1.32 if distance < 2.5 else 1.2), 0.0 if distance < 2.5 else 3.0, focal, width, height)
    path_keys = [(time, 0.0, distance + 0.25, view, .11) for time in (-1.0, times[-1] + 1)]
    shapes, poses = [measure_hand(body, side) for side in "LR"], []
    for t, pose in enumerate(pose_figure(body, draw_path(path_keys), performed.acting, times, 0.52)):
        rotations = pose_hands(body, pose.rotations, list(zip(shapes, performed.hands[:, t], strict=True)))
        poses.append((rotations, pose_heads(body, rotations, pose.root)))
    hands = np.array([[find_hand_points(body, shape, *pose) for shape in shapes] for pose in poses])
    actor, empty, bat = cast_actor(body, outfit), draw_empty_scene(LIVING_ROOM, camera), make_bat()
    started = time.perf_counter()
    with av.open(str(path.with_suffix(".mp4")), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for t, pose in enumerate(poses):
            held = [(bat, hold_bat(hands[t]))] if performed.bat[t] and performed.held[t] else []
            picture = draw(empty, [actor, *(item for item, _ in held)], [pose, *(place for _, place in held)])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    spent = time.perf_counter() - started
    seen = np.array([[measure_seen(body, camera, pose, side) for side in "LR"] for pose in poses])
    keypoints = np.array([body.keypoint_weights @ skin(body, body.vertices_rest, *pose) for pose in poses])
    elbows = np.array([[heads[body.bone(f"lowerarm01.{side}")] for side in "LR"] for _, heads in poses])
    write_truth(path, camera, FPS, [body], [keypoints], [np.array([heads for _, heads in poses])], SOLE, hands=hands, seen=seen,
                names=performed.names, held=performed.held, elbows=elbows)
    return 1000 * spent / len(poses)


def measure_seen(body: Body, camera: Camera, pose: tuple[np.ndarray, np.ndarray], side: str) -> float:
    """Return the share of a hand's front that nothing hides and that lies in the picture, of what would be seen alone."""
    vertices = skin(body, body.vertices_rest, *pose)
    pixels, depth = camera.project(vertices)
    hand = body.bone_share(*(f"{part}.{side}" for part in ("wrist", *(f"finger{f}-{j}" for f in range(1, 6) for j in (1, 2, 3)))))
    alone = body.faces[(hand[body.faces] > 0.5).all(1)]
    counts = [_count_seen(pixels, depth, faces, hand > 0.5, (camera.width, camera.height)) for faces in (body.faces, alone)]
    return counts[0] / max(1, counts[1])


def _count_seen(pixels: np.ndarray, depth: np.ndarray, faces: np.ndarray, hand: np.ndarray, size: tuple[int, int]) -> int:
    width, height = size
    z_buffer = np.full((height, width), 1e9)
    scratch = np.zeros((height, width, 2), np.int32), np.zeros((height, width, 2))
    cover(pixels, depth, np.ascontiguousarray(faces), 0, z_buffer, *scratch)
    x, y = np.round(pixels[hand]).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return int((depth[hand][inside] < z_buffer[y[inside], x[inside]] + SEEN_METRES).sum())


def make_bat() -> Actor:
    """Return a wooden bat along +Z, its handle's end at the origin."""
    rings, around = 12, 16
    heights = np.linspace(0, BAT[2], rings)
    radii = np.interp(heights, (0, 0.35, 0.6, BAT[2]), (BAT[0], BAT[0], BAT[1], BAT[1]))
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    vertices = np.array([(r * np.cos(a), r * np.sin(a), z) for r, z in zip(radii, heights, strict=True) for a in angle])
    faces = []
    for ring in range(rings - 1):
        for k in range(around):
            a, b = ring * around + k, ring * around + (k + 1) % around
            faces += [(a, b, a + around), (b, b + around, a + around)]
    count = len(vertices)
    body = Body(vertices, vertices, np.array(faces, np.int32), np.ones((count, 1)), np.zeros((count, 1), np.int32), ("bat",),
                (-1,), np.zeros((1, 3)), np.zeros((0, count)), ())
    zones = np.full((count, 9), -1.0)
    return Actor(body, zones, np.repeat(linearize(np.array([(176, 124, 70)], float)), 10, 0), np.zeros(5))


def hold_bat(hands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bat's rotation (1, 3, 3) and place (1, 3): through the closed fingers of the hands (2, 21, 3)."""
    grips = np.array([hand[[6, 10, 14, 18, 7, 11, 15, 5, 9]].mean(0) for hand in hands])
    lower, upper = sorted(grips, key=lambda grip: grip[2])
    direction = upper - lower + (0, 0, 0.05)
    axes = frame(direction, np.array([1.0, 0, 0]))
    rotation = np.stack([axes[:, 1], axes[:, 2], axes[:, 0]], 1)
    return rotation[None], (lower - 0.12 * axes[:, 0])[None]


def main() -> None:
    """Render the clips asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--size", type=int, nargs="*", choices=sorted(CAMERAS), default=sorted(CAMERAS))
    parser.add_argument("--view", type=int, nargs="*", default=[0, 50])
    parser.add_argument("--hidden", action="store_true", help="also render the clip with hands behind the back")
    parser.add_argument("--held-out", action="store_true", help="render the gestures by which nothing was chosen")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    gestures = HELD_OUT if arguments.held_out else GESTURES
    asked = [(f"{size}_{view}", gestures, size, view) for size in arguments.size for view in arguments.view]
    for number, (name, gestures, size, view) in enumerate(asked + ([("hidden", HIDDEN, 85, 0)] if arguments.hidden else [])):
        spent = render_clip(arguments.output / f"{name}.npz", gestures, size, view, number % len(PEOPLE))
        print(f"{name}: {spent:.0f} ms per frame", flush=True)


if __name__ == "__main__":
    main()
