#!/usr/bin/env bash
# PyAV: `container.demux()` ends with an empty packet for each stream, and each of them has the stream_index 0, whatever its
# stream. Who chooses packets by that index takes them all for the first stream's; the one of a timecode track, as cameras write
# it, is a DataStream's, which has no `decode`. `packet.stream` is right.
#
# Versions: av 18.1.0, numpy 2.4.6, Python 3.11. The video is 10 pictures of 64 x 48, H.264, with a timecode track.
# Seen:     video packet: index 0, stream 0
#           data packet: index 1, stream 1
#           empty video packet: index 0, stream 0
#           empty data packet: index 0, stream 1
#           decode: AttributeError
# Fails where that changes. Takes a Python 3.11 or newer (PYTHON, by default python3) and a minute; downloads 55 MB.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install -q av==18.1.0 numpy==2.4.6
cat > packets.py <<'PY'
import av, numpy as np
with av.open("clip.mov", "w") as output:
    stream = output.add_stream("libx264", rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.metadata["timecode"] = "01:00:00:00"
    for _ in range(10):
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")))
    output.mux(stream.encode())
seen = {}
with av.open("clip.mov") as video:
    for packet in video.demux():
        kind = f"{'' if packet.size else 'empty '}{packet.stream.type} packet"
        seen.setdefault(kind, f"{kind}: index {packet.stream_index}, stream {packet.stream.index}")
        last = packet
    print("\n".join(sorted(seen.values(), key=lambda line: (line.startswith("empty"), "data" in line))))
    try:
        last.decode()
    except AttributeError:
        print("decode: AttributeError")
PY
venv/bin/python packets.py 2> messages.txt | tee seen.txt
diff seen.txt - <<'END'
video packet: index 0, stream 0
data packet: index 1, stream 1
empty video packet: index 0, stream 0
empty data packet: index 0, stream 1
decode: AttributeError
END
