"""MPS-Net for Blender: the add-on. Importing it needs no bpy, so that the backend can use `mpsnet_blender.shared`."""


def register() -> None:
    from . import registration
    registration.register()


def unregister() -> None:
    from . import registration
    registration.unregister()
