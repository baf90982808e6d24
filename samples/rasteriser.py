"""A z-buffer rasteriser for triangle meshes (numba): first which triangle each pixel sees, then one shading per pixel."""
import numba
import numpy as np


@numba.njit(cache=True, fastmath=True)
def cover(points, depth, faces, mesh, z_buffer, triangle, weights):
    """Write into z_buffer (H, W), triangle (H, W, 2) and weights (H, W, 2) where this mesh is nearest.

    points (V, 2) px and depth (V) m of the vertices; mesh is the number kept beside the triangle's.
    """
    height, width = z_buffer.shape
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        if depth[a] < 0.1 or depth[b] < 0.1 or depth[c] < 0.1:
            continue
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0.0:
            continue
        left, right = max(0, int(min(x0, x1, x2))), min(width - 1, int(max(x0, x1, x2)) + 1)
        top, bottom = max(0, int(min(y0, y1, y2))), min(height - 1, int(max(y0, y1, y2)) + 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w1 = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
                w2 = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
                w0 = 1.0 - w1 - w2
                if w0 < 0.0 or w1 < 0.0 or w2 < 0.0:
                    continue
                inverse = w0 / depth[a] + w1 / depth[b] + w2 / depth[c]
                if 1.0 / inverse < z_buffer[y, x]:
                    z_buffer[y, x] = 1.0 / inverse
                    triangle[y, x, 0], triangle[y, x, 1] = mesh, f
                    # perspective-correct: shares of the surface, not of the picture
                    weights[y, x, 0], weights[y, x, 1] = w1 / depth[b] / inverse, w2 / depth[c] / inverse


@numba.njit(cache=True, fastmath=True)
def fill(points, faces, lifted, mask):
    """Set mask (H, W) to 255 under a flat mesh (V, 2) px; triangles that are `lifted` (V) are left out."""
    height, width = mask.shape
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        if lifted[a]:
            continue
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        left, right = max(0, int(min(x0, x1, x2))), min(width - 1, int(max(x0, x1, x2)) + 1)
        top, bottom = max(0, int(min(y0, y1, y2))), min(height - 1, int(max(y0, y1, y2)) + 1)
        if area == 0.0:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w1 = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
                w2 = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
                if w1 >= 0.0 and w2 >= 0.0 and w1 + w2 <= 1.0:
                    mask[y, x] = 255


@numba.njit(cache=True, fastmath=True)
def shade(mesh, triangle, weights, faces, normals, rest, zones, palette, pattern, light_space, shadow_map, light, picture):
    """Write colours into picture (H, W, 3), linear light, where `triangle` shows this mesh.

    normals, rest (V, 3); zones (V, Z): above 0 inside a zone, the last such zone wins; palette (Z + 1, 3), skin first;
    pattern (5,): shirt stripes' colour, period in m, kind (0 plain, 1 stripes, 2 checks); light_space (V, 3): place in
    the shadow map in px, and depth in m; light (3,) towards the light.
    """
    for y in range(triangle.shape[0]):
        for x in range(triangle.shape[1]):
            if triangle[y, x, 0] != mesh:
                continue
            f = triangle[y, x, 1]
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            w1, w2 = weights[y, x, 0], weights[y, x, 1]
            w0 = 1.0 - w1 - w2
            nx = w0 * normals[a, 0] + w1 * normals[b, 0] + w2 * normals[c, 0]
            ny = w0 * normals[a, 1] + w1 * normals[b, 1] + w2 * normals[c, 1]
            nz = w0 * normals[a, 2] + w1 * normals[b, 2] + w2 * normals[c, 2]
            length = (nx * nx + ny * ny + nz * nz) ** 0.5 + 1e-9
            nx, ny, nz = nx / length, ny / length, nz / length
            rx = w0 * rest[a, 0] + w1 * rest[b, 0] + w2 * rest[c, 0]
            ry = w0 * rest[a, 1] + w1 * rest[b, 1] + w2 * rest[c, 1]
            rz = w0 * rest[a, 2] + w1 * rest[b, 2] + w2 * rest[c, 2]
            zone = 0
            for k in range(zones.shape[1]):
                if w0 * zones[a, k] + w1 * zones[b, k] + w2 * zones[c, k] > 0.0:
                    zone = k + 1
            r, g, blue = palette[zone, 0], palette[zone, 1], palette[zone, 2]
            if zone == 2 and pattern[4] > 0.0:
                bar = (rz / pattern[3]) % 1.0 < 0.38
                if pattern[4] > 1.0:
                    bar = bar != ((rx / pattern[3]) % 1.0 < 0.38)
                if bar:
                    r, g, blue = pattern[0], pattern[1], pattern[2]
            rough = 0.06 if zone == 0 else 0.16
            fine = _lattice(int(rx * 330), int(ry * 330), int(rz * 330))
            grain = 1.0 + rough * (_noise(rx * 34, ry * 34, rz * 34) + 0.5 * fine - 0.75)
            open_sky = _unshadowed(w0 * light_space[a, 0] + w1 * light_space[b, 0] + w2 * light_space[c, 0],
                                   w0 * light_space[a, 1] + w1 * light_space[b, 1] + w2 * light_space[c, 1],
                                   w0 * light_space[a, 2] + w1 * light_space[b, 2] + w2 * light_space[c, 2], shadow_map)
            facing = (nx * light[0] + ny * light[1] + nz * light[2] + 0.25) / 1.25
            key = 0.95 * max(0.0, facing) * (0.22 + 0.78 * open_sky)
            ambient = 0.30 + 0.14 * nz - 0.05 * ny
            tone = (key + ambient) * grain
            picture[y, x, 0] = r * (tone + 0.015)
            picture[y, x, 1] = g * tone
            picture[y, x, 2] = blue * (tone + 0.01)


@numba.njit(cache=True, fastmath=True)
def _unshadowed(u, v, depth, shadow_map):
    lit = 0.0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            y = min(max(int(v) + dy, 0), shadow_map.shape[0] - 1)
            x = min(max(int(u) + dx, 0), shadow_map.shape[1] - 1)
            lit += 1.0 if depth < shadow_map[y, x] + 0.035 else 0.0
    return lit / 9.0


@numba.njit(cache=True)
def _lattice(x, y, z):
    n = (x * 374761393 + y * 668265263 + z * 2147483647) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFF) / 65535.0


@numba.njit(cache=True)
def _noise(x, y, z):
    """Return value noise in [0, 1]: lattice values blended trilinearly."""
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    u, v, w = x - i, y - j, z - k
    total = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                share = (u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w)
                total += share * _lattice(i + a, j + b, k + c)
    return total


@numba.njit(cache=True)
def noise_at(points):
    """Return value noise (N,) in [0, 1] at points (N, 3), lattice spacing 1."""
    values = np.empty(points.shape[0])
    for n in range(points.shape[0]):
        values[n] = _noise(points[n, 0], points[n, 1], points[n, 2])
    return values
