"""Training of the temporal network: on landmarks (ours) and on image features (as published)."""
