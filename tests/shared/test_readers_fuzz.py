"""Files of strangers, made by hypothesis: each is read as something sane, or refused with one clear error.

`MPSNET_FUZZ_CASES=200000 python -m pytest tests/shared/test_readers_fuzz.py` takes as many for each reader, new ones each time.
"""

import io
import json
import math
import os
import warnings
import zipfile
from contextlib import suppress
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from mpsnet_blender.motion.formats.smpl_rows import read_any_motion
from mpsnet_blender.motion.results.capture_folder import open_capture, read_motions
from mpsnet_blender.shared.bone_map_file import BoneMapError, read_bone_map, write_bone_map
from mpsnet_blender.shared.bone_slots import SLOTS
from mpsnet_blender.shared.capture_listing import (
    CaptureListing,
    ListedPerson,
    ListingError,
    Quality,
    read_listing,
    write_listing,
)
from mpsnet_blender.shared.motion_file import MotionFileError, read_motion, write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_COUNT
from tests.shared.test_motion_file import a_motion, written_arrays

SHORT_RUN = 150         # cases of each reader, always the same ones: a run that is repeated says the same
CASES = int(os.environ.get("MPSNET_FUZZ_CASES", SHORT_RUN))
LONGEST_ERROR = 2000    # characters, of a message that a person reads


def many(test):
    """Run a test for as many cases as are wanted."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen = settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=checks)(test)
    return seed(1)(chosen) if CASES == SHORT_RUN else chosen


ODD_NUMBERS = st.sampled_from([math.inf, -math.inf, math.nan, 10 ** 400, -10 ** 400, 2 ** 31, -1, 0, 1e308, 1e-320, -0.0, True])
ODD_TEXTS = st.sampled_from(["", ".", "..", "/etc/passwd", "..\\x", "a\0b", "\ud800", "CON", "a" * 5000, "\N{SNOWMAN}" * 100,
                             "person_01.npz", "\x1b[31m", "green", "‮gpj.exe"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODD_NUMBERS | ODD_TEXTS
JSON = st.recursive(SCALARS, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4),
                    max_leaves=8)
DEEP = st.integers(1, 200_000).map(lambda depth: b"[" * depth) | st.integers(1, 200_000).map(lambda depth: b'{"a":' * depth)


def places_in(tree, path=()):
    """Yield the path of every value in a JSON tree."""
    yield path
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places_in(value, (*path, key))


def changed(tree, path, value, removes):
    """Return a JSON tree in which the value at a path is another one, or is removed."""
    if not path:
        return value
    key, *rest = path
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if removes and not rest:
        del copy[key]
    else:
        copy[key] = changed(copy[key], rest, value, removes)
    return copy


@st.composite
def damaged_json(draw, tree):
    """Draw the bytes of a JSON file: a good tree with some values changed or removed, with changed bytes, or something else."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=200) | DEEP)
    if kind == 1:
        return json.dumps(draw(JSON)).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(1, 3))):
        tree = changed(tree, draw(st.sampled_from(list(places_in(tree)))), draw(JSON), draw(st.booleans()))
    content = bytearray(json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 3)) if kind < 4 and content else 0):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content)


def require_clear(error, path):
    """Check that an error names the file and can be shown."""
    message = str(error)
    assert str(path) in message and len(message) < LONGEST_ERROR
    message.encode("utf-8")


def numbers_in(value):
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    yield from (number for part in parts for number in numbers_in(part))
    if isinstance(value, int | float):
        yield value


GOOD_LISTING = CaptureListing(
    engine="keypoints", video="/v/walk.mp4", fps=30.0, image_size=(640, 480), frame_count=90, stature=1.7, preview="preview.mp4",
    people=(ListedPerson(1, "person_01.npz", "person_01.jpg", 0, 89, quality=Quality(lean_degrees=2.0, grade="green")),
            ListedPerson(2, "person_02.npz")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A capture's folder with a good motion file, whose listing is damaged."""
    folder = tmp_path_factory.mktemp("capture")
    write_motion(folder / "person_01.npz", a_motion())
    write_listing(folder / "people.json", GOOD_LISTING)
    return folder


@pytest.fixture(scope="module")
def listing_tree(folder):
    return json.loads((folder / "people.json").read_text())


@many
@given(data=st.data())
def test_a_listing_is_read_or_refused_and_never_blocks_a_motion_file_beside_it(folder, listing_tree, data):
    path = folder / "people.json"
    path.write_bytes(data.draw(damaged_json(listing_tree)))
    try:
        listing = read_listing(path)
    except ListingError as error:
        require_clear(error, path)
    else:
        assert all(math.isfinite(number) and abs(number) <= 1e15 for number in numbers_in(asdict(listing)))
        assert all(name.isprintable() and "/" not in name for name in listing.files())
        again = folder / "again.json"
        write_listing(again, listing)
        assert read_listing(again) == listing
    with suppress(MotionFileError):
        assert read_motions(open_capture(folder)).motions
    assert read_motions(open_capture(folder / "person_01.npz")).motions[0][1].frame_count == 5


KINDS = ("<f8", "<f4", "<f2", ">f8", "<i8", "<i4", "<u2", "|b1", "<c16", "<U5", "|S5", "<M8[s]", "<m8[s]", "|V4", "|O")
SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


@st.composite
def odd_arrays(draw):
    """Draw an array of any kind; one of numbers has values that no motion has."""
    kind, shape = draw(st.sampled_from(KINDS)), draw(SHAPES)
    if kind[1] == "f":
        return draw(arrays_of.arrays(kind, shape, elements=st.floats(width=8 * int(kind[2:]))))
    array = np.zeros(shape, kind)
    if kind[1] in "iu" and array.size:
        array.flat[0] = draw(st.integers(-3, 3) if kind[1] == "i" else st.integers(0, 3))
    return array


@st.composite
def changed_arrays(draw, array):
    """Draw an array like a good one: with one value changed, of another type, cut, or with another dimension."""
    array = np.array(array)
    kind = draw(st.integers(0, 5))
    if kind in (0, 4, 5) and array.size and array.dtype.kind == "f":
        odd = st.sampled_from([0.0, -1.0, 1e8, -1e8, 1e-12, 1e300])
        array.flat[draw(st.integers(0, array.size - 1))] = draw(st.floats() | odd)
        return array
    if kind == 1:
        with suppress(ValueError, TypeError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return array.astype(draw(st.sampled_from(KINDS)))
    if kind == 2 and array.ndim:
        return array[:draw(st.integers(0, len(array)))]
    return array[None] if draw(st.booleans()) or not array.ndim else array[0]


@st.composite
def damaged_motion(draw, good):
    """Draw the bytes of a motion file: some members changed, left out or doubled, some of its bytes changed, or cut."""
    arrays = dict(good)
    for name in draw(st.lists(st.sampled_from([*good, "mocap_frame_rate", "labels"]), max_size=3)):
        action = draw(st.integers(0, 3))
        if action == 0:
            arrays.pop(name, None)
        else:
            arrays[name] = draw(odd_arrays() if action == 1 or name not in good else changed_arrays(good[name]))
    stream = io.BytesIO()
    packing = zipfile.ZIP_DEFLATED if draw(st.booleans()) else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=True)
    content = bytearray(stream.getvalue())
    kind = draw(st.integers(0, 9))      # of most files, the members are damaged and the archive is whole
    for _ in range(draw(st.integers(1, 4)) if kind in (0, 1) else 0):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[:draw(st.integers(0, len(content)))] if kind == 2 else content)


@pytest.fixture(scope="module", params=["ours", "amass"])
def good_arrays(request, tmp_path_factory):
    arrays = written_arrays(tmp_path_factory.mktemp("good") / "good.npz")
    return arrays if request.param == "ours" else {name: arrays[name] for name in (
        "poses", "trans", "betas", "gender", "mocap_framerate")}


@many
@given(data=st.data())
def test_a_motion_file_is_read_or_refused(tmp_path, good_arrays, data):
    path = tmp_path / "m.npz"
    path.write_bytes(data.draw(damaged_motion(good_arrays)))
    try:
        motion, _ = read_any_motion(path)
    except MotionFileError as error:
        require_clear(error, path)
        return
    frames = motion.frame_count
    assert 0 < motion.mocap_framerate <= 1e5 and frames > 0
    assert all(text.encode("utf-8") is not None and len(text) <= 4096 for text in (motion.gender, motion.source, motion.engine))
    shapes = {"poses": (frames, 72), "trans": (frames, 3), "rest_joints": (JOINT_COUNT, 3), "timestamps": (frames,)}
    for name, shape in shapes.items():
        array = getattr(motion, name)
        assert array.shape == shape and array.dtype.kind in "fiu" and np.isfinite(array).all() and np.abs(array).max() <= 1e7
    assert (np.diff(motion.timestamps) > 0).all()
    write_motion(tmp_path / "again.npz", motion)
    np.testing.assert_array_equal(read_motion(tmp_path / "again.npz").poses, motion.poses)


GOOD_MAP = dict(zip(SLOTS, ("Hips", "Spine", "Chest", "Neck")))


@many
@given(data=st.data())
def test_a_bone_map_is_read_or_refused(tmp_path, data):
    path = tmp_path / "map.json"
    write_bone_map(path, "Hero", GOOD_MAP)
    path.write_bytes(data.draw(damaged_json(json.loads(path.read_text()))))
    try:
        bone_map = read_bone_map(path)
    except BoneMapError as error:
        require_clear(error, path)
        return
    assert set(bone_map) <= set(SLOTS) and all(isinstance(bone, str) for bone in bone_map.values())
