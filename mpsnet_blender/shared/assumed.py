"""What is taken for true of a video where neither a person nor its file tells."""

DEFAULT_STATURE = 1.70  # metres, about an adult's: a video cannot tell size from distance
# A phone's or camera's standard video angle across the picture's long side.
DEFAULT_FOV_DEGREES = 55.0
