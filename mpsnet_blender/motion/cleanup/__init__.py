"""Clean-up of captured motion: foot and hand lock, smoothing, spikes, loops, fewer keys, quality figures."""
