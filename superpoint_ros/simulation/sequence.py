"""A rendered sequence with exact poses: the oracle of tests, and the demo that needs no download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import ConfigError
from superpoint_ros.io.frame import Frame
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.simulation.motion import Walk
from superpoint_ros.simulation.renderer import render
from superpoint_ros.simulation.scene import Scene, build_room
from superpoint_ros.types import BoolArray, Camera, DoubleArray, FloatArray, Pose

_BLUR_SAMPLES = 8
_OCCLUSION_TOLERANCE = 1e-6
"""Relative depth: a point is hidden where something is nearer by more than this."""


@dataclass(frozen=True)
class SimulatedSequence:
    """A camera walks through a furnished room. An ``io.Source``; the same arguments give the same images, bit for bit.

    frames, rate (Hz), size (width, height), field_of_view (degrees, horizontal), speed (m/s). The seed chooses room, walk and
    noise. noise: standard deviation in grey levels. exposure: relative amplitude of a slow change of brightness.
    motion_blur: shutter time as a part of the time between two frames; 0 is a perfect camera. Poses are those of the middle
    of the exposure. baseline: metres from the left to the right camera; 0 is mono. side: which of the two this is.
    """

    frames: int = 150
    seed: int = 0
    size: tuple[int, int] = (640, 480)
    rate: float = 20.0
    field_of_view: float = 75.0
    speed: float = 0.8
    noise: float = 2.0
    exposure: float = 0.0
    motion_blur: float = 0.0
    baseline: float = 0.0
    side: Literal["left", "right"] = "left"

    def __post_init__(self) -> None:
        if self.frames < 1 or min(self.size) < 1:
            raise ConfigError(f"a sequence needs frames and a size, got {self.frames} frames of {self.size[0]}x{self.size[1]}")
        if self.rate <= 0 or not 10 <= self.field_of_view <= 150:
            raise ConfigError(f"rate must be positive and field_of_view 10 to 150 degrees, got {self.rate}, {self.field_of_view}")
        if min(self.noise, self.speed, self.baseline) < 0 or not 0 <= self.exposure < 1 or not 0 <= self.motion_blur <= 1:
            raise ConfigError("noise, speed and baseline must not be negative; exposure and motion_blur lie between 0 and 1")

    @property
    def name(self) -> str:
        """For people."""
        return f"simulation-{self.seed}" + ("-right" if self.side == "right" else "")

    @cached_property
    def camera(self) -> Camera:
        """A pinhole camera whose optical axis meets the centre of the image."""
        width, height = self.size
        focal = width / (2 * np.tan(np.radians(self.field_of_view) / 2))
        return Camera(width, height, float(focal), float(focal), (width - 1) / 2, (height - 1) / 2)

    @cached_property
    def ground_truth(self) -> Trajectory:
        """The exact pose of every frame."""
        stamps = np.array([self.stamp(i) for i in range(self.frames)])
        return Trajectory(stamps, tuple(self._pose(i / self.rate) for i in range(self.frames)))

    @cached_property
    def right(self) -> SimulatedSequence:
        """The right camera of the stereo pair: same stamps and intrinsics, its own noise. ConfigError in a mono sequence."""
        if self.baseline == 0 or self.side == "right":
            raise ConfigError("there is no right camera: make the sequence with a baseline in metres")
        return replace(self, side="right")

    def __len__(self) -> int:
        return self.frames

    def __iter__(self) -> Iterator[Frame]:
        return (self.frame(index) for index in range(self.frames))

    def frame(self, index: int) -> Frame:
        """One frame. Any order gives the same images."""
        return Frame(index, self.stamp(index), f"{index:06d}", self._image(index))

    def stamp(self, index: int) -> float:
        """Seconds; the first frame lies at 1000, because a zero stamp means "no time" in ROS."""
        return 1000.0 + index / self.rate

    def depth(self, index: int) -> FloatArray:
        """(H, W) float32: metres along the optical axis at the centre of every pixel, exact within a surface."""
        return render(self._scene, self.camera, self.ground_truth.poses[index])[1]

    def transfer(self, points: FloatArray | DoubleArray, i: int, j: int) -> tuple[DoubleArray, BoolArray]:
        """Where the surface points at pixels of frame i appear in frame j: exact ground-truth correspondences.

        points: (N, 2) pixels. Returns (N, 2) float64 pixels (NaN behind the camera) and (N,) bool, whether the point is seen
        there: within the image and not hidden by something nearer.
        """
        pose = self.ground_truth.poses[i]
        rays = self._rays(points, pose)
        distance, _ = self._scene.cast(pose.translation, rays)
        return self.project(pose.translation + distance[:, None] * rays, j)

    def project(self, world_points: DoubleArray, index: int) -> tuple[DoubleArray, BoolArray]:
        """Pixels (N, 2) of world points (N, 3) in a frame, and whether they are seen there; as in ``transfer``."""
        pose = self.ground_truth.poses[index]
        local = (world_points - pose.translation) @ pose.rotation
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = (local @ self.camera.matrix.T)[:, :2] / local[:, 2:]
        pixels[~(local[:, 2] > 0)] = np.nan
        width, height = self.size
        visible = np.all((pixels >= -0.5) & (pixels < (width - 0.5, height - 0.5)), axis=1)
        nearest, _ = self._scene.cast(pose.translation, world_points[visible] - pose.translation)
        visible[visible] = nearest > 1 - _OCCLUSION_TOLERANCE
        return pixels, visible

    def _rays(self, points: FloatArray | DoubleArray, pose: Pose) -> DoubleArray:
        """(N, 3) directions in the world of pixels (N, 2), one metre long along the optical axis."""
        normalized = (np.asarray(points, np.float64) - (self.camera.cx, self.camera.cy)) / (self.camera.fx, self.camera.fy)
        return np.asarray(np.column_stack((normalized, np.ones(len(normalized)))) @ pose.rotation.T, np.float64)

    @property
    def _walk(self) -> Walk:
        return _world(self.seed, self.speed)[0]

    @property
    def _scene(self) -> Scene:
        return _world(self.seed, self.speed)[1]

    def _pose(self, time: float) -> Pose:
        pose = self._walk.pose(time)
        return pose @ Pose(translation=np.array([self.baseline, 0.0, 0.0])) if self.side == "right" else pose

    def _image(self, index: int) -> NDArray[np.uint8]:
        time, shutter = index / self.rate, self.motion_blur / self.rate
        if shutter > 0:
            moments = time + shutter * ((np.arange(_BLUR_SAMPLES) + 0.5) / _BLUR_SAMPLES - 0.5)
            samples = [render(self._scene, self.camera, self._pose(moment))[0] for moment in moments]
            image = np.mean(samples, axis=0, dtype=np.float32)
        else:
            image = render(self._scene, self.camera, self._pose(time))[0].astype(np.float32)
        image *= 1 + self.exposure * np.sin(2 * np.pi * 0.2 * time)
        if self.noise > 0:
            rng = np.random.default_rng((self.seed, index, self.side == "right"))
            image += self.noise * rng.standard_normal(image.shape, np.float32)
        return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)


@lru_cache(maxsize=2)
def _world(seed: int, speed: float) -> tuple[Walk, Scene]:
    """Walk and room of a seed: painting the room takes longer than rendering twenty frames, and the stereo pair shares it."""
    rng = np.random.default_rng(seed)
    walk = Walk(speed, rng)
    return walk, build_room(walk.path, rng)
