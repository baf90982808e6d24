#!/usr/bin/env bash
# BlazePose reads a leaning man with left and right exchanged where his crop is turned until his trunk is upright, which is
# MediaPipe's own rule, and rightly where it is not turned. Its presence is above 0.99 in both.
#
# Versions: the model pose_landmark_full.tflite of the wheel mediapipe 0.10.21; ai-edge-litert 2.3.0; footage of pose2sim
# 0.10.49 (single-person demo, camera 2); opencv-python-headless 4.13.0.92; numpy 2.4.6. None of our code. About 100 MB, into a
# temporary folder.
# Behaviour: the man faces the camera, so that his left shoulder and hip are on the right of the picture; three more cameras of
# the demo agree. He leans by 40 degrees to the right. One square around him, in frames 44, 46, ... 64, read twice.
# Seen on 2026-11-27:
#     turned by 40 degrees: left and right exchanged in 10 of 11 frames, presence 0.9982 to 1.0000
#     not turned: left and right exchanged in 0 of 11 frames, presence 0.9965 to 0.9998
# Fails where that has changed: fewer than 8 exchanged when turned, more than 2 when not, or a presence under 0.9.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$python" -m venv environment
environment/bin/pip install --quiet ai-edge-litert==2.3.0 opencv-python-headless==4.13.0.92 numpy==2.4.6
environment/bin/pip download --quiet --no-deps pose2sim==0.10.49
environment/bin/pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 \
    mediapipe==0.10.21
"$python" -m zipfile -e mediapipe-*.whl mediapipe
"$python" -m zipfile -e pose2sim-*.whl pose2sim
environment/bin/python - <<'PYTHON'
import math
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

SIZE, FRAMES = 256, range(44, 65, 2)
CENTRE, SIDE = (477.0, 780.0), 1040.0
LEFT, RIGHT = [11, 23], [12, 24]        # shoulder and hip

model = Interpreter("mediapipe/mediapipe/modules/pose_landmark/pose_landmark_full.tflite")
model.allocate_tensors()
video = cv2.VideoCapture("pose2sim/Pose2Sim/Demo_SinglePerson/videos/cam02.mp4")
pictures = []
while (read := video.read())[0]:
    pictures.append(read[1])


def landmarks(picture, degrees):
    """Return the landmarks (39, 2) in the picture and the presence, from the square turned by so much to the right."""
    scale, turn = SIDE / SIZE, math.radians(degrees)
    axes = scale * np.array(((math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))))
    affine = np.column_stack([axes, np.array(CENTRE) - axes @ (SIZE / 2, SIZE / 2)])
    crop = cv2.warpAffine(picture, affine, (SIZE, SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REPLICATE)
    model.set_tensor(model.get_input_details()[0]["index"], crop[None, ..., ::-1].astype(np.float32) / 255)
    model.invoke()
    outputs = {output.size: output for output in (model.get_tensor(detail["index"]) for detail in model.get_output_details())}
    points = outputs[39 * 5].reshape(39, 5)[:, :2]
    return points @ affine[:, :2].T + affine[:, 2], float(outputs[1].ravel()[0])


counts, presences = {}, []
for name, degrees in (("turned by 40 degrees", 40), ("not turned", 0)):
    read = [landmarks(pictures[frame], degrees) for frame in FRAMES]
    counts[degrees] = sum(bool((xy[LEFT, 0] < xy[RIGHT, 0]).all()) for xy, _ in read)
    presence = [presence for _, presence in read]
    presences += presence
    print(f"{name}: left and right exchanged in {counts[degrees]} of {len(read)} frames, "
          f"presence {min(presence):.4f} to {max(presence):.4f}")
sys.exit(0 if counts[40] >= 8 and counts[0] <= 2 and min(presences) >= 0.9 else "This has changed.")
PYTHON
