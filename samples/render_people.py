"""Render people who do recorded motion, and read landmarks off them: what the temporal model is trained and judged on.

    python samples/render_people.py --motion FILE.npz --models FOLDER --split train --count 600 --output FOLDER
    python samples/render_people.py --motion FILE.npz --split test --video --count 8 --output FOLDER

Every scene is drawn by lot from its number: recording, body, clothes, room, camera, light on the picture. Without
--video only the part of the picture around the person is drawn, our landmark stage is run on it at once, and NNNN.npz is
kept (see `write_scene`); scenes that are there are skipped, so a broken run goes on where it was. With --video the whole
picture is written as NNNN.mp4 with its truth, for `mocap.py capture` and `score`.
"""
import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from body import Phenotype, load_bodies
from camera import Camera
from mocap_figure import ANNY_FROM_SMPL, PosedClip, pose_clip, turn_about_z
from outfit import SOLE, Outfit
from room import Box, Panel, Room
from scene import Actor, EmptyScene, cast_actor, draw, draw_empty_scene
from truth import measure_contacts, write_truth

from backend.training.landmark_noise import vary_recording
from backend.training.recordings import Recording, RecordingLibrary, load_recordings

FPS = 30
CAST = 24                    # bodies that a run dresses
# Gender, age, muscle, weight, height, proportions.
SHAPES = {"low": (0.0, 0.6, 0.25, 0.25, 0.25, 0.3), "high": (1.0, 0.85, 0.8, 0.75, 0.7, 0.8)}
SIZES = ((1280, 720), (1280, 720), (1920, 1080), (720, 1280))
VIDEO_SIZE = (1280, 720)
SKINS = ((226, 178, 152), (198, 150, 120), (150, 104, 76), (96, 64, 46), (236, 196, 176))
# Of --close, as people film themselves: the lowest part in the picture, shins to chest, as a share of the height over the floor;
# metres above the head; metres to the camera; and how much of their path they go.
LOWEST_SEEN, HEADROOM, NEAREST, STAYS = (0.12, 0.75), (0.02, 0.35), 0.7, np.array([0.2, 1.0, 0.2])
LOST_PRESENCE = 0.5          # of the landmark model: below it the person is searched again


@dataclass(frozen=True)
class Scene:
    """One scene: who does what, before which camera in which room; yaw of the root's frame to the world, radians."""

    clip: Recording
    actor: Actor
    posed: PosedClip
    camera: Camera
    room: Room
    yaw: float


def main() -> None:
    """Render the scenes asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--motion", type=Path, required=True, help="recordings: quat_i16, root, start, split, offsets ...")
    parser.add_argument("--models", type=Path, help="folder of the landmark model (`mocap.py doctor` names it)")
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--first", type=int, default=0, help="number of the first scene")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--frames", type=int, default=72)
    parser.add_argument("--only", default="", help="only recordings whose name holds this text")
    parser.add_argument("--varied", action="store_true", help="mix limbs of recordings, turn joints a little, tilt bodies")
    parser.add_argument("--close", action="store_true", help="so near that the picture cuts people, from the shins to the chest")
    parser.add_argument("--video", action="store_true")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.output.mkdir(parents=True, exist_ok=True)
    library = load_recordings(arguments.motion, arguments.split)
    cast = dress_cast(np.random.default_rng(arguments.first))
    read = None if arguments.video else make_landmark_reader(arguments.models)
    started, made = time.perf_counter(), 0
    for number in range(arguments.first, arguments.first + arguments.count):
        path = arguments.output / f"{number:05d}.npz"
        if path.exists():
            continue
        scene = draw_scene(np.random.default_rng((7, number)), library, cast, arguments)
        made += len(scene.clip.root)
        write_video(path, scene) if arguments.video else write_scene(path, scene, read, number)
        left = (arguments.first + arguments.count - number - 1) * (time.perf_counter() - started) / max(1, made)
        print(f"{path.name} {scene.clip.name}: {1000 * (time.perf_counter() - started) / made:.0f} ms a frame, "
              f"{left * arguments.frames / 60:.0f} min left", flush=True)


def dress_cast(rng: np.random.Generator) -> list[Actor]:
    """Return bodies of varied shape, dressed at random."""
    low, high = SHAPES.values()
    phenotypes = [Phenotype(*(float(value) for value in rng.uniform(low, high))) for _ in range(CAST)]
    return [cast_actor(body, draw_outfit(rng)) for body in load_bodies(phenotypes)]


def draw_outfit(rng: np.random.Generator) -> Outfit:
    """Return clothes of random cut and colours."""
    def colour(low: int = 20, high: int = 235) -> tuple:
        return tuple(rng.uniform(low, high) * (0.7 + 0.3 * rng.uniform(size=3)))
    return Outfit(skin=SKINS[rng.integers(len(SKINS))], hair=colour(15, 110), shirt=colour(), trousers=colour(15, 190),
                  shoes=colour(), stripe=colour(), stripe_period=float(rng.uniform(0.03, 0.12)),
                  stripe_kind=int(rng.integers(3)), sleeve=float(rng.choice((0.2, 0.45, 0.95))),
                  trouser=float(rng.choice((0.5, 1.0, 1.0, 1.0))), long_hair=bool(rng.integers(2)))


def draw_scene(rng: np.random.Generator, library: RecordingLibrary, cast: list[Actor], arguments: argparse.Namespace) -> Scene:
    """Return the scene of a number's generator."""
    clip = library.draw(rng, arguments.frames, arguments.only)
    clip = vary_recording(clip, library, rng) if arguments.varied else clip
    clip = replace(clip, root=clip.root * STAYS + clip.root.mean(0) * (1 - STAYS)) if arguments.close else clip
    actor = cast[rng.integers(len(cast))]
    yaw = float(rng.uniform(0, 2 * np.pi))
    whole = VIDEO_SIZE if arguments.video else SIZES[rng.integers(len(SIZES))]
    whole = (whole[0] * 3 // 8, whole[1] * 3 // 8) if arguments.close else whole     # the landmark model looks at 256 px
    focal = max(whole) / 2 / np.tan(np.radians(rng.uniform(45, 68)) / 2)
    tall = rng.uniform(190, 430) if arguments.video else rng.uniform(0.22, 0.72) * min(whole)
    distance = float(focal * actor.body.stature / tall)
    posed = pose_clip(actor.body, library, clip, yaw, (0.0, 0.0))
    height = float(np.clip(rng.normal(1.3, 0.5), 0.3, 2.8))
    aim = np.degrees(np.arctan2(height - 0.9, distance))
    pitch = float(aim * rng.uniform(0.3, 1.1) + rng.normal(0, 2.0))
    side = rng.uniform(-0.25, 0.25) * distance * whole[0] / focal
    nearest = 1.2 - posed.keypoints[..., 1].min()
    place = np.array([side, max(distance, nearest), 0.0])
    posed = replace(posed, heads=posed.heads + place, keypoints=posed.keypoints + place)
    camera = Camera((0.0, 0.0, height), pitch, float(focal), *whole)
    camera, posed = frame_closely(rng, camera, posed) if arguments.close else (camera, posed)
    camera = camera if arguments.video else crop_to_person(camera, posed.keypoints)
    return Scene(clip, actor, posed, camera, draw_random_room(rng, posed.keypoints), yaw)


def frame_closely(rng: np.random.Generator, camera: Camera, posed: PosedClip) -> tuple[Camera, PosedClip]:
    """Return the camera aimed at the upper part of the body, and the body as near as that part fills the picture."""
    top = float(np.median(posed.keypoints[..., 2].max(1)))
    low, high = top * rng.uniform(*LOWEST_SEEN), top + rng.uniform(*HEADROOM)
    distance = max(NEAREST, camera.focal_px * (high - low) / camera.height)
    x, y = posed.keypoints[..., :2].mean((0, 1))
    shift = np.array([rng.uniform(-0.15, 0.15) * distance * camera.width / camera.focal_px - x, distance - y, 0.0])
    height = float(np.clip(rng.normal((low + high) / 2, 0.25), 0.2, 2.2))
    pitch = float(np.degrees(np.arctan2(height - (low + high) / 2, distance)) + rng.normal(0, 1.5))
    return (replace(camera, place=(0.0, 0.0, height), pitch_degrees=pitch),
            replace(posed, heads=posed.heads + shift, keypoints=posed.keypoints + shift))


def crop_to_person(camera: Camera, keypoints: np.ndarray) -> Camera:
    """Return the camera of the part of the picture in which the person moves, with what the landmark model looks at."""
    pixels, _ = camera.project(keypoints)
    sizes = np.ptp(pixels, axis=1).max(1)
    middle = (pixels.min(1) + pixels.max(1)) / 2
    reach = 0.8 * sizes[:, None]
    whole = np.array((camera.width, camera.height))
    low = np.clip((middle - reach).min(0), 0, whole - 64).astype(int)
    high = np.clip((middle + reach).max(0), low + 64, whole).astype(int)
    return replace(camera, width=int(high[0] - low[0]), height=int(high[1] - low[1]),
                   corner=(int(low[0]), int(low[1])), whole=(camera.width, camera.height))


def draw_random_room(rng: np.random.Generator, keypoints: np.ndarray) -> Room:
    """Return a room around the motion, painted at random."""
    def colour(low: int = 60, high: int = 225) -> tuple:
        return tuple(rng.uniform(low, high) * (0.8 + 0.2 * rng.uniform(size=3)))
    back = float(keypoints[..., 1].max() + rng.uniform(0.6, 3.5))
    side = float(np.abs(keypoints[..., 0]).max() + rng.uniform(0.8, 3.0))
    ceiling = float(max(2.6, keypoints[..., 2].max() + rng.uniform(0.5, 2.0)))
    panels = tuple(Panel((x, z), (x + rng.uniform(0.4, 1.4), z + rng.uniform(0.4, 1.2)), colour(30, 220), bool(rng.integers(2)))
                   for x, z in zip(rng.uniform(-side, side, 3), rng.uniform(0.2, 1.4, 3), strict=True))
    boxes = tuple(Box((x, back - 0.7, 0.0), (x + rng.uniform(0.4, 1.6), back - 0.02, rng.uniform(0.4, 1.9)), colour(30, 200),
                      float(rng.choice((0.0, 0.25, 0.45)))) for x in rng.uniform(-side, side - 1, 2))
    return Room(back, side, ceiling, colour(90), colour(90), colour(), float(rng.uniform(0.12, 0.6)), bool(rng.integers(2)),
                panels, boxes)


def make_landmark_reader(models: Path):
    """Return our landmark stage, on one thread."""
    from backend.base.litert import Workers
    from backend.people.landmarks import LandmarkModel
    return LandmarkModel(models, Workers(1))


def write_scene(path: Path, scene: Scene, read, number: int) -> None:
    """Write the landmark stage's result for the scene, and the truth.

    xy (T, 33, 2) px of the whole picture, world (T, 33, 3), score (T, 33), boxes (T, 4); quats_i16 (T, 24, 4) xyzw as in
    the recording; keypoints (T, 23, 3) in the camera's frame (x right, y down, z forward), m; contacts (T, 4);
    cam_from_root_parent (3, 3) takes the recording's axes to the camera's; image_size, focal; name of the recording.
    """
    rng, camera = np.random.default_rng((11, number)), scene.camera
    empty = draw_empty_scene(scene.room, camera, sharp=False)
    develop = draw_picture_faults(rng)
    truth_px, _ = camera.project(scene.posed.keypoints)
    region, rows = None, []
    for t in range(len(scene.clip.root)):
        picture = develop(draw_frame(empty, scene, t))[..., ::-1]
        region = region or find_first_region(truth_px[t], scene.posed.keypoints[t])
        landmarks = read(np.ascontiguousarray(picture), [region])[0]
        rows.append((landmarks.xy + camera.corner, landmarks.world, landmarks.score))
        region = landmarks.next_region if landmarks.presence >= LOST_PRESENCE else None
    xy, world, score = (np.array(column, np.float32) for column in zip(*rows, strict=True))
    axes = camera.axes
    turn = turn_about_z(scene.yaw)
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    with partial.open("wb") as file:
        np.savez(file, xy=xy, world=world, score=score, rotmats=scene.clip.rotmats.astype(np.float32),
                 keypoints=((scene.posed.keypoints - camera.place) @ axes.T).astype(np.float32),
                 contacts=measure_contacts(scene.actor.body, scene.posed.keypoints, SOLE, FPS),
                 cam_from_recording=axes @ turn @ ANNY_FROM_SMPL, image_size=np.array(camera.whole), focal=camera.focal_px,
                 stature=scene.actor.body.stature, name=scene.clip.name)
    partial.replace(path)


def draw_frame(empty: EmptyScene, scene: Scene, t: int) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 RGB of frame t."""
    return draw(empty, [scene.actor], [(scene.posed.rotations[t], scene.posed.heads[t])])


def draw_picture_faults(rng: np.random.Generator):
    """Return a function that gives pictures the exposure, softness, noise and compression of one random camera."""
    gain, gamma, soft = rng.uniform(0.6, 1.25), rng.uniform(0.8, 1.25), rng.uniform(0.0, 1.1)
    noise, quality = rng.uniform(0, 7), int(rng.uniform(45, 95))
    table = np.clip(255 * gain * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)

    def develop(picture: np.ndarray) -> np.ndarray:
        picture = cv2.GaussianBlur(table[picture], (0, 0), soft) if soft > 0.3 else table[picture]
        grain = cv2.randn(np.empty(picture.shape[:2], np.int16), 0, noise)
        picture = np.clip(picture + grain[..., None], 0, 255).astype(np.uint8)
        return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return develop


def find_first_region(pixels: np.ndarray, keypoints: np.ndarray):
    """Return where the detector would look first: about the hips, as large as the body, turned as it leans."""
    from backend.base.regions import region_from_alignment
    hips = pixels[[11, 12]].mean(0)
    shoulders = pixels[[5, 6]].mean(0)
    radius = 1.05 * np.linalg.norm(pixels - hips, axis=1).max()
    up = shoulders - hips
    return region_from_alignment(hips, hips + radius * up / max(np.linalg.norm(up), 1.0))


def write_video(path: Path, scene: Scene) -> None:
    """Write the scene as a video (H.264) and its truth (see `truth.write_truth`), with the recording's rotations.

    rotmats (T, 24, 3, 3): parent-relative, the root's takes the T-pose to the world (Z up).
    """
    empty = draw_empty_scene(scene.room, scene.camera)
    with av.open(str(path.with_suffix(".mp4")), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = scene.camera.width, scene.camera.height, "yuv420p"
        for t in range(len(scene.clip.root)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(draw_frame(empty, scene, t), format="rgb24")))
        container.mux(stream.encode())
    rotmats = scene.clip.rotmats.copy()
    turn = turn_about_z(scene.yaw)
    rotmats[:, 0] = turn @ ANNY_FROM_SMPL @ rotmats[:, 0]
    write_truth(path, scene.camera, FPS, [scene.actor.body], [scene.posed.keypoints], [scene.posed.heads], SOLE,
                rotmats=rotmats)


if __name__ == "__main__":
    main()
