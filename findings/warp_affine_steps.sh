#!/usr/bin/env bash
# OpenCV 4 samples pictures in steps of 1/32 px in warpAffine, also where the picture is float32; OpenCV 5 samples where the matrix says.
# So the crop that a network gets, and its features, change with the major version, although code and flags are the same.
#
# Versions: opencv-python-headless 4.13.0.92, 4.14.0.94 and 5.0.0.93; numpy 2.4.6. None of our code. About 150 MB, into a temporary folder.
# Input: columns that are black and white in turn, shifted with INTER_LINEAR, so that the first black pixel shows the fraction of a
# pixel by which it was really shifted; and noise, cropped and scaled as for a network.
# Seen on 2026-11-28 (asked for, then what was done):
#     4.13 and 4.14: 1/128 0.0000, 1/64 0.0312, 3/128 0.0312, 1/32 0.0312, 1/4 0.2500, in uint8 rounded
#     5.0:           1/128 0.0078, 1/64 0.0156, 3/128 0.0234, 1/32 0.0312, 1/4 0.2500
#     crops of noise: 4.13 and 4.14 equal, 5.0 differs by up to 4 of 255
# Fails where that has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > shift.py <<'PYTHON'
import sys

import cv2
import numpy as np

columns = np.zeros((8, 64), np.float32)
columns[:, 1::2] = 255
done = []
for shift in (1 / 128, 1 / 64, 3 / 128, 1 / 32, 1 / 4):
    matrix = np.array([[1, 0, shift], [0, 1, 0]], np.float32)
    shifted = cv2.warpAffine(columns, matrix, (64, 8), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    done.append(f"{shifted[4, 10] / 255:.4f}")
print(" ".join(done))
noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
corners = np.array([[10, 20], [10, 150], [150, 20]], np.float32), np.array([[112, 112], [112, 224], [224, 112]], np.float32)
np.save(sys.argv[1], cv2.warpAffine(noise, cv2.getAffineTransform(*corners), (224, 224), flags=cv2.INTER_LINEAR))
PYTHON
for version in 4.13.0.92 4.14.0.94 5.0.0.93; do
    "$python" -m venv "environment-$version"
    "environment-$version/bin/pip" install --quiet "opencv-python-headless==$version" numpy==2.4.6
    echo "$version: $("environment-$version/bin/python" shift.py "$version.npy")"
done | tee seen.txt
environment-5.0.0.93/bin/python - <<'PYTHON' | tee -a seen.txt
import numpy as np

first, second, third = (np.load(f"{version}.npy").astype(int) for version in ("4.13.0.92", "4.14.0.94", "5.0.0.93"))
print(f"crops of noise: 4.13 and 4.14 differ by {abs(first - second).max()}, 4.13 and 5.0 by {abs(first - third).max()} of 255")
PYTHON
diff seen.txt - <<'END'
4.13.0.92: 0.0000 0.0312 0.0312 0.0312 0.2500
4.14.0.94: 0.0000 0.0312 0.0312 0.0312 0.2500
5.0.0.93: 0.0078 0.0156 0.0234 0.0312 0.2500
crops of noise: 4.13 and 4.14 differ by 0, 4.13 and 5.0 by 4 of 255
END
