"""Which views count as views of one moment."""

from dataclasses import replace

from backend.views.agreement import Agreement

GOOD = Agreement(likeness=4.0, percent=1.0, degrees=10.0, cost=0.5)


def test_views_are_of_one_moment_where_people_move_alike_rays_meet_and_bodies_agree():
    assert GOOD.is_enough(is_told=False)
    for wrong in (replace(GOOD, likeness=1.5), replace(GOOD, cost=1.9), replace(GOOD, degrees=35.0)):
        assert not wrong.is_enough(is_told=True)


def test_a_step_that_repeats_is_refused_unless_something_else_tells_the_time():
    repeated = replace(GOOD, degrees=20.0)
    assert repeated.is_enough(is_told=True) and not repeated.is_enough(is_told=False)
