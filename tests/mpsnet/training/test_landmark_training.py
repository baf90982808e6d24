"""The network on landmarks: the folded form has torch's numbers, the training's parts do what they say, and it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from backend.engines.lifter import WEIGHTS, TemporalLifter
from backend.engines.lifter_inputs import INPUT_SIZE, LifterInputs, make_lifter_inputs
from backend.people.landmarks import LANDMARK
from backend.training.landmark_batches import ExampleStore
from backend.training.landmark_evaluation import KEYPOINTS, compute_motion_errors
from backend.training.landmark_losses import LandmarkLoss
from backend.training.landmark_network import KINDS, LandmarkNetwork
from backend.training.landmark_scenes import Example, Scene, mirrored_columns, mirrored_rot6d, solve_scene
from backend.training.landmark_weights import fold_network, save_weights, unfold_network
from backend.training.landmarks import HeldOut, Recipe, read_learnt, solve, train
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS, person_track, seen_from, walker


@pytest.fixture(autouse=True)
def gradients():
    with torch.enable_grad():       # other modules turn them off for the process
        yield


def trained_looking_network(kind="moca_hafi"):
    """Return a network in eval mode whose attention is neither flat nor one-hot."""
    torch.manual_seed(0)
    network = LandmarkNetwork(kind).eval().requires_grad_(False)
    torch.nn.init.normal_(network.mpsnet.nonlocalblock.conv_mask.weight, std=0.05)
    for decoder in (network.mpsnet.regressor.decpose, network.mpsnet.regressor.deccam):
        torch.nn.init.normal_(decoder.weight, std=0.02)
    return network


def made_inputs(count, seed=1):
    rng = np.random.default_rng(seed)
    start = Rotation.random(count * 24, random_state=rng).as_matrix()[..., :2].reshape(count, 144)
    towards = Rotation.random(count, random_state=rng).as_matrix()
    return LifterInputs(rng.normal(size=(count, INPUT_SIZE)).astype(np.float32), start.astype(np.float32), towards)


def test_the_folded_network_has_the_plain_ones_numbers(tmp_path):
    network, inputs, times = trained_looking_network(), made_inputs(60), np.arange(60) / 30
    save_weights(network, tmp_path / "weights.npz")
    motion = TemporalLifter(tmp_path / "weights.npz").run(inputs, times, np.empty(0, int))
    rotmats, contacts = solve(network, inputs, times)
    np.testing.assert_allclose(motion.rotmats, rotmats, atol=3e-3)       # the weights are kept in half precision
    np.testing.assert_allclose(motion.contacts, contacts, atol=3e-3)


def test_a_network_unfolded_from_the_shipped_weights_has_their_numbers_and_can_learn():
    network = LandmarkNetwork()
    network.load_state_dict(read_learnt(WEIGHTS))
    inputs, times = made_inputs(60), np.arange(60) / 30
    motion = TemporalLifter().run(inputs, times, np.empty(0, int))
    rotmats, contacts = solve(network.eval(), inputs, times)
    np.testing.assert_allclose(motion.rotmats, rotmats, atol=1e-2)
    np.testing.assert_allclose(motion.contacts, contacts, atol=1e-2)
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        for name, folded in fold_network(unfold_network(dict(arrays))).items():
            np.testing.assert_allclose(folded, arrays[name], atol=2e-3)
    estimate, _ = network(torch.from_numpy(inputs.frames), torch.arange(16)[None], torch.from_numpy(inputs.start[:1]))
    estimate.rotmats[0, 16, 0, 1].backward()
    assert all(float(network.get_parameter(f"mpsnet.regressor.{name}.weight").grad.abs().max()) > 0 for name in (
        "fc1", "fc2", "decpose"))


def test_moca_per_frame_is_the_papers_moca():
    network = trained_looking_network()
    features = torch.randn(40, 256, generator=torch.Generator().manual_seed(3)) * 0.25
    windows = torch.arange(16)[None] + torch.arange(20)[:, None]
    expected = network.mpsnet.nonlocalblock(features[windows]).feature
    torch.testing.assert_close(network.window_feature(features, windows), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_centre_frame_alone_decides_only_in_the_per_frame_network(kind):
    network, windows = trained_looking_network(kind), torch.arange(16)[None]
    features = torch.randn(16, 256, generator=torch.Generator().manual_seed(4)) * 0.25
    changed = features.clone()
    changed[8 - 3] += 0.2
    moved = (network.window_feature(changed, windows) - network.window_feature(features, windows)).abs().max()
    assert (moved == 0) == (kind == "frame")


def test_a_mirror_image_mirrored_is_the_first_one():
    order, signs = mirrored_columns()
    values = np.random.default_rng(0).normal(size=INPUT_SIZE).astype(np.float32)
    np.testing.assert_array_equal((values[order] * signs)[order] * signs, values)


def test_mirrored_rotations_are_those_of_the_mirrored_body():
    rotmats = Rotation.random(24, random_state=0).as_matrix()
    order, signs = mirrored_rot6d()
    mirrored = (rotmats[..., :2].reshape(144)[order] * signs).reshape(24, 3, 2)
    mirror = np.diag((-1.0, 1.0, 1.0))
    np.testing.assert_allclose(mirrored[2], (mirror @ rotmats[1] @ mirror)[:, :2], atol=1e-7)      # right hip from left
    np.testing.assert_allclose(mirrored[15], (mirror @ rotmats[15] @ mirror)[:, :2], atol=1e-7)    # head from itself


def made_examples(count, seed):
    """Return examples whose truth is the start with both arms swung by an angle that the nose's score gives."""
    rng, examples = np.random.default_rng(seed), []
    for _ in range(count):
        frames = 0.1 * rng.normal(size=(40, INPUT_SIZE)).astype(np.float32)
        swing_angle = rng.normal(0, 0.7)
        frames[:, 66] = swing_angle
        turned = np.zeros((40, 24, 3))
        turned[:, 16:18, 0] = swing_angle
        rotmats = Rotation.from_rotvec(turned.reshape(-1, 3)).as_matrix().reshape(40, 24, 3, 3)
        start = np.tile(np.eye(3)[:, :2].reshape(6), (40, 24)).astype(np.float32)
        contacts = np.full((40, 4), swing_angle > 0)
        examples.append(Example(frames, start, rotmats.astype(np.float32), contacts.astype(np.float32)))
    return examples


def made_held_out():
    """Return a walker, seen perfectly, to judge on."""
    person = seen_from(walker(frame_count=40), pitch_degrees=5)
    points = person.landmarks
    keypoints = points[:, [LANDMARK[name] for name in KEYPOINTS]]
    keypoints = np.concatenate([keypoints, np.zeros((40, 6, 3))], axis=1)
    scene = Scene("walker", person_track(person), IMAGE_SIZE, INTRINSICS, person.rotmats, keypoints, np.zeros((40, 4), bool), 1.7)
    track, lifted, rotmats, intrinsics = solve_scene(scene)
    return HeldOut(scene, lifted, rotmats, make_lifter_inputs(track, lifted, rotmats, intrinsics))


def test_the_errors_of_a_perfectly_seen_walker_are_small():
    one = made_held_out()
    errors = compute_motion_errors(one.rotmats, one.lifted, one.scene)
    assert errors.limb_direction < 8 and errors.pa_mpjpe < 40
    truth = compute_motion_errors(one.scene.rotmats, one.lifted, one.scene)
    assert truth.local_rotation < 1e-4 and truth.root_rotation < 1e-4 and truth.limb_direction < 2


def test_it_learns_from_the_inputs_and_continues_after_a_break(tmp_path):
    store, recipe = ExampleStore(made_examples(30, 0)), Recipe(steps=40, runs=4, run=4, warm_up=5, judge_every=20, average=0.9)
    held_out, unseen = [made_held_out()], made_examples(10, 1)
    network = train(recipe, store, held_out, tmp_path / "lifter.npz")

    def error():
        network.eval()
        angles = []
        for example in unseen:
            inputs = LifterInputs(example.inputs, example.start, np.tile(np.eye(3), (40, 1, 1)))
            rotmats, _ = solve(network, inputs, np.arange(40) / 30)
            angles.append(np.linalg.norm(rotmats[:, [16, 17]] - example.rotmats[:, [16, 17]], axis=(-1, -2)).mean())
        return np.mean(angles)

    started = np.mean([np.linalg.norm(np.eye(3) - example.rotmats[:, [16, 17]], axis=(-1, -2)).mean() for example in unseen])
    assert error() < 0.5 * started
    assert (tmp_path / "lifter.npz").is_file() and len((tmp_path / "lifter.log").read_text().splitlines()) == 2
    again = train(recipe, store, held_out, tmp_path / "lifter.npz")     # all steps are done: nothing is trained
    still = replace(recipe, steps=1, rate=0.0)
    further = train(still, store, held_out, tmp_path / "further.npz", begin_with=tmp_path / "lifter.checkpoint")
    for ours, theirs, same in zip(again.parameters(), network.parameters(), further.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
        torch.testing.assert_close(same, theirs)


def test_the_loss_of_the_truth_is_nothing_but_contacts_and_picture():
    rotmats = torch.from_numpy(Rotation.random(24 * 8, random_state=1).as_matrix().reshape(8, 24, 3, 3)).float()
    loss = LandmarkLoss()
    joints = loss.pose(rotmats)
    assert joints.shape == (8, 24, 3)
    np.testing.assert_allclose(loss.bones(joints).norm(dim=-1)[0], loss.bones(joints).norm(dim=-1)[5], atol=1e-6)
