"""Arrays of long motions: in files instead of memory, and worked on in blocks of frames."""
