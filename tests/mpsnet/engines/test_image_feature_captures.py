"""`capture` with the engines on image features as a process: a whole run, its cancel, and what it says of each missing file."""

import shutil
import sys

import cv2
import numpy as np
import pytest

from backend.video.frames import open_span, read_frames
from mpsnet_blender.client.backend_environment import EXTENSION_ROOT, BackendEnvironment
from mpsnet_blender.client.backend_process import BackendProcess
from mpsnet_blender.shared.capture_listing import read_listing
from mpsnet_blender.shared.engines.files import MODEL_FILES
from mpsnet_blender.shared.engines.table import find_engine
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.protocol import Cancelled, Error, Log, Progress, Result
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics
from mpsnet_blender.shared.user_home import default_home
from tests.backend.coded_videos import code_video
from tests.waiting import LONG

CLIP = EXTENSION_ROOT / "samples" / "walk_turn.mp4"


@pytest.fixture
def start(models_folder, tmp_path):
    """A starter of mpsnet captures in this interpreter; all are stopped when the test ends."""
    landmark_models = BackendEnvironment(default_home()).models_folder
    if not landmark_models.is_dir():
        pytest.skip("the backend is not set up: python3 tests/run.py does it")
    started = []

    def start_capture(*options, clip=CLIP, engine="mpsnet", checkpoints=models_folder) -> BackendProcess:
        command = [sys.executable, "-m", "backend", "--models", str(landmark_models), "--checkpoints", str(checkpoints),
                   "capture", str(clip), "--output", str(tmp_path / "out"), "--engine", engine, "--device", "cpu", *options]
        process = BackendProcess(command, tmp_path, tmp_path / f"backend_{len(started)}.log")
        started.append(process)
        return process

    yield start_capture
    for process in started:
        process.kill()


def test_a_capture_is_written_whole_with_the_effect_of_the_refinement(start, tmp_path):
    messages = list(start("--start", "1", "--end", "2").messages())
    assert isinstance(messages[-1], Result), messages[-1]
    stages = list(dict.fromkeys(message.stage for message in messages if isinstance(message, Progress)))
    # Where the heavy landmark model was fetched, frames are looked at again.
    assert [stage for stage in stages if stage != "Looking again"] == ["Finding people", "Running MPS-Net"]
    motion = read_motion(tmp_path / "out" / "person_01.npz")
    assert motion.engine == "mpsnet" and motion.frame_count == 30 and np.any(motion.betas)
    rotmats = np.tile(np.eye(3), (1, 24, 1, 1))
    rest = forward_kinematics(rotmats, motion.rest_joints, np.zeros((1, 3)))[1][0]
    np.testing.assert_allclose(rest, motion.rest_joints, atol=1e-6)
    (person,) = read_listing(tmp_path / "out" / "people.json").people
    assert person.reprojection_error_px < person.unrefined_reprojection_error_px
    assert any("before refinement" in message.message for message in messages if isinstance(message, Log))


def test_of_a_video_with_a_cut_each_shot_is_solved_from_its_own_pictures(start, tmp_path):
    pictures = [cv2.resize(frame.image, (480, 360), interpolation=cv2.INTER_AREA)
                for frame in read_frames(open_span(CLIP, 0.0, 1.6))]
    nearer = [cv2.resize(picture[60:, 100:-20][:, ::-1], (480, 360)) for picture in pictures[24:]]
    clip = code_video(tmp_path / "cut.mp4", [*pictures[:24], *nearer])
    messages = list(start(clip=clip).messages())
    assert isinstance(messages[-1], Result), messages[-1]
    people = [read_motion(tmp_path / "out" / person.file) for person in read_listing(tmp_path / "out" / "people.json").people]
    assert [(motion.frame_index[0], motion.frame_index[-1]) for motion in people] == [(0, 23), (24, 47)]
    assert all(motion.world_from_cam.shape == (24, 4, 4) for motion in people)


def test_without_refinement_there_is_nothing_to_compare(start, tmp_path):
    assert isinstance(list(start("--no-refine", "--start", "1", "--end", "1.5").messages())[-1], Result)
    (person,) = read_listing(tmp_path / "out" / "people.json").people
    assert person.unrefined_reprojection_error_px is None


def test_cancel_while_the_network_runs_ends_it_half_way_and_leaves_nothing(start, tmp_path):
    process = start("--start", "1", "--end", "6")
    for message in process.messages():
        if isinstance(message, Progress) and message.stage == "Running MPS-Net" and message.done >= 10:
            break
    process._process.stdin.close()          # without the parent's help, which comes later
    *after, final = process.messages()
    assert isinstance(final, Cancelled) and process.wait(LONG) and process.exit_code == 130
    assert all(later.done < later.total for later in after if isinstance(later, Progress))
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


@pytest.mark.parametrize("key", ["mpsnet", "spin", "smpl_neutral"])
def test_each_missing_file_is_named_with_where_to_get_it(start, models_folder, tmp_path, key):
    folder = shutil.copytree(models_folder, tmp_path / "models")
    (folder / f"{key}.npz").unlink()
    final = list(start(checkpoints=folder).messages())[-1]
    assert isinstance(final, Error) and final.kind == "ModelError"
    file = MODEL_FILES[key]
    assert file.original_name in final.message and file.site in final.advice and "models add" in final.advice
    others = [MODEL_FILES[other].original_name for other in find_engine("mpsnet").model_files if other != key]
    assert not any(name in final.message for name in others) and not (tmp_path / "out").exists()


def test_spin_needs_no_further_files(start, models_folder, tmp_path):
    folder = shutil.copytree(models_folder, tmp_path / "models")
    (folder / "mpsnet.npz").unlink()
    messages = list(start("--start", "1", "--end", "1.5", engine="spin", checkpoints=folder).messages())
    assert isinstance(messages[-1], Result), messages[-1]
    assert "Running SPIN" in {message.stage for message in messages if isinstance(message, Progress)}
    assert read_motion(tmp_path / "out" / "person_01.npz").engine == "spin"


@pytest.mark.parametrize("engine", ["vibe", "tcmr", "meva"])
def test_a_peers_missing_network_is_named(start, engine):
    final = list(start(engine=engine).messages())[-1]
    file = MODEL_FILES[engine]
    assert isinstance(final, Error) and f"The engine {engine} lacks {file.original_name}" in final.message
    assert file.site in final.advice and file.licence in final.advice
