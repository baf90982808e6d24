"""Hands: frames and people's landmarks become hands' landmarks."""
