import numpy as np

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from tests.made_rigs import Build, make_rig

RIG = make_rig(Build(has_fingers=False))


def named(bones):
    return [RIG.names[bone] for bone in bones]


def test_bones_have_children_and_what_they_hang_from():
    assert named(RIG.children[RIG.index["root"]]) == ["hips"]           # the first bone has children too
    assert named(RIG.children[RIG.index["hips"]]) == ["spine1", "left_thigh", "right_thigh"]
    assert RIG.children[RIG.index["left_toe"]] == []
    assert named(RIG.ancestors(RIG.index["left_shin"])) == ["left_thigh", "hips", "root"]
    assert RIG.ancestors(RIG.index["root"]) == []


def test_a_bone_is_above_what_hangs_from_it_and_not_above_itself():
    hips, toe = RIG.index["hips"], RIG.index["left_toe"]
    assert RIG.is_above(hips, toe) and not RIG.is_above(toe, hips) and not RIG.is_above(hips, hips)


def test_points_are_given_in_the_armatures_axes_from_its_origin():
    axes = rotmat_from_rotvec(np.array((0, 0, np.pi / 2)))          # its x points along the world's y
    rig = make_rig(Build(), axes=axes, origin=(1.0, 2.0, 3.0))
    np.testing.assert_allclose(rig.local_points(np.array((1.0, 7.0, 3.5))), (5.0, 0.0, 0.5), atol=1e-12)
    np.testing.assert_allclose(rig.local_points(rig.heads), make_rig(Build()).heads, atol=1e-12)
