"""One source of names, defaults, ranges and help: for YAML files, the command line and ROS parameters.

A ROS parameter is a section and a field (``extractor.max_keypoints``); a YAML file nests the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from superpoint_ros.errors import ConfigError


class Section(BaseModel):
    """A group of settings: unknown names are refused, values never change after construction."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Precision = Literal["auto", "float32", "half"]
AnySection = TypeVar("AnySection", bound=Section)


def parse_section(section: type[AnySection], values: Mapping[str, Any]) -> AnySection:
    """Settings from outside, checked. Raises ConfigError with the first setting that is wrong, its value and what is allowed."""
    try:
        return section.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"there is no setting {name!r}: choose from {', '.join(section.model_fields)}") from error
        raise ConfigError(f"{name} = {first['input']!r} cannot be used: {first['msg']}") from error


class ExtractorConfig(Section):
    """How an image becomes features."""

    model: str = Field(
        "small", description="small, full, sift, orb, xfeat (fast, harris, shi: only detect), or the path of a weights file"
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?|tensorrt(:\d+)?|gpu(:\d+)?|npu)$",
        description="auto, cpu, cuda[:N], mps, tensorrt[:N] (ONNX Runtime), gpu[:N] or npu (OpenVINO: Intel's)",
    )
    backend: Literal["auto", "torch", "onnxruntime", "openvino"] = Field(
        "auto", description="what runs the network; auto measures what is installed"
    )
    precision: Precision = Field("auto", description="float32, or half: float16 on GPUs, bfloat16 on CPUs; auto: half on GPUs")
    cuda_graphs: bool = Field(False, description="record the network once per image size; for CUDA with torch")
    max_keypoints: int = Field(1000, ge=1, le=20000, description="keep at most this many keypoints, best first")
    threshold: float = Field(0.02, ge=0.0, le=1.0, description="drop keypoints with a lower score")
    nms_radius: int = Field(4, ge=0, le=32, description="no two keypoints are closer than this many pixels in x and y")
    border: int = Field(4, ge=0, le=256, description="no keypoints within this many pixels of the image border")
    subpixel: bool = Field(True, description="refine each keypoint below one pixel")
    interpolation: Literal["bicubic", "bilinear"] = Field("bicubic", description="how descriptors are sampled")
    max_size: int = Field(
        0, ge=0, le=16384, description="shrink the longer image side to this before the network; 0 never shrinks"
    )
    levels: int = Field(
        1,
        ge=1,
        le=8,
        description="look at the image so many times, each time 1.5 times smaller: for scenes seen from near and far",
    )


class MatcherConfig(Section):
    """Which descriptors belong together."""

    ratio: float = Field(1.0, gt=0.0, le=1.0, description="ratio test on descriptor distances; 1 turns it off")
    min_similarity: float = Field(-1.0, ge=-1.0, le=1.0, description="drop matches whose descriptors are less similar")
    window: float = Field(
        0.0, ge=0.0, description="in a sequence, compare only keypoints within so many pixels of where each was seen last; 0: all"
    )


class GeometryConfig(Section):
    """How the motion between two images is estimated."""

    estimator: Literal["poselib", "opencv"] = Field("poselib", description="PoseLib LO-RANSAC or OpenCV USAC_MAGSAC")
    max_error: float = Field(2.0, gt=0.0, le=100.0, description="largest reprojection or epipolar error of an inlier, in pixels")
    confidence: float = Field(0.999, gt=0.0, lt=1.0, description="stop when the best model is found with this probability")
    max_iterations: int = Field(2000, ge=1, le=1000000, description="most RANSAC iterations")
    min_inliers: int = Field(15, ge=5, le=10000, description="fewer inliers than this are no geometry")
    min_parallax: float = Field(0.1, ge=0.0, le=90.0, description="median parallax in degrees below which no translation shows")
    min_motion: float = Field(0.5, ge=0.0, le=100.0, description="median motion in pixels below which the camera stood still")
    seed: int = Field(0, ge=0, description="seed of the robust estimator")


class KeyframeConfig(Section):
    """When the current image becomes the reference that the next images are compared with."""

    policy: Literal["motion", "every_frame"] = Field(
        "motion", description="motion: when enough has changed; every_frame: always compare consecutive images"
    )
    parallax: float = Field(1.5, ge=0.0, le=90.0, description="median parallax in degrees that makes a keyframe")
    max_motion: float = Field(0.05, gt=0.0, le=1.0, description="median motion that makes one, as a share of the image diagonal")
    min_shared: float = Field(0.6, ge=0.0, le=1.0, description="so does a share of the inliers, of the most so far, below this")


class OdometryConfig(Section):
    """How two-view motions become a trajectory."""

    step_length: float = Field(0.0, ge=0.0, description="metres of every step, if known; 0: unknown, steps have unit length")


class Config(Section):
    """All settings of the pipeline, as a YAML file nests them."""

    extractor: ExtractorConfig = ExtractorConfig()
    matcher: MatcherConfig = MatcherConfig()
    geometry: GeometryConfig = GeometryConfig()
    keyframes: KeyframeConfig = KeyframeConfig()
    odometry: OdometryConfig = OdometryConfig()


def _fixed(default: Any, **field: Any) -> Any:
    """A field that a running node cannot change."""
    return Field(default, json_schema_extra={"fixed": True}, **field)


CameraName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*$")]
"""A namespace of ROS, relative."""


class ImageSubscriberConfig(Section):
    """Parameters of every node that looks at images."""

    image_transport: Literal["raw", "compressed"] = _fixed("raw", description="raw subscribes image, compressed image/compressed")


class FeaturePublisherConfig(ImageSubscriberConfig):
    """Parameters of every node that extracts features."""

    extractor: ExtractorConfig = ExtractorConfig()
    descriptor_type: Literal["float32", "float16", "int8"] = Field("float16", description="how descriptors are published")


class SuperPointNodeConfig(FeaturePublisherConfig):
    """Parameters of superpoint_node."""

    cameras: tuple[CameraName, ...] = _fixed(
        (),
        description="cameras that share the network, e.g. left and right: left/image -> left/features; empty: image -> features",
    )

    @field_validator("cameras")
    @classmethod
    def _each_once(cls, cameras: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(cameras)) < len(cameras):
            raise ValueError("every camera needs a name of its own")
        return cameras


class MatcherNodeConfig(ImageSubscriberConfig):
    """Parameters of matcher_node. The images are for match_image."""

    matcher: MatcherConfig = MatcherConfig()
    geometry: GeometryConfig = GeometryConfig()
    keyframes: KeyframeConfig = KeyframeConfig()
    rectified: bool = Field(False, description="the images are rectified: take P of camera_info, and no distortion")


class OdometryNodeConfig(Section):
    """Parameters of odometry_node. Frames as in REP 105."""

    odometry: OdometryConfig = OdometryConfig()
    odom_frame: str = _fixed("odom", min_length=1, description="fixed frame of the odometry")
    base_frame: str = _fixed("base_link", min_length=1, description="frame of the robot whose motion is published")
    camera_frame: str = _fixed("", description="optical frame of the camera; empty: the frame_id of the images")
    publish_tf: bool = _fixed(False, description="broadcast odom_frame -> base_frame on /tf")
    path_length: int = Field(1000, ge=0, le=100000, description="newest poses in path; 0 publishes no path")


class RecorderNodeConfig(ImageSubscriberConfig):
    """Parameters of recorder_node. The images are for latencies."""

    output: str = _fixed("recording.json", min_length=1, description="file that is written when the node is ended")


class FrontendNodeConfig(FeaturePublisherConfig, MatcherNodeConfig, OdometryNodeConfig):
    """Parameters of frontend_node: those of the three other nodes."""
