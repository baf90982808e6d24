import numpy as np

from backend.contacts import find_contacts
from backend.feet import soles
from tests.backend.people import walker

DOWN = np.array((0.0, 0.0, -1.0))


def forward(frame_count):
    return np.tile((0.0, 1.0, 0.0), (frame_count, 1))


def test_a_still_foot_on_the_floor_is_in_contact_and_a_swinging_one_is_not():
    times = np.arange(60) / 30
    feet = np.zeros((60, 4, 3))
    feet[30:, 2:, 2] = 0.15
    feet[30:, 2:, 1] = 2.0 * (times[30:, None] - 1)
    contacts = find_contacts(feet, times, forward(60))
    assert contacts[:, :2].min() > 0.95
    assert contacts[:25, 2:].min() > 0.95 and contacts[36:, 2:].max() < 0.1


def test_a_foot_whose_ray_runs_over_the_floor_is_not_planted_though_its_pose_says_so():
    times = np.arange(60) / 30
    still, running = np.zeros((60, 4, 3)), np.zeros((60, 4, 3))
    running[..., 1] = 2.5 * times[:, None]
    assert find_contacts(still, times, forward(60), running).max() < find_contacts(still, times, forward(60), still).min() - 0.1


def test_what_an_engine_tells_of_contacts_is_multiplied_in():
    times, still = np.arange(40) / 30, np.zeros((40, 4, 3))
    learned = np.zeros((40, 4))
    learned[:, 1] = 1.0
    contacts = find_contacts(still, times, forward(40), learned=learned)
    assert contacts[:, 1].min() > 0.9 and contacts[:, (0, 2, 3)].max() == 0


def test_a_walkers_feet_take_turns():
    person = walker(90)
    contacts = find_contacts(soles(person.motion, DOWN), person.timestamps, forward(90))
    assert contacts.shape == (90, 4) and contacts.min() >= 0 and contacts.max() <= 1
    left, right = contacts[:, :2].max(1), contacts[:, 2:].max(1)
    assert np.corrcoef(left, right)[0, 1] < 0


def test_two_frames_tell_no_contact():
    assert find_contacts(np.zeros((2, 4, 3)), np.array((0.0, 0.1)), forward(2)).tolist() == [[0.0] * 4] * 2
