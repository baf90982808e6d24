"""Ready Player Me: Mixamo's names without a prefix, of which the hands have a fourth joint that we leave alone."""

from dataclasses import replace

from . import mixamo

FAMILY = replace(mixamo.FAMILY, title="Ready Player Me")
