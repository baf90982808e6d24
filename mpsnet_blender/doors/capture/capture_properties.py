"""How to capture: the choices of the panel, as the command line has them."""

from __future__ import annotations

import math

import bpy

from ...scene.capture.capture_job import CaptureOptions

_ASSUMED_FOV, _LEAST_FOV = math.radians(55), math.radians(5)
_PART_SECONDS = 10.0  # of the video that "End" begins with


def _switch(number: str, first_value: float, name: str, description: str, after: str = ""):
    """Return the check mark before a number that is 0 where nothing is chosen: taken away, it sets the 0, and it is nothing
    that is saved besides. Set, the number begins with `first_value`, counted from the number `after` where one is named."""
    def is_on(self) -> bool:
        return getattr(self, number) > 0

    def switch(self, wanted: bool) -> None:
        if wanted != is_on(self):
            setattr(self, number, (getattr(self, after) if after else 0) + first_value if wanted else 0)

    return bpy.props.BoolProperty(name=name, get=is_on, set=switch, description=description)


class CaptureProperties:
    """The choices of a capture. A number that may be left open is 0 then, and has a check mark that says so."""
    engine: bpy.props.EnumProperty(
        name="Engine",
        items=(("keypoints", "Landmarks", "Works at once on any computer: body landmarks, lifted by our trained network"),
               ("mpsnet", "MPS-Net", "The network of the CVPR 2022 paper, with its authors' files, which you download")))
    lifter: bpy.props.EnumProperty(
        name="Pose From",
        items=(("trained", "Trained Network", "Our network makes joint rotations of the landmarks: the more accurate way"),
               ("analytic", "Geometry", "Joint rotations are solved from the landmarks by geometry alone")))
    device: bpy.props.EnumProperty(
        name="Compute On",
        items=(("auto", "Automatic", "On a GPU where there is one"), ("cpu", "CPU", "On the processor"),
               ("cuda", "CUDA", "On a GPU with CUDA"), ("mps", "Metal", "On the GPU of a Mac")))
    limits_people: _switch("people", 1, "Limit People",
                           "Keep only so many people, those seen longest. Off: everybody")
    people: bpy.props.IntProperty(
        name="People", default=0, min=0, soft_min=1, soft_max=20,
        description="Keep that many people, those seen longest. 0 keeps all")
    height: bpy.props.FloatProperty(
        name="Height (m)", default=1.70, min=0.5, max=2.5,
        description="Body height of the people in metres, whatever the scene's unit: it gives the scene its scale")
    knows_fov: _switch("fov", _ASSUMED_FOV, "Known Field of View",
                       "Give the camera's field of view. Off: it is measured where the video tells it, otherwise 55° is assumed")
    fov: bpy.props.FloatProperty(
        name="Field of View", default=0.0, min=0.0, soft_min=_LEAST_FOV, max=math.radians(170), subtype="ANGLE",
        description="The camera's field of view across the picture's long side, where you know it. 0: not known")
    start_seconds: bpy.props.FloatProperty(
        name="Start", default=0.0, min=0.0, unit="TIME_ABSOLUTE", description="Capture from this second of the video on")
    ends_early: _switch("end_seconds", _PART_SECONDS, "End Early", "Capture a part of the video only. Off: to its end",
                        after="start_seconds")
    end_seconds: bpy.props.FloatProperty(
        name="End", default=0.0, min=0.0, unit="TIME_ABSOLUTE",
        description="Capture up to this second. 0: to the video's end")
    foot_lock: bpy.props.FloatProperty(
        name="Foot Lock", default=1.0, min=0.0, max=1.0, subtype="FACTOR",
        description="How firmly standing feet, and hands on the floor, are held in place. Clean-up can change it later")
    refine: bpy.props.BoolProperty(
        name="Fit to Picture", default=True,
        description="At the end, fit the body to the landmarks in the picture. Off: the engine's pose stays as it is")
    preview: bpy.props.BoolProperty(
        name="Preview Video", default=False,
        description="Also write a video with skeletons, numbers and boxes over the footage into the capture's folder")

    def capture_options(self) -> CaptureOptions:
        """Return the choices as the backend takes them."""
        return CaptureOptions(
            engine=self.engine, people=self.people, height=self.height, fov_degrees=math.degrees(self.fov),
            start_seconds=self.start_seconds, end_seconds=self.end_seconds, with_preview=self.preview, lifter=self.lifter,
            device=self.device, foot_lock=self.foot_lock, refine=self.refine)
