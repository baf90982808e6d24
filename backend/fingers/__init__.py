"""Fingers: landmarks of hands, and people's tracks, become rotations of palms and finger joints."""
