"""Whole bodies that were read mirrored: the landmark model may exchange left and right of all limbs, with a high score.

Whether it does depends on the crop's rotation. So some frames, and all doubtful ones, are read in crops of two rotations. When
the whole clip is known, this module decides which readings are exchanged: nobody turns round between two frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from .landmarks import BODY, MIRRORED, Reading, average_readings, lie_crosswise
from .readings import Readings, SecondLook, join_readings

# Costs are distances in body lengths (1.7 m, or the body's height in the picture), so that a movement of the landmarks between
# two frames compares with them. All were chosen by eye on footage of a leaning man, whose camera 2 then has 0 % of its frames
# exchanged instead of 28 % (README); not measured one by one.
# Whether the first and the second reading have left and right exchanged.
_HYPOTHESES = np.array(((False, False), (True, False), (False, True), (True, True)))
_EXCHANGED = MIRRORED[BODY] - BODY.start       # of the body's landmarks
_EXCHANGE_COST = 0.03        # for each exchanged reading and frame: most readings are right
_SWITCH_COST = 0.08          # for a reading that becomes exchanged, or is no longer exchanged, between two frames
# Of the distance from the second look: as much as the readings' distance from each other. Of 400 pictures of that footage the
# heavy model read none exchanged, of rendered people half hidden by others up to 4 %.
_SECOND_LOOK_WEIGHT = 1.0
# Of the region's side: two readings of a landmark that lie so far apart halve its score, which quarters its weight. In footage of
# two people (benchmarks/real_footage.py), landmarks are off by 1.2 % of the side where their readings lie within 0.6 %, by 3 %
# from 1.5 % on, by 5 % and more from 3 % on. With 0.1, pairs of those cameras were 0.2 degrees worse, with 0.03 one camera was
# 1 degree worse.
_HALF_TRUSTED_APART = 0.05
# Of the region's side: a landmark whose second position is so far from the first is put halfway. Taken whole, the positions of
# people half hidden in a crowd made limbs up to 0.8 degrees worse, instead of up to 0.3 better.
_HALF_TAKEN_APART = 0.05
_MOVING_SECONDS = 0.1        # between frames that are farther apart, movement counts less: a spin takes 0.5 s for one turn
_DOUBTFUL_COST = 0.05        # a sequence that costs so much more is 1 / e (about a third) as likely
_OTHER_BODY = 0.15           # two hypotheses this far apart are different bodies; nearer ones raise less doubt
_STATURE = 1.7               # metres of a body length
_REGION_IN_BODIES = 1.25     # body lengths of a region's side (MediaPipe's rule, base.regions)
# What makes a frame doubtful: a doubt of a fifth of the most there can be. A tenth of a second around it is as long as the
# model's own slips last.
_DOUBTFUL, _AROUND_SECONDS = 0.1, 0.1
_LEAST_WEIGHT = 0.05         # of a landmark that is not visible: a twentieth of one that is, so that no sum is zero


def choose_readings(readings: Readings, second_look: SecondLook | None = None) -> Reading:
    """Return the landmarks (leading T): the mean of both readings, or the reading that is not exchanged.

    Each frame has four hypotheses on which readings are exchanged. The sequence of least cost is taken (Viterbi): movement
    to the other side, disagreement of the readings, exchanges, and distance from the second look cost. Where another sequence
    costs about as little and gives another body, the score is lowered. Where the second look agrees with the result on left and
    right, its positions in the picture are taken, the less the farther a landmark lies from its first position. Depth and score
    are not taken: the heavy model's depth is no better, and it scores a torso high even where there is nobody (findings/).
    """
    costs = _sequence_costs(readings, second_look)
    return join_readings((_choose_part(readings.at(rows), costs[rows], second_look and second_look.at(rows))
                  for rows in frame_blocks(len(costs))), len(costs))


def _choose_part(readings: Readings, costs: np.ndarray, second_look: SecondLook | None) -> Reading:
    """Return the landmarks of some frames, as `choose_readings` does; costs (T, 4) as `_sequence_costs` gives them."""
    chosen, doubt = _cheapest(readings, costs)
    if second_look is None:
        return replace(chosen, score=chosen.score * (1 - doubt))
    look, weights = second_look.reading, _weights(readings)
    as_read, exchanged, found = (_normalised_positions(reading, readings.side) for reading in (look, look.exchanged(), chosen))
    is_taken = second_look.is_read & (_distance(as_read, found, weights) <= _distance(exchanged, found, weights))
    apart = np.linalg.norm(look.xy - chosen.xy, axis=-1) / (_HALF_TAKEN_APART * readings.side[:, None])
    share = (is_taken[:, None] / (1 + apart ** 2))[..., None].astype(np.float32)
    return Reading(chosen.xy + share * (look.xy - chosen.xy), chosen.world, chosen.score * (1 - doubt))


def doubtful_frames(readings: Readings) -> np.ndarray:
    """Return the frames (T,) that deserve a second look: around those where left and right are not sure, the readings lie
    crosswise, or the body faces the other way than a frame before.

    Not where the score falls: the far limbs of somebody seen from the side are hidden from any model.
    """
    costs = _sequence_costs(readings, None)
    is_doubtful = np.concatenate([_find_doubtful(readings.at(part), costs[part])[1 if rows.start else 0:]
                                  for rows, part in _with_the_frame_before(len(costs))])
    count, times = np.concatenate([[0], np.cumsum(is_doubtful)]), readings.timestamps
    first, end = np.searchsorted(times, times - _AROUND_SECONDS, "left"), np.searchsorted(times, times + _AROUND_SECONDS, "right")
    return count[end] > count[first]


def _find_doubtful(readings: Readings, costs: np.ndarray) -> np.ndarray:
    """Return which of some frames (T,) are doubtful by themselves."""
    chosen, doubt = _cheapest(readings, costs)
    is_doubtful = (doubt[:, 0] > _DOUBTFUL) | lie_crosswise(readings.first.xy, readings.second.xy)
    is_doubtful[1:] |= lie_crosswise(chosen.xy[:-1], chosen.xy[1:])
    return is_doubtful


def _with_the_frame_before(count: int) -> Iterator[tuple[slice, slice]]:
    """Yield blocks of T = count frames, each also with the frame before it."""
    for rows in frame_blocks(count):
        yield rows, slice(max(rows.start - 1, 0), rows.stop)


def _sequence_costs(readings: Readings, second_look: SecondLook | None) -> np.ndarray:
    """Return the cost (T, 4) of the cheapest sequence through each hypothesis of each frame."""
    parts = [_measure_costs(readings.at(part), second_look and second_look.at(part))
             for _, part in _with_the_frame_before(len(readings.timestamps))]
    frame_costs = np.concatenate([parts[0][0], *(costs[1:] for costs, _ in parts[1:])])
    frame_costs[0] += _SWITCH_COST * _HYPOTHESES.sum(1)     # a clip that begins exchanged pays for the switch too
    transitions = np.concatenate([moves for _, moves in parts])
    # The cheapest sequence through each hypothesis: the cheapest one up to it, and the cheapest one from it on.
    return _least_cost_up_to(frame_costs, transitions) - frame_costs \
        + _least_cost_up_to(frame_costs[::-1], transitions[::-1].swapaxes(1, 2))[::-1]


def _measure_costs(readings: Readings, second_look: SecondLook | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the costs (T, 4) of the hypotheses in some frames, and (T - 1, 4, 4) of going from one to another."""
    weights, positions = _weights(readings), _positions(readings)
    frame_costs = _frame_costs(readings, weights)
    if second_look is not None:
        seen_again = _normalised_positions(second_look.reading, readings.side)[:, None]
        frame_costs += _SECOND_LOOK_WEIGHT * second_look.is_read[:, None] * _distance(positions, seen_again, weights[:, None])
    return frame_costs, _transition_costs(positions, weights, readings.timestamps)


def _positions(readings: Readings) -> np.ndarray:
    """Return the body's landmarks (T, 4, 22, 5) by each hypothesis, in body lengths."""
    return np.stack([_normalised_positions(body, readings.side) for body in _bodies(readings)], axis=1)


def _cheapest(readings: Readings, cost: np.ndarray) -> tuple[Reading, np.ndarray]:
    """Return the landmarks by the sequence of least cost (T, 4), and the doubt (T, 1) about it in 0..0.5."""
    frames, best, positions = np.arange(len(cost)), cost.argmin(1), _positions(readings)
    difference = _distance(positions, positions[frames, best][:, None], _weights(readings)[:, None]) / _OTHER_BODY
    likeness = np.exp((cost.min(1, keepdims=True) - cost) / _DOUBTFUL_COST)
    doubt = (np.minimum(difference, 1.0) * likeness / (1 + likeness)).max(1, keepdims=True)
    xy, world, score = (np.stack(values, axis=1)[frames, best] for values in zip(
        *((body.xy, body.world, body.score) for body in _bodies(readings)), strict=True))
    return Reading(xy, world, score), doubt.astype(np.float32)


def _bodies(readings: Readings) -> list[Reading]:
    """Return the landmarks by each hypothesis: where one reading is exchanged, the other one, whose depth is better."""
    first, second, side = readings.first, readings.second, readings.side[:, None]
    both = average_readings(first, second, side, _HALF_TRUSTED_APART)
    crosswise = average_readings(first, second.exchanged(), side, _HALF_TRUSTED_APART)
    return [both, Reading(second.xy, second.world, crosswise.exchanged().score), Reading(first.xy, first.world, crosswise.score),
            both.exchanged()]


def _weights(readings: Readings) -> np.ndarray:
    """Return the weights (T, 22) of the body's landmarks by visibility, equal for left and right."""
    visible = [np.minimum(reading.score, reading.exchanged().score) for reading in (readings.first, readings.second)]
    weights = np.minimum(*visible)[:, BODY] + _LEAST_WEIGHT
    return weights / weights.sum(1, keepdims=True)


def _normalised_positions(body: Reading, side: np.ndarray) -> np.ndarray:
    """Return the body's landmarks (T, 22, 5) in body lengths: in the picture about their centre (2), and in space (3)."""
    image = (body.xy - body.xy.mean(1, keepdims=True)) * (_REGION_IN_BODIES / side)[:, None, None]
    return np.concatenate([image, body.world / _STATURE], axis=-1)[:, BODY].astype(np.float32)


def _distance(positions: np.ndarray, others: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (np.linalg.norm(positions - others, axis=-1) * weights).sum(-1)


def _frame_costs(readings: Readings, weights: np.ndarray) -> np.ndarray:
    """Return the cost (T, 4) of each hypothesis in its frame: the readings' disagreement, and its exchanges."""
    first, second = (_normalised_positions(reading, readings.side) for reading in (readings.first, readings.second))
    exchanged = _HYPOTHESES.sum(1)
    as_read = _distance(first, second, weights)
    crosswise = _distance(_normalised_positions(readings.first.exchanged(), readings.side), second, weights)
    return np.stack([as_read, crosswise, crosswise, as_read], axis=1) + _EXCHANGE_COST * exchanged


def _transition_costs(positions: np.ndarray, weights: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return the cost (T - 1, 4 from, 4 to) between hypotheses of successive frames: movement to the other side, and switches."""
    shared = np.minimum(weights[1:], weights[:-1])
    shared = shared / shared.sum(1, keepdims=True)
    as_read, exchanged = _moved(positions, positions, shared), _moved(positions, positions[:, :, _EXCHANGED], shared)
    # Only by how much the exchanged body is nearer: else a reading that trembles, of somebody who is half out of the picture,
    # would lose against a steady mirrored one.
    crosswise = 2 * np.maximum(as_read - exchanged, 0)
    switched = (_HYPOTHESES[:, None] != _HYPOTHESES).sum(-1)
    strength = np.minimum(1.0, (_MOVING_SECONDS / np.diff(timestamps)) ** 2)
    return (crosswise + _SWITCH_COST * switched) * strength[:, None, None]


def _moved(positions: np.ndarray, next_positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the distance (T - 1, 4 from, 4 to) from each hypothesis to each one of the next frame, both of T frames."""
    # Pair by pair: all at once would take a hundred megabytes for a long clip.
    hypotheses = range(len(_HYPOTHESES))
    return np.stack([np.stack([_distance(positions[:-1, start], next_positions[1:, end], weights) for end in hypotheses], axis=1)
                     for start in hypotheses], axis=1)


def _least_cost_up_to(frame_costs: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Return the cost (T, 4) of the cheapest sequence that ends in each hypothesis of each frame, that frame included."""
    cost = frame_costs.copy()
    for frame in range(1, len(cost)):
        cost[frame] += (cost[frame - 1][:, None] + transitions[frame - 1]).min(0)
    return cost
