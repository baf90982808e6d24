"""Fingers found by structure, where names are unknown: the chains of bones behind a hand."""

from __future__ import annotations

import numpy as np

from ..bone_tree import BoneTree
from ..rest_alignment import normalize

# The slots of hands with fewer fingers, beside the thumb: each finger is the nearest of a whole hand's. Chosen by reasoning.
_FINGERS_BESIDE_THUMB = {4: ("index", "middle", "ring", "little"), 3: ("index", "middle", "little"), 2: ("index", "ring"),
                         1: ("middle",)}
_MOST_BONES = 3     # of a finger: a fourth one is its end, which has no length of its own
# A first bone that begins nearer to the wrist than it is long is a metacarpal: an adult's begins at 0.4 of its length, the
# finger's first bone at 2.2 of its own (Buryanov and Kotiuk 2010, and shared/hands/skeleton.py).
_METACARPAL = 1.0
# A thumb begins nearer to the wrist than other fingers (an adult's at a third of their distance, in rigs without its metacarpal
# at two thirds; the little finger at four fifths), or points aside, by more than 26°. Chosen by reasoning.
_THUMB_BEGINS, _THUMB_ASIDE = 0.75, 0.9


def map_fingers(tree: BoneTree, hand: int) -> dict[str, int]:
    """Return the bones of a hand's two to five fingers by slot without side; none where it has no thumb.

    The tip of the thumb is nearest to the wrist, the others are in order of their knuckles' distance from it.
    """
    chains = [chain for child in tree.children[hand] for chain in _find_chains(tree, child)]
    if len(chains) - 1 not in _FINGERS_BESIDE_THUMB:
        return {}
    tips = np.array([tree.heads[chain[-1]] for chain in chains])
    thumb = chains.pop(int(np.argmin(np.linalg.norm(tips - tree.heads[hand], axis=1))))
    fingers = [_drop_metacarpal(tree, hand, chain)[:_MOST_BONES] for chain in chains]
    if not _is_thumb(tree, hand, thumb, fingers):
        return {}
    tip = tree.heads[thumb[-1]]
    fingers.sort(key=lambda chain: float(np.linalg.norm(tree.heads[chain[0]] - tip)))
    named = [("thumb", thumb[:_MOST_BONES]), *zip(_FINGERS_BESIDE_THUMB[len(fingers)], fingers, strict=True)]
    return {f"{finger}{place}": node for finger, chain in named for place, node in enumerate(chain, start=1)}


def _find_chains(tree: BoneTree, node: int) -> list[list[int]]:
    """Return the chains of two bones and more from a bone on; a bone of the palm that carries several is in none."""
    if tree.reach[node] == 0:
        return []
    branches = [child for child in tree.children[node] if tree.reach[child] > 0]
    if len(branches) > 1:
        return [chain for child in branches for chain in _find_chains(tree, child)]
    return [tree.longest_path(node)]


def _drop_metacarpal(tree: BoneTree, hand: int, chain: list[int]) -> list[int]:
    heads = tree.heads[[hand, *chain]]
    begins, length = np.linalg.norm(np.diff(heads[:3], axis=0), axis=1)
    return chain[1:] if len(chain) > 2 and begins < _METACARPAL * length else chain


def _is_thumb(tree: BoneTree, hand: int, thumb: list[int], fingers: list[list[int]]) -> bool:
    begins = [np.linalg.norm(tree.heads[chain[0]] - tree.heads[hand]) for chain in (thumb, *fingers)]
    directions = [normalize(tree.heads[chain[-1]] - tree.heads[chain[0]]) for chain in (thumb, *fingers)]
    aside = float(directions[0] @ normalize(np.mean(directions[1:], axis=0)))
    return bool(begins[0] < _THUMB_BEGINS * np.median(begins[1:]) or aside < _THUMB_ASIDE)
