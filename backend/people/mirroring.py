"""Whole bodies read mirrored: the landmark model may exchange left and right, arms and legs at once, as surely as ever.

It hangs on the turn of the crop, so some frames, and all doubtful ones, are read with two turns. Which of a frame's two
readings are exchanged is settled once the clip is known: nobody turns round between two frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .landmarks import BODY, Reading, average

# Whether the first and the second reading have left and right exchanged.
_HYPOTHESES = np.array(((False, False), (True, False), (False, True), (True, True)))
_EXCHANGE_COST = 0.03        # body lengths: a reading being exchanged, per frame; most are right
_SWITCH_COST = 0.08          # body lengths: a reading that is exchanged from here on, or no longer
_MOVING_SECONDS = 0.1        # over longer steps the movement between two frames tells less and less
_DOUBTFUL_COST = 0.05        # body lengths by which another story costs more: it is then a third as likely
_OTHER_BODY = 0.15           # body lengths between two hypotheses that make another body of it; less matters less
_STATURE = 1.7               # metres
_REGION_IN_BODIES = 1.25     # body lengths: a region's side


@dataclass(frozen=True)
class Readings:
    """A person's two readings in T frames (arrays with a leading T), the regions' sides (T,) px, timestamps (T,) s."""
    first: Reading
    second: Reading
    side: np.ndarray
    timestamps: np.ndarray


def settle(readings: Readings) -> Reading:
    """Return the landmarks (leading T): the mean of both readings, or the one that is not exchanged.

    Of all stories of what was exchanged when, the one with the least movement, disagreement and exchanging is told
    (Viterbi). Where another story costs about as little and gives another body, the score falls.
    """
    bodies, weights = _bodies(readings), _weights(readings)
    places = np.stack([_places(body, readings.side) for body in bodies], axis=1)            # (T, 4, 22, 5)
    standing, moving = _standing_costs(readings, weights), _moving_costs(places, weights, readings.timestamps)
    cost = _cost_up_to(standing, moving) - standing + _cost_up_to(standing[::-1], moving[::-1].swapaxes(1, 2))[::-1]
    frames, told = np.arange(len(cost)), cost.argmin(1)
    otherness = _distance(places, places[frames, told][:, None], weights[:, None]) / _OTHER_BODY
    likeness = np.exp((cost.min(1, keepdims=True) - cost) / _DOUBTFUL_COST)
    doubt = (np.minimum(otherness, 1.0) * likeness / (1 + likeness)).max(1, keepdims=True)
    xy, world, score = (np.stack(values, axis=1)[frames, told] for values in zip(
        *((body.xy, body.world, body.score) for body in bodies), strict=True))
    return Reading(xy, world, score * (1 - doubt).astype(np.float32))


def _bodies(readings: Readings) -> list[Reading]:
    """Return what each hypothesis takes for the landmarks. A reading put right has less depth than one that was right."""
    first, second, side = readings.first, readings.second, readings.side[:, None]
    both = average(first, second, side)
    return [both, Reading(second.xy, second.world, average(first.exchanged(), second, side).score),
            Reading(first.xy, first.world, average(first, second.exchanged(), side).score), both.exchanged()]


def _weights(readings: Readings) -> np.ndarray:
    """Return how much each landmark of the body counts (T, 22): by how well it is seen, left and right alike."""
    visible = [np.minimum(reading.score, reading.exchanged().score) for reading in (readings.first, readings.second)]
    weights = np.minimum(*visible)[:, BODY] + 0.05
    return weights / weights.sum(1, keepdims=True)


def _places(body: Reading, side: np.ndarray) -> np.ndarray:
    """Return where the body's landmarks are (T, 22, 5), in the picture about their centre and in space, in body lengths."""
    image = (body.xy - body.xy.mean(1, keepdims=True)) * (_REGION_IN_BODIES / side)[:, None, None]
    return np.concatenate([image, body.world / _STATURE], axis=-1)[:, BODY].astype(np.float32)


def _distance(places: np.ndarray, others: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (np.linalg.norm(places - others, axis=-1) * weights).sum(-1)


def _standing_costs(readings: Readings, weights: np.ndarray) -> np.ndarray:
    """Return what each hypothesis costs in each frame (T, 4): both readings' disagreement, and what it exchanges."""
    first, second = (_places(reading, readings.side) for reading in (readings.first, readings.second))
    exchanged = _HYPOTHESES.sum(1)
    alike = _distance(first, second, weights)
    crosswise = _distance(_places(readings.first.exchanged(), readings.side), second, weights)
    costs = np.stack([alike, crosswise, crosswise, alike], axis=1) + _EXCHANGE_COST * exchanged
    costs[0] += _SWITCH_COST * exchanged        # to begin like that is to switch before
    return costs


def _moving_costs(places: np.ndarray, weights: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return what going from each hypothesis to each costs (T - 1, 4 from, 4 to): movement, and switching."""
    shared = np.minimum(weights[1:], weights[:-1])
    shared = shared / shared.sum(1, keepdims=True)
    # Pair by pair: all at once would take a hundred megabytes for a long clip.
    every = range(len(_HYPOTHESES))
    moved = 2 * np.stack([np.stack([_distance(places[:-1, start], places[1:, end], shared) for end in every], axis=1)
                          for start in every], axis=1)
    switched = (_HYPOTHESES[:, None] != _HYPOTHESES).sum(-1)
    worth = np.minimum(1.0, (_MOVING_SECONDS / np.diff(timestamps)) ** 2)
    return (moved + _SWITCH_COST * switched) * worth[:, None, None]


def _cost_up_to(standing: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """Return the cost (T, 4) of the cheapest story that ends in each frame's hypotheses, that frame's included."""
    cost = standing.copy()
    for frame in range(1, len(cost)):
        cost[frame] += (cost[frame - 1][:, None] + moving[frame - 1]).min(0)
    return cost
