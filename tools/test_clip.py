"""Makes the clip of two seconds that `mocap.py doctor` captures: `PYTHON tools/test_clip.py`, with a Python of the backend's.

It is the beginning of samples/walk_turn.mp4, smaller and with 12 frames a second, so that it adds little to the extension.
"""

from fractions import Fraction
from pathlib import Path

import av

ROOT = Path(__file__).resolve().parents[1]
SOURCE, CLIP = ROOT / "samples" / "walk_turn.mp4", ROOT / "backend" / "commands" / "test_clip.mp4"
WIDTH, HEIGHT, FPS, SECONDS = 480, 360, 12, 2


def main() -> None:
    """Write the clip."""
    with av.open(str(SOURCE)) as source, av.open(str(CLIP), "w") as clip:
        stream = clip.add_stream("h264", rate=FPS, options={"crf": "30", "preset": "veryslow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        written = 0
        for frame in source.decode(video=0):
            if written < FPS * SECONDS and frame.time is not None and frame.time >= written / FPS:
                small = frame.reformat(WIDTH, HEIGHT, "yuv420p")
                small.pts, small.time_base = written, Fraction(1, FPS)
                clip.mux(stream.encode(small))
                written += 1
        clip.mux(stream.encode(None))


if __name__ == "__main__":
    main()
