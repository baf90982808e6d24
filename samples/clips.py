"""All clips by name."""
from body import Phenotype
from camera import Camera
from clip import LIVING_ROOM, Clip, Person
from development_clips import BACK_AND_SIDE, CROSSING, CROWD, EMPTY, FAST_TURN, TILTED
from hard_clips import BALCONY, BEHIND, SMALL_CLASS
from moving_clips import PANNING, WALKING
from outfit import Outfit

WALK_TURN = Clip(10.0, LIVING_ROOM, Camera((0.0, 0.0, 1.3), 4.0), (Person(
    Phenotype(), Outfit(),
    path=[(-2.0, -4.0, 4.38, 90, .085), (0.0, -1.8, 4.33, 90, .085), (2.1, 0.45, 4.18, 88, .085),
          (2.8, 0.93, 4.28, 150, .09), (3.4, 0.85, 4.63, 235, .09), (4.0, 0.4, 4.58, 275, .085),
          (4.8, -0.25, 4.18, 310, .085), (5.35, -0.25, 3.73, 355, .10), (5.6, -0.2, 3.58, 360, .13),
          (10.0, -0.2, 3.58, 360, .13)],
    acting={
        "left_abduction": [(5.6, 7), (6.2, 168), (6.45, 168), (6.95, 88), (7.6, 88), (8.1, 12)],
        "right_abduction": [(5.6, 7), (6.2, 168), (6.45, 168), (6.95, 88), (7.6, 88), (8.1, 12), (8.6, 12), (9.0, 75)],
        "left_twist": [(6.8, 0), (7.2, 85), (7.5, 85), (7.9, 0)],
        "right_twist": [(6.8, 0), (7.2, 85), (7.5, 85), (7.9, 0), (8.6, 0), (9.0, 80)],
        "left_elbow": [(5.6, 14), (6.2, 8), (6.95, 10), (7.3, 95), (7.5, 95), (8.0, 20)],
        "right_elbow": [(5.6, 14), (6.2, 8), (6.95, 10), (7.3, 95), (7.5, 95), (8.0, 20), (8.6, 20), (9.0, 115),
                        (9.2, 80), (9.4, 120), (9.6, 80), (9.8, 120), (10.0, 80)],
        "left_pronation": [(5.6, -20), (6.2, 10), (7.6, 10), (8.05, 25), (8.3, 25), (8.7, -20)],
        "right_pronation": [(5.6, -20), (6.2, 10), (7.6, 10), (8.05, 25), (8.6, 25), (9.0, 30)],
        "both_flexion": [(7.5, 2), (8.05, 62), (8.3, 62), (8.7, 4)],
        "crouch": [(7.5, 0), (8.05, 0.20), (8.25, 0.20), (8.7, 0)],
        "lean": [(7.5, 3), (8.05, 20), (8.25, 20), (8.7, 3)],
        "head_yaw": [(5.0, 0), (5.6, 0), (6.4, -10), (7.0, 12), (7.6, 0)]}),))

CLIPS: dict[str, Clip] = {
    "walk_turn": WALK_TURN, "crossing": CROSSING, "back_and_side": BACK_AND_SIDE, "fast_turn": FAST_TURN, "tilted": TILTED,
    "empty": EMPTY, "crowd": CROWD, "panning": PANNING, "walking_camera": WALKING,
    "balcony": BALCONY, "behind": BEHIND, "small_class": SMALL_CLASS}
