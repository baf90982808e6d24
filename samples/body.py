"""A skinned body of the anny model, posed by world rotations per bone.

Rest pose: metres, Z up, facing -Y, left is +X. A bone's rotation maps the rest pose to the world, so that a vertex v
bound to bone j goes to R_j (v - head_rest_j) + head_j.
"""
from dataclasses import dataclass, replace

import numba
import numpy as np


@dataclass(frozen=True)
class Phenotype:
    """anny's shape parameters, each in [0, 1]; gender 0 is male, 1 female; age 2/3 is adult."""

    gender: float = 0.1
    age: float = 0.65
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.4
    proportions: float = 0.5


@dataclass(frozen=True)
class Body:
    """Rest mesh (V, 3) and (F, 3), skin weights (V, S), bones (J), keypoint regressor (K, V); metres."""

    vertices_rest: np.ndarray
    surface_rest: np.ndarray  # the vertices with clothes on; what is drawn, never what is measured
    faces: np.ndarray
    bone_weights: np.ndarray
    bone_indices: np.ndarray
    bone_labels: tuple[str, ...]
    bone_parents: tuple[int, ...]
    heads_rest: np.ndarray
    keypoint_weights: np.ndarray
    keypoint_labels: tuple[str, ...]

    @property
    def stature(self) -> float:
        """Return the body's height in metres, unclothed, in the rest pose."""
        return float(np.ptp(self.vertices_rest[:, 2]))

    def bone(self, label: str) -> int:
        """Return the index of a bone."""
        return self.bone_labels.index(label)

    def head(self, label: str) -> np.ndarray:
        """Return a bone's head (3,) in the rest pose, metres."""
        return self.heads_rest[self.bone(label)]

    def bone_share(self, *prefixes: str) -> np.ndarray:
        """Return each vertex's weight (V,) on the bones whose names start with one of the prefixes."""
        chosen = np.array([label.startswith(prefixes) for label in self.bone_labels])
        return (self.bone_weights * chosen[self.bone_indices]).sum(1)

    def wearing(self, surface_rest: np.ndarray) -> "Body":
        """Return this body with another drawn surface (V, 3)."""
        return replace(self, surface_rest=surface_rest)


def load_bodies(phenotypes: list[Phenotype]) -> list[Body]:
    """Return one Body per phenotype. The first call of all builds anny's cache (two minutes)."""
    import anny
    import torch

    model = anny.Anny()
    regressor = anny.KeypointsRegressor.coco(model)
    bodies = []
    for phenotype in phenotypes:
        shape = {name: torch.tensor([value], dtype=model.dtype) for name, value in vars(phenotype).items()}
        with torch.no_grad():
            rest = model(pose_parameters=None, phenotype_kwargs=shape)
        vertices = rest["rest_vertices"][0].numpy()
        bodies.append(Body(
            vertices_rest=vertices,
            surface_rest=vertices,
            faces=model.faces.numpy().astype(np.int32),
            bone_weights=model.vertex_bone_weights.numpy().astype(np.float64),
            bone_indices=model.vertex_bone_indices.numpy().astype(np.int32),
            bone_labels=tuple(model.bone_labels),
            bone_parents=tuple(int(parent) for parent in model.bone_parents),
            heads_rest=rest["rest_bone_poses"][0, :, :3, 3].numpy(),
            keypoint_weights=regressor.regression_weights.numpy(),
            keypoint_labels=tuple(regressor.labels),
        ))
    return bodies


def pose_heads(body: Body, rotations: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Return bone heads (..., J, 3) in the world from world rotations (..., J, 3, 3) and the root's place (..., 3)."""
    heads = np.empty(rotations.shape[:-1])
    heads[..., 0, :] = root
    for bone, parent in enumerate(body.bone_parents):
        if parent >= 0:
            shift = rotations[..., parent, :, :] @ (body.heads_rest[bone] - body.heads_rest[parent])
            heads[..., bone, :] = heads[..., parent, :] + shift
    return heads


def skin(body: Body, rest: np.ndarray, rotations: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Return vertices (V, 3) in the world by linear blend skinning of `rest` (V, 3)."""
    shifts = heads - np.einsum("jab,jb->ja", rotations, body.heads_rest)
    return _blend(rest, body.bone_weights, body.bone_indices, np.ascontiguousarray(rotations), shifts)


@numba.njit(cache=True, fastmath=True)
def _blend(rest, weights, indices, rotations, shifts):
    posed = np.zeros_like(rest)
    for v in range(rest.shape[0]):
        for s in range(weights.shape[1]):
            w = weights[v, s]
            if w == 0.0:
                continue
            j = indices[v, s]
            for a in range(3):
                posed[v, a] += w * (rotations[j, a, 0] * rest[v, 0] + rotations[j, a, 1] * rest[v, 1]
                                    + rotations[j, a, 2] * rest[v, 2] + shifts[j, a])
    return posed


@numba.njit(cache=True, fastmath=True)
def vertex_normals(vertices, faces):
    """Return unit normals (V, 3) of a mesh, area-weighted."""
    normals = np.zeros_like(vertices)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        e0, e1, e2 = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        g0, g1, g2 = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        n0, n1, n2 = e1 * g2 - e2 * g1, e2 * g0 - e0 * g2, e0 * g1 - e1 * g0
        for v in (a, b, c):
            normals[v, 0] += n0
            normals[v, 1] += n1
            normals[v, 2] += n2
    for v in range(vertices.shape[0]):
        length = (normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2) ** 0.5 + 1e-12
        for a in range(3):
            normals[v, a] /= length
    return normals
