"""From a decoded picture to an image as a player shows it: whole pictures, usual colours, square pixels, upright."""

from __future__ import annotations

from collections.abc import Iterator

import av
import cv2
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import SideData
from av.video.reformatter import ColorTrc, Interpolation, VideoReformatter

_REFERENCE_WHITE = 203.0        # candelas per square metre of a white sheet in HDR video (ITU-R BT.2408)
_LINEAR_UP_TO = 0.7             # of that white; what is brighter is compressed. By eye: faces and clothes lie below
_NEARLY_SQUARE = 0.01           # encoders round the shape of pixels so that a size becomes even
_LARGEST_STRETCH = 4.0          # of a pixel; the widest in use is 2 (anamorphic lenses), another value is damaged
# As OpenCV's reader does, whose pictures the models' thresholds were measured on; equal bit for bit for 8-bit video.
_INTERPOLATION = Interpolation.BICUBIC


def square_size(size: tuple[int, int], pixel_aspect: float) -> tuple[int, int]:
    """Return width and height in px of a picture whose pixels, `pixel_aspect` times as wide as high, become square.

    The picture becomes longer on one side, so that nothing of it is lost.
    """
    width, height = size
    if abs(pixel_aspect - 1) <= _NEARLY_SQUARE or not 1 / _LARGEST_STRETCH <= pixel_aspect <= _LARGEST_STRETCH:
        return width, height
    return (round(width * pixel_aspect), height) if pixel_aspect > 1 else (width, round(height / pixel_aspect))


class UprightImages:
    """Makes images (H, W, 3) uint8 BGR of a video's decoded pictures."""

    def __init__(self, size: tuple[int, int]):
        """size: width and height in px before the turn, with square pixels."""
        self._size = size
        self._reformatter = VideoReformatter()
        self._turn: np.ndarray | None = None

    def make(self, picture: av.VideoFrame) -> np.ndarray:
        """Return the image of a picture."""
        # One thread: the decoder's threads are enough, and more were slower (1080p, 2 cores).
        converted = self._reformatter.reformat(picture, *self._size, format="bgr24", interpolation=_INTERPOLATION, threads=1)
        image: np.ndarray = converted.to_ndarray()
        if picture.color_trc == ColorTrc.SMPTE2084:
            image = cv2.LUT(image, _PQ_LEVELS)
        # Of the first picture only: asking a picture for its side data keeps it in memory (findings/pyav_side_data.sh).
        self._turn = _read_turn(picture) if self._turn is None else self._turn
        return _turn(image, self._turn)


def _read_turn(picture: av.VideoFrame) -> np.ndarray:
    """Return the numbers a, b, c, d of the display matrix: (x, y) goes to (a x + c y, b x + d y) (ISO/IEC 14496-12, 6.2.2)."""
    try:
        side_data = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:      # PyAV 18 does not know all kinds, such as the EXIF data of pictures
        angle = -np.radians(picture.rotation)
        return np.round(np.array((np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle))))
    if not isinstance(side_data, SideData):
        return np.array((1.0, 0.0, 0.0, 1.0))
    return np.frombuffer(bytes(side_data), np.int32)[[0, 1, 3, 4]].astype(float)


def _turn(image: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Turn, and mirror where wanted."""
    a, b, c, d = turn
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, a, d = image.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(image[::-1 if d < 0 else 1, ::-1 if a < 0 else 1])


def _make_pq_levels() -> np.ndarray:
    """Return the sRGB levels (256,) of levels in HDR video's perceptual quantiser (SMPTE ST 2084), with white at 203 cd/m²."""
    code = np.arange(256) / 255
    root = code ** (32 / 2523)
    nits = 10000 * (np.maximum(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)
    light, rest = nits / _REFERENCE_WHITE, 1 - _LINEAR_UP_TO
    light = np.where(light > _LINEAR_UP_TO, 1 - rest * np.exp((_LINEAR_UP_TO - light) / rest), light)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb).astype(np.uint8)


_PQ_LEVELS = _make_pq_levels()


class Deinterlacer:
    """Makes whole pictures of interlaced ones, one for one, with FFmpeg's bwdif. Pictures that are whole pass unchanged."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._kind: tuple[int, int, str] | None = None

    def step(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Take the next picture; yield those that are ready. They lag one picture behind from the first interlaced one on."""
        kind = (picture.width, picture.height, picture.format.name)
        if self._graph is not None and kind != self._kind:
            yield from self.finish()
        if self._graph is None:
            if not picture.interlaced_frame:
                yield picture
                return
            self._graph, self._kind = _make_graph(picture), kind
        self._graph.push(picture)
        yield from _pull(self._graph)

    def finish(self) -> Iterator[av.VideoFrame]:
        """Yield the last pictures."""
        if self._graph is not None:
            self._graph.push(None)
            yield from _pull(self._graph)
            self._graph = None


def _make_graph(picture: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=picture.width, height=picture.height, format=picture.format, time_base=picture.time_base)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink")).configure()
    return graph


def _pull(graph: Graph) -> Iterator[av.VideoFrame]:
    try:
        while True:
            picture = graph.pull()
            assert isinstance(picture, av.VideoFrame)
            yield picture
    except (av.BlockingIOError, av.EOFError):
        return
