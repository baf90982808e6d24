import numpy as np

from mpsnet_blender.motion.base.coordinates import blender_camera_matrix, blender_from_smpl


def test_a_body_that_faces_smpls_front_faces_blenders_front_view():
    up, ahead, left = blender_from_smpl(np.array(((0, 1, 0), (0, 0, 1), (1, 0, 0))))
    assert up.tolist() == [0, 0, 1] and ahead.tolist() == [0, -1, 0] and left.tolist() == [1, 0, 0]


def test_a_blender_camera_looks_where_the_videos_does_with_its_top_up():
    world_from_cam = np.array(((1.0, 0, 0, 5), (0, 0, 1, 6), (0, -1, 0, 7), (0, 0, 0, 1)))      # level, along +y
    matrix = blender_camera_matrix(world_from_cam[None])[0]
    np.testing.assert_allclose(matrix @ (0, 0, -1, 0), (0, 1, 0, 0))       # it looks along its -Z
    np.testing.assert_allclose(matrix @ (0, 1, 0, 0), (0, 0, 1, 0))
    np.testing.assert_allclose(matrix @ (1, 0, 0, 0), (1, 0, 0, 0))
    np.testing.assert_allclose(matrix @ (0, 0, 0, 1), (5, 6, 7, 1))
