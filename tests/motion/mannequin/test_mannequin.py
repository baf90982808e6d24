import numpy as np
import pytest

from mpsnet_blender.motion.base.rest_pose import build_rest_pose
from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.mannequin.mannequin import build_mannequin
from mpsnet_blender.motion.mannequin.weights import MOST_JOINTS
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS, forward_kinematics, generic_rest_joints

LEFT = np.array([name.startswith("left_") for name in JOINT])
STATURES = (1.1, 1.75, 2.05)


def _edges(quads: np.ndarray) -> np.ndarray:
    return np.concatenate([quads[:, [corner, (corner + 1) % 4]] for corner in range(4)])


def _volume(vertices: np.ndarray, quads: np.ndarray) -> float:
    """Return the volume that quads (F, 4) enclose, by the divergence theorem over their triangles."""
    a, b, c, d = (vertices[quads[:, corner]] for corner in range(4))
    return float(np.einsum("fi,fi->", a, np.cross(b, c)) + np.einsum("fi,fi->", a, np.cross(c, d))) / 6


def _pose(mannequin, heads: np.ndarray, degrees: dict[str, tuple[float, float, float]]) -> np.ndarray:
    """Return the vertices posed by linear skinning, rotations about the axes of armature space."""
    rotvecs = np.zeros((1, JOINT_COUNT, 3))
    for name, turn in degrees.items():
        rotvecs[0, JOINT[name]] = np.radians(turn)
    rotmats, joints = forward_kinematics(rotmat_from_rotvec(rotvecs), heads, np.zeros((1, 3)), PARENTS)
    moved = np.einsum("jab,vjb->vja", rotmats[0], mannequin.vertices[:, None] - heads) + joints[0]
    return np.einsum("vj,vja->va", mannequin.weights, moved)


def test_the_surface_is_closed_and_faces_outwards():
    mannequin = build_mannequin(generic_rest_joints())
    edges = _edges(mannequin.quads)
    directed, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 1).all()  # each edge once in each direction: closed, manifold, consistently turned
    assert {tuple(edge) for edge in directed} == {tuple(edge) for edge in directed[:, ::-1]}
    assert len(mannequin.vertices) - len(edges) // 2 + len(mannequin.quads) == 2  # a sphere's: one piece without holes
    assert 0.055 < _volume(mannequin.vertices, mannequin.quads) < 0.075  # cubic metres: a slim adult of 1.7 m
    assert 4000 < len(mannequin.vertices) < 9000


@pytest.mark.parametrize("stature", STATURES)
def test_crown_and_soles_are_at_the_ends_of_the_rest_armature(stature):
    joints = generic_rest_joints(stature) + (0.3, -0.2, 0.1)
    rest, mannequin = build_rest_pose(joints), build_mannequin(joints)
    assert mannequin.vertices[:, 2].min() == pytest.approx(0, abs=1e-4)
    assert mannequin.vertices[:, 2].max() == pytest.approx(rest.tails[JOINT["head"], 2], abs=0.01 * stature)
    standing = mannequin.vertices[mannequin.vertices[:, 2] < 1e-3]
    for name in ("left_foot", "right_foot"):
        under_toes = np.abs(standing - rest.heads[JOINT[name]])[:, :2].max(axis=1) < 0.03 * stature
        assert under_toes.sum() > 10


def test_a_body_of_another_build_is_scaled_joint_by_joint():
    joints = generic_rest_joints()
    longer = joints.copy()
    longer[[JOINT["left_elbow"], JOINT["right_elbow"]], 0] *= 1.2
    for name in ("wrist", "hand"):
        for side, sign in (("left", 1), ("right", -1)):
            longer[JOINT[f"{side}_{name}"], 0] += sign * 0.2 * joints[JOINT["left_elbow"], 0]
    before, after = build_mannequin(joints).vertices, build_mannequin(longer).vertices
    assert after[:, 0].max() - before[:, 0].max() == pytest.approx(0.2 * joints[JOINT["left_elbow"], 0], abs=1e-3)
    legs = before[:, 2] < 0.8
    np.testing.assert_allclose(after[legs], before[legs], atol=1e-9)


def test_arms_that_hang_at_rest_lie_in_the_limbs():
    joints = generic_rest_joints()
    turned = joints.copy()
    pivot = joints[JOINT["left_shoulder"]]
    arm = [JOINT[f"left_{name}"] for name in ("elbow", "wrist", "hand")]
    down = rotmat_from_rotvec(np.radians((0.0, 0.0, -50.0)))
    turned[arm] = (joints[arm] - pivot) @ down.T + pivot
    mannequin, rest = build_mannequin(turned), build_rest_pose(turned)
    forearm = mannequin.vertices[mannequin.weights[:, JOINT["left_elbow"]] > 0.99]
    start, end = rest.heads[JOINT["left_elbow"]], rest.heads[JOINT["left_wrist"]]
    along = (end - start) / np.linalg.norm(end - start)
    offsets = forearm - start
    assert np.linalg.norm(offsets - np.outer(offsets @ along, along), axis=1).max() < 0.06


def test_weights_sum_to_one_over_few_joints_and_are_mirrored():
    mannequin = build_mannequin(generic_rest_joints())
    weights = mannequin.weights
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    assert weights.min() >= 0 and (weights > 0).sum(axis=1).max() <= MOST_JOINTS
    assert (weights.max(axis=0) > 0.75).all()  # each joint moves some part nearly alone
    mirrored = mannequin.vertices * (-1, 1, 1)
    # pairs of vertices by their places: within a micrometre
    order, other = (np.lexsort(np.round(points * 1e6).astype(int).T) for points in (mannequin.vertices, mirrored))
    np.testing.assert_allclose(mannequin.vertices[order], mirrored[other], atol=2e-6)
    left = mannequin.vertices[:, 0] > 0.02
    right = mannequin.vertices[:, 0] < -0.02
    for name in JOINT:
        if name.startswith("left_"):
            partner = JOINT[name.replace("left_", "right_")]
            assert weights[left, JOINT[name]].sum() == pytest.approx(weights[right, partner].sum(), rel=1e-6)


@pytest.mark.parametrize(("degrees", "most_lost"), [
    ({"left_knee": (-130, 0, 0)}, 0.01),
    ({"left_elbow": (0, 0, 130)}, 0.01),
    ({"left_shoulder": (0, 75, 0), "right_shoulder": (0, -75, 0)}, 0.02),
    ({"left_shoulder": (0, -80, 0)}, 0.01),
    ({"left_hip": (-100, 0, 0)}, 0.02),
    ({"left_hip": (-115, 0, 0), "right_hip": (-115, 0, 0)}, 0.04),
    ({"spine1": (30, 0, 0), "spine2": (30, 0, 0)}, 0.01),
    ({"head": (0, 0, 70)}, 0.01),
])
def test_posed_limbs_keep_the_bodys_volume(degrees, most_lost):
    joints = generic_rest_joints()
    mannequin, heads = build_mannequin(joints), build_rest_pose(joints).heads
    before = _volume(mannequin.vertices, mannequin.quads)
    posed = _pose(mannequin, heads, degrees)
    change = _volume(posed, mannequin.quads) / before - 1
    print(f"volume with {degrees}: {100 * change:+.2f} %")
    assert abs(change) < most_lost


def test_joints_in_one_place_still_give_a_body_of_finite_numbers():
    assert np.isfinite(build_mannequin(np.zeros((JOINT_COUNT, 3))).vertices).all()
