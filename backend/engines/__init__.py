"""The engines: exchangeable methods that compute SMPL motion from landmark tracks."""
