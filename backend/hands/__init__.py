"""Hands: frames and people's landmarks become hands' landmarks, and these become rotations of finger joints."""
