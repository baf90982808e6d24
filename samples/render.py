"""Render a sample clip of synthetic people, with its exact truth: python samples/render.py [--clip NAME] [--output FOLDER]

Writes NAME.mp4 (H.264, 30 frames/s) and NAME.npz. Everything is made here: anny bodies, keyed motion, a drawn room.
World: metres, Z up, floor at z = 0. The .npz holds, for T frames:

    K (T, 23, 3), KL    true keypoints (anny's COCO regressor on the unclothed mesh) and their names
    B (T, bones, 3), lab    joint positions and their names
    contacts (T, 4)     left heel, left toes, right heel, right toes on the floor
    stature             metres, unclothed, rest pose
    f, cam (3,), pitch  focal length in px, camera place, radians that the camera looks down
    image_size (2,), fps, floor_z, people
    world_from_cam (T, 4, 4)    where the camera moves; cam and pitch are then the first frame's

Where `people` is not 1, K, B, contacts and stature have a leading P axis; where it is 0, they are absent, with their names.
Camera axes, for d = K - cam and p = pitch:
x (right) = d_x, y (down) = -d_y sin p - d_z cos p, z (forward) = d_y cos p - d_z sin p;
u = f x / z + width / 2, v = f y / z + height / 2, where pixel (0, 0) covers u and v from 0 to 1.
"""
import argparse
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from acting import act
from body import load_bodies, pose_heads, skin
from clip import Clip
from clips import CLIPS
from figure import pose_figure
from gait import draw_path
from moving_clips import carry
from outfit import SOLE
from scene import cast_actor, draw, draw_empty_scene
from truth import write_truth

FPS = 30
FAR = 7.0       # metres from the middle of people's paths, from which a camera that stands sees the whole of them


def render_clip(clip: Clip, name: str, output: Path, quality: int = 19) -> float:
    """Write the clip's video and truth into `output`; return milliseconds per frame. quality: x264's CRF."""
    times = np.arange(round(clip.seconds * FPS)) / FPS
    bodies = load_bodies([person.phenotype for person in clip.people])
    poses, keypoints = [], []
    for body, person in zip(bodies, clip.people, strict=True):
        figure = pose_figure(body, draw_path(person.path), act(times, person.acting), times, person.step_time)
        raised = np.array((0.0, 0.0, person.level))
        poses.append([(pose.rotations, pose_heads(body, pose.rotations, pose.root + raised)) for pose in figure])
        keypoints.append(np.array([body.keypoint_weights @ skin(body, body.vertices_rest, *pose) for pose in poses[-1]]))
    empty = draw_empty_scene(clip.room, clip.camera)
    actors = [cast_actor(body, person.outfit) for body, person in zip(bodies, clip.people, strict=True)]
    output.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with av.open(str(output / f"{name}.mp4"), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": str(quality), "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = clip.camera.width, clip.camera.height, "yuv420p"
        stream.thread_count = 1  # the same bytes each time
        for t in range(len(times)):
            if clip.moves:
                empty = draw_empty_scene(clip.room, clip.moves[t])
            picture = draw(empty, actors, [person[t] for person in poses])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    spent = time.perf_counter() - started
    joints = [np.array([heads for _, heads in person]) for person in poses]
    moves = {"world_from_cam": np.array([camera.world_from_cam for camera in clip.moves])} if clip.moves else {}
    write_truth(output / f"{name}.npz", clip.camera, FPS, bodies, keypoints, joints, SOLE, **moves)
    return 1000 * spent / len(times)


def go_around(clip: Clip, degrees: float) -> Clip:
    """Return the clip from another place: its camera goes so far around the middle of the people's paths, and stands there.

    The room is emptied, and its walls are moved away, so that the camera is inside and nothing hides the people.
    """
    camera, angle = clip.camera, np.radians(degrees)
    middle = np.mean([key[1:3] for person in clip.people for key in person.path if key[0] >= 0], axis=0)
    distance = max(np.linalg.norm(middle - camera.place[:2]), FAR if clip.moves else 0.0)
    x, y = middle + distance * np.array((np.sin(angle), -np.cos(angle)))
    standing = replace(camera, place=(float(x), float(y), camera.place[2]), yaw_degrees=-degrees, roll_degrees=0.0)
    return replace(clip, camera=standing, room=replace(clip.room, back=13.0, side=8.0, boxes=()), moves=())


def main() -> None:
    """Render the clips asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--clip", nargs="+", choices=sorted(CLIPS), default=["walk_turn"])
    parser.add_argument("--around", type=float, metavar="DEG",
                        help="film from another place, so many degrees around the people: NAME_DEG.mp4, for several views")
    parser.add_argument("--carried", type=float, metavar="M",
                        help="film with a camera in the hand, which walks so many metres to the side: NAME_cM.mp4")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    for name in arguments.clip:
        clip = CLIPS[name]
        if arguments.around is not None:
            clip, name = go_around(clip, arguments.around), f"{name}_{arguments.around:g}"
        if arguments.carried is not None:
            clip, name = carry(clip, arguments.carried), f"{name}_c{arguments.carried:g}"
        spent = render_clip(clip, name, arguments.output)
        size = (arguments.output / f"{name}.mp4").stat().st_size
        print(f"{name}: {spent:.0f} ms per frame, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
