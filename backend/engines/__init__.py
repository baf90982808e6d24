"""The exchangeable ways from landmark tracks to SMPL motion."""
