"""Two views of one dancer become one: time, cameras and body are found; views of two dances are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.errors import ViewsError
from backend.base.reporter import Reporter
from backend.views.cameras import find_cameras
from backend.views.merging import join_views
from backend.views.people import find_adult_stature
from backend.views.view import OtherView
from tests.backend.angles import angle_between

from .made_views import dance, first_from_cam, make_view, read_still, still_cameras


class Messages:
    def __init__(self):
        self.texts = []

    def send(self, message):
        self.texts += [message.message] if hasattr(message, "message") else []


def join(*views, offset=None, heard=None):
    messages = Messages()
    others = [OtherView(Path(view.name), offset, heard) for view in views[1:]]
    return join_views(list(views), others, Reporter(messages)), messages.texts


def joined_people(joined):
    """Return how many people several views see."""
    return sum(len(person.pictures) > 1 for person in joined.people)


@pytest.mark.parametrize(("turn", "start", "fps"), [(80.0, 0.31, 30.0), (120.0, -0.22, 24.0), (170.0, 0.4, 60.0)])
def test_time_and_cameras_of_two_views_are_found(turn, start, fps):
    joined, texts = join(make_view("a.mp4", lean_degrees=6),
                         make_view("b.mp4", turn, start=start, fps=fps, frames=round(3 * fps), lean_degrees=6))
    assert abs(joined.cameras.offsets[1] + start) < 0.25 / fps
    truth = first_from_cam(turn)
    assert np.degrees(angle_between(joined.cameras.rotmats[1], truth[:3, :3])) < 1.5
    np.testing.assert_allclose(joined.cameras.places[1], truth[:3, 3], atol=0.12)
    later = "after" if start > 0 else "before"
    assert len(texts) == 1 and f"{later} a.mp4; 1 person is in both" in texts[0]


def test_the_body_of_two_views_is_that_which_neither_has_alone():
    first = make_view("a.mp4", lean_degrees=8)
    joined, _ = join(first, make_view("b.mp4", 90, start=0.2, lean_degrees=-8))
    true = dance(first.shot.clock.timestamps, 0)
    alone, together = (np.degrees(np.median(angle_between(person.motion.rotmats[:, 0], true[:, 0])))
                       for person in (first.people[0], joined.people[0]))
    assert alone > 7.9 and together < 1.5
    assert joined.people[0].motion.stature == pytest.approx(1.7)
    assert joined.people[0].joint_confidence().min() > 0.99 and len(joined.people[0].pictures) == 2


def test_three_views_share_one_body_and_the_first_views_frames():
    joined, _ = join(make_view("a.mp4"), make_view("b.mp4", 70, start=0.1), make_view("c.mp4", -100, start=-0.3))
    np.testing.assert_allclose(joined.cameras.offsets, (0, -0.1, 0.3), atol=0.008)
    assert len(joined.people) == 1 and len(joined.people[0].pictures) == 3
    assert (joined.people[0].track.frame_index == np.arange(90)).all()


def test_a_given_offset_is_kept():
    joined, _ = join(make_view("a.mp4"), make_view("b.mp4", 90, start=0.2), offset=-0.18)
    assert joined.cameras.offsets[1] == -0.18


def test_an_offset_by_sound_is_refined_and_one_that_nothing_seen_fits_is_not_taken():
    views = make_view("a.mp4", lean_degrees=6), make_view("b.mp4", 90, start=0.2, lean_degrees=6)
    for heard, told in ((-0.19, 1), (1.3, 2)):
        joined, texts = join(*views, heard=heard)
        assert abs(joined.cameras.offsets[1] + 0.2) < 0.25 / 30
        assert len(texts) == told
    assert texts[0] == "The sound of b.mp4 fits at 1.30 s, but what is seen does not."


@pytest.mark.parametrize("seed", range(1, 7))
def test_views_of_two_dances_are_refused_in_one_sentence(seed):
    with pytest.raises(ViewsError, match=r"^a\.mp4 and b\.mp4 do not show the same moment: nobody moves alike in both"):
        join(make_view("a.mp4"), make_view("b.mp4", 90, seed=seed))


def test_somebody_who_stands_still_is_one_person_in_both_views():
    joined, texts = join(make_view("a.mp4", bystander=1.0), make_view("b.mp4", 70, start=0.1, bystander=1.0))
    assert joined_people(joined) == len(joined.people) == 2 and "1 person is in both" in texts[0]
    apart = joined.people[1].motion.root_path - joined.people[0].motion.root_path
    np.testing.assert_allclose(apart.mean(0), (1.0, 0.0, 0.0), atol=0.05)


def join_bystanders(change):
    """Return how many people two views show, and how many of them both show, where a change (of a view's number and a motion)
    makes the bystander's body differ, not the rays."""
    def changed(number, view):
        dancer, bystander = view.people
        return replace(view, people=[dancer, replace(bystander, motion=change(number, bystander.motion))])

    joined, _ = join(*(changed(number, view) for number, view in enumerate((
        make_view("a.mp4", bystander=1.0), make_view("b.mp4", 70, start=0.1, bystander=1.0)))))
    return len(joined.people), joined_people(joined)


@pytest.mark.parametrize("farther", [(1.0, 1.3), (1.6, 1.5)])
def test_somebody_whom_views_alone_have_too_far_away_is_one_person_in_both_views(farther):
    assert join_bystanders(lambda view, motion: motion.with_pose(motion.rotmats, farther[view] * motion.transl)) == (2, 2)


def test_people_whose_rays_meet_are_two_where_one_would_be_much_taller_in_one_view():
    assert join_bystanders(lambda view, motion: motion.with_pose(motion.rotmats, (1, 1.8)[view] * motion.transl)) == (3, 1)


def test_people_whose_rays_meet_are_two_where_they_face_different_ways():
    def turn(view, motion):
        turned = motion.rotmats.copy()
        turned[:, 0] = turned[:, 0] @ Rotation.from_euler("y", 60 * view, degrees=True).as_matrix()
        return motion.with_pose(turned, motion.transl)

    assert join_bystanders(turn) == (3, 1)


def test_one_person_who_fits_shows_the_same_moment_though_another_one_is_read_wrongly():
    def groups_of(seed):
        views = make_view("a.mp4", lean_degrees=6, frames=60), make_view("b.mp4", 90, seed=seed, lean_degrees=6, frames=60)
        return [tuple(read_still(view) for view in views)]

    fits, wrong, both = (find_cameras(groups, still_cameras(0.0, 0.0), [True, True], [True], np.zeros((2, 2))).cost
                         for groups in (groups_of(0), groups_of(1), groups_of(0) + groups_of(1)))
    assert fits < 0.5 and wrong > 2 and both < 1.6


def test_people_whom_one_view_sees_are_kept_at_their_places():
    joined, _ = join(make_view("a.mp4", bystander=-1.2), make_view("b.mp4", 70, start=0.09, bystander=1.2))
    assert len(joined.people) == 3 and joined_people(joined) == 1
    for person, place in zip(joined.people[1:], (-1.2, 1.2)):
        apart = person.motion.root_path.mean(0) - joined.people[0].motion.root_path.mean(0)
        np.testing.assert_allclose(apart, (place, 0.0, 0.0), atol=0.1)
    assert joined.people[2].seen_frames == len(joined.people[2].track.frame_index) == 87


def test_somebody_whom_both_views_have_too_small_and_near_is_as_tall_as_the_rays_say():
    # A view alone takes everybody to be of one stature: who is taller seems to be nearer, and smaller in all limbs.
    views = [replace(view, people=[view.people[0], view.people[1].scaled(1 / 1.15)]) for view in (
        make_view("a.mp4", bystander=1.0, lean_degrees=6), make_view("b.mp4", 90, start=0.1, bystander=1.0, lean_degrees=6))]
    groups = [tuple(read_still(view, index) for view in views) for index in (0, 1)]
    cameras = find_cameras(groups, still_cameras(0.0, -0.1), [True, True], [True], np.zeros((2, 2)))
    truth = first_from_cam(90)
    assert np.degrees(angle_between(cameras.rotmats[1], truth[:3, :3])) < 1.0
    distance = np.linalg.norm(cameras.places[1]) / np.linalg.norm(truth[:3, 3])
    assert 1 / 1.15 < distance < 1.0        # one scale for both
    first, second = join(*views)[0].people
    assert second.motion.stature / first.motion.stature == pytest.approx(1.0, abs=0.02)


def test_a_person_whom_one_view_loses_stays_at_the_same_distance_though_smaller_than_the_views_have_it():
    first, other = (make_view("a.mp4", bystander=1.0), make_view("b.mp4", 90, start=0.1, bystander=1.0))
    alone = [replace(view, people=[view.people[0], view.people[1].scaled(1 / 1.15)]) for view in (first, other)]
    track = alone[1].people[1].track
    score = np.where(np.arange(90)[:, None] < 45, track.score, 0.0)
    alone[1].people[1] = replace(alone[1].people[1], track=replace(track, score=score))
    joined, _ = join(*alone)
    places = joined.people[1].motion.root_path
    assert np.linalg.norm(places[:40].mean(0) - places[55:].mean(0)) < 0.12


def test_two_people_whose_landmarks_tremble_do_not_draw_the_cameras_together():
    # Smaller worlds have smaller misses: by misses in metres the cameras would come 19 % too near.
    rng = np.random.default_rng(0)

    def tremble(person):
        return replace(person, track=replace(person.track, xy=person.track.xy + rng.normal(0, 12, person.track.xy.shape)))

    views = [replace(view, people=[tremble(person) for person in view.people]) for view in (
        make_view("a.mp4", bystander=1.0), make_view("b.mp4", 90, bystander=1.0))]
    groups = [tuple(read_still(view, index) for view in views) for index in (0, 1)]
    cameras = find_cameras(groups, still_cameras(0.0, 0.0), [True, True], [True], np.zeros((2, 2)))
    assert np.linalg.norm(cameras.places[1]) == pytest.approx(np.linalg.norm(first_from_cam(90)[:3, 3]), rel=0.03)


@pytest.mark.parametrize(("statures", "adult"), [
    ((1.62,), 1.62), ((1.7, 1.7), 1.7), ((1.54, 1.79), 1.66), ((1.2, 1.75), 1.75), ((1.75, 1.2, 1.1), 1.75),
    ((1.2, 1.65, 1.8), 1.72)])
def test_grown_ups_give_the_scale_and_children_do_not(statures, adult):
    assert find_adult_stature(np.array(statures)) == pytest.approx(adult, abs=0.015)
    assert find_adult_stature(3 * np.array(statures)) == pytest.approx(3 * adult, abs=0.045)
