import pytest

from mpsnet_blender.shared.short_names import common_words


@pytest.mark.parametrize("names, start", [
    (("mixamorig:Hips", "mixamorig:LeftArm", "mixamorig:LeftForeArm"), "mixamorig:"),
    (("mixamorig:LeftArm", "mixamorig:LeftForeArm"), "mixamorig:"),
    (("hero:rig:Hips", "hero:rig:Head"), "hero:rig:"),
    (("DEF-spine", "DEF-spine.001", "DEF-upper_arm.L"), "DEF-"),
    (("Bip01 Pelvis", "Bip01 L Thigh"), "Bip01 "),
    (("CC_Base_Hip", "CC_Base_Head"), "CC_Base_"),
    (("pelvis", "left_hip"), ""), (("spine_01", "spine_02"), "spine_"), (("head", "hand_l"), ""),
    (("rig_", "rig_Hips"), ""), (("mixamorig:Hips",), ""), (("a:Hips", "a:Hips"), ""), ((), ""),
])
def test_whole_words_that_all_names_begin_with(names, start):
    assert common_words(names) == start
