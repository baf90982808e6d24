#!/usr/bin/env bash
# PyAV's `av.logging.set_level` makes FFmpeg's messages go through Python. A decoder with threads then stops for ever: its thread
# waits for Python's lock to say "deprecated pixel format used", while the thread that has the lock waits for the decoder.
# `av.logging.set_libav_level`, which leaves the messages to FFmpeg, does not stop.
#
# Versions: av 18.1.0 (FFmpeg 8), numpy 2.4.6, Python 3.11. The video is valid: H.264 with the full range of levels.
# Seen:     set_libav_level: 20 videos opened
#           set_level: stopped
# Fails where that changes. Takes a Python 3.11 or newer (PYTHON, by default python3) and a minute; downloads 55 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install -q av==18.1.0 numpy==2.4.6
cat > write.py <<'PY'
import av, numpy as np
with av.open("full.mp4", "w") as output:
    stream = output.add_stream("libx264", rate=30)
    stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
    stream.codec_context.color_range = 2
    for number in range(10):
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((240, 320, 3), 20 * number, np.uint8), format="bgr24")))
    output.mux(stream.encode())
PY
cat > read.py <<'PY'
import sys
import av
getattr(av.logging, sys.argv[1])(av.logging.ERROR)
for _ in range(20):
    with av.open("full.mp4") as video:
        stream = video.streams.video[0]
        stream.thread_type = "AUTO"
        next(video.decode(stream))
print(f"{sys.argv[1]}: 20 videos opened")
PY
venv/bin/python write.py 2> messages.txt
{ venv/bin/python read.py set_libav_level 2>> messages.txt
  timeout -s KILL 30 venv/bin/python read.py set_level 2>> messages.txt || echo "set_level: stopped"; } | tee seen.txt
diff seen.txt - <<'END'
set_libav_level: 20 videos opened
set_level: stopped
END
