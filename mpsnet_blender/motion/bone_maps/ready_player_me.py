"""Ready Player Me: Mixamo's names without a prefix. The fourth joint of its fingers is not mapped."""

from dataclasses import replace

from . import mixamo

FAMILY = replace(mixamo.FAMILY, title="Ready Player Me")
