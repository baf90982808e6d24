"""Values assumed for a video where neither the user nor the file gives them."""

DEFAULT_STATURE = 1.70  # metres, about an adult's: a video cannot tell size from distance
# Field of view across the picture's long side of a phone or camera with its usual lens.
DEFAULT_FOV_DEGREES = 55.0
