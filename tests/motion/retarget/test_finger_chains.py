"""Fingers of rigs without names: found by the place of their chains behind the hand."""

import numpy as np
import pytest

from mpsnet_blender.motion.retarget.bone_tree import BoneTree
from mpsnet_blender.motion.retarget.fingers.chains import map_fingers

DIGITS = ("thumb", "index", "middle", "ring", "little")
# Metres from the wrist: out along the arm, and aside towards the thumb. Thumb: its three joints; fingers: the knuckle.
KNUCKLES = {"thumb": (0.025, 0.022), "index": (0.090, 0.027), "middle": (0.093, 0.004), "ring": (0.084, -0.016),
            "little": (0.073, -0.034)}
LENGTHS = {"thumb": (0.046, 0.032, 0.022), "index": (0.040, 0.022, 0.016), "middle": (0.045, 0.026, 0.017),
           "ring": (0.041, 0.026, 0.017), "little": (0.033, 0.018, 0.016)}


class Hand:
    """A hand of bones with names, built finger by finger."""

    def __init__(self):
        self.names, self.heads, self.parents = ["hand"], [np.zeros(3)], [-1]

    def add(self, name, parent, place):
        self.names.append(name)
        self.heads.append(np.array((*place, 0.0)))
        self.parents.append(self.names.index(parent))

    def add_finger(self, finger, bones=3, with_end=False, before=None):
        parent, place = before or "hand", np.array(KNUCKLES[finger])
        along = np.array((0.7, 0.7)) if finger == "thumb" else np.array((1.0, 0.0))
        for number in range(1, bones + 1 + with_end):
            name = f"{finger}{number}"
            self.add(name, parent, place)
            parent, place = name, place + along * LENGTHS[finger][min(number, 3) - 1]
        return self

    def mapped(self):
        heads = np.array(self.heads)
        tree = BoneTree(np.arange(len(heads)), np.array(self.parents), heads, heads + (0, 0, 0.01))
        return {slot: self.names[node] for slot, node in map_fingers(tree, 0).items()}


def whole(fingers, places=(1, 2, 3)):
    return {f"{finger}{place}": f"{finger}{place}" for finger in fingers for place in places}


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 1, 4, 0, 2), (4, 3, 2, 1, 0)])
@pytest.mark.parametrize("with_end", [False, True])
def test_five_fingers_are_recognised_in_any_order_with_and_without_bones_at_their_ends(order, with_end):
    hand = Hand()
    for number in order:
        hand.add_finger(DIGITS[number], with_end=with_end)
    assert hand.mapped() == whole(DIGITS)


def test_metacarpals_are_passed_over_also_one_that_carries_the_thumb():
    hand = Hand()
    for finger in DIGITS[1:]:
        hand.add(f"palm {finger}", "hand", (0.025, KNUCKLES[finger][1] / 2))
        hand.add_finger(finger, before=f"palm {finger}")
    hand.add_finger("thumb", before="palm index")       # as in Rigify's metarig
    assert hand.mapped() == whole(DIGITS)


@pytest.mark.parametrize(("built", "slots"), [
    (("index", "middle", "little"), ("index", "middle", "little")), (("index", "middle", "ring"), ("index", "middle", "little")),
    (("index", "little"), ("index", "ring")), (("middle",), ("middle",))])
def test_hands_with_fewer_fingers_get_the_nearest_slots(built, slots):
    hand = Hand().add_finger("thumb")
    for finger in built:
        hand.add_finger(finger)
    expected = {f"{slot}{place}": f"{finger}{place}" for finger, slot in zip(built, slots) for place in (1, 2, 3)}
    assert hand.mapped() == whole(("thumb",)) | expected


def test_fingers_of_two_bones_have_two_slots():
    hand = Hand()
    for finger in DIGITS:
        hand.add_finger(finger, bones=2)
    assert hand.mapped() == whole(DIGITS, (1, 2))


def test_four_fingers_without_a_thumb_and_single_bones_are_left_out():
    hand = Hand()
    for finger in DIGITS[1:]:
        hand.add_finger(finger)
    assert hand.mapped() == {}
    hand.add("weapon", "hand", (0.06, 0.0))
    assert hand.mapped() == {} and Hand().add_finger("index").mapped() == {}
    hand.add_finger("thumb")
    assert hand.mapped() == whole(DIGITS)
