"""What any stage may use: errors, messages, smoothing, rotations, the pinhole camera, LiteRT."""
