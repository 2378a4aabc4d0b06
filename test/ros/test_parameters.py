"""Every setting is a parameter, and only good values become settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rcl_interfaces.msg import ParameterType
from rclpy.node import Node
from rclpy.parameter import Parameter

from superpoint_ros.config import FrontendNodeConfig, MatcherNodeConfig, OdometryNodeConfig, SuperPointNodeConfig
from superpoint_ros.errors import ConfigError, WeightsError
from superpoint_ros.ros.parameters import Parameters, describe, fields

MakeNode = Callable[..., Node]


def nothing(_old: object, _new: object) -> Callable[[], None]:
    return lambda: None


@pytest.mark.parametrize("config_type", [SuperPointNodeConfig, MatcherNodeConfig, OdometryNodeConfig, FrontendNodeConfig])
def test_every_field_is_declared_with_its_default_and_help(make_node: MakeNode, config_type: type) -> None:
    node = make_node()
    parameters = Parameters(node, config_type, nothing)
    assert parameters.config == config_type()
    for name, field, default in fields(config_type):
        assert node.get_parameter(name).value == default
        assert node.describe_parameter(name).description == field.description


def test_descriptors_carry_ranges_choices_and_what_is_fixed() -> None:
    descriptors = {name: describe(field) for name, field, _ in fields(FrontendNodeConfig)}
    keypoints = descriptors["extractor.max_keypoints"]
    assert keypoints.type == ParameterType.PARAMETER_INTEGER
    assert (keypoints.integer_range[0].from_value, keypoints.integer_range[0].to_value) == (1, 20000)
    ratio = descriptors["matcher.ratio"]
    assert ratio.type == ParameterType.PARAMETER_DOUBLE
    assert (ratio.floating_point_range[0].from_value, ratio.floating_point_range[0].to_value) == (0.0, 1.0)
    assert ratio.additional_constraints == "greater than 0.0"
    assert descriptors["geometry.seed"].integer_range[0].from_value == 0
    assert descriptors["descriptor_type"].additional_constraints == "one of float32, float16, int8"
    assert descriptors["publish_tf"].type == ParameterType.PARAMETER_BOOL
    fixed = {name for name, descriptor in descriptors.items() if descriptor.read_only}
    assert fixed == {"image_transport", "odom_frame", "base_frame", "camera_frame", "publish_tf"}


def test_names_of_cameras_are_a_list_of_texts(make_node: MakeNode) -> None:
    described = {name: describe(field) for name, field, _ in fields(SuperPointNodeConfig)}["cameras"]
    assert (described.type, described.read_only) == (ParameterType.PARAMETER_STRING_ARRAY, True)
    config = Parameters(make_node("-p", "cameras:=[left, rig/right]"), SuperPointNodeConfig, nothing).config
    assert config.cameras == ("left", "rig/right")


def test_start_values_are_taken_and_whole_numbers_are_welcome_as_floats(make_node: MakeNode) -> None:
    node = make_node("-p", "matcher.ratio:=1", "-p", "geometry.max_error:=3.5", "-p", "rectified:=true")
    config = Parameters(node, MatcherNodeConfig, nothing).config
    assert (config.matcher.ratio, config.geometry.max_error, config.rectified) == (1.0, 3.5, True)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("matcher.ratio:=0.0", "matcher.ratio = 0.0 .* greater than 0"),
        ("matcher.ratio:=2.0", "matcher.ratio out of range .*value: 2.0$"),
        ("matcher.ratio:=much", "matcher.ratio = 'much' .* valid number"),
        ("geometry.min_inliers:=1", "geometry.min_inliers out of range"),
        ("geometry.estimator:=guess", "'poselib' or 'opencv'"),
    ],
)
def test_a_useless_start_value_is_refused_with_its_name(make_node: MakeNode, setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Parameters(make_node("-p", setting), MatcherNodeConfig, nothing)


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        ("[left, left]", "cameras = .* a name of its own"),
        ("[left, /right]", r"cameras\.1 = '/right'"),
        ("['the left']", "'the left'"),
        ("left", "cameras = 'left'"),
    ],
)
def test_useless_names_of_cameras_are_refused(make_node: MakeNode, cameras: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Parameters(make_node("-p", f"cameras:={cameras}"), SuperPointNodeConfig, nothing)


def test_changes_take_effect_between_frames_and_only_as_a_whole(make_node: MakeNode) -> None:
    applied: list[float] = []

    def prepare(old: MatcherNodeConfig, new: MatcherNodeConfig) -> Callable[[], None]:
        if new.geometry.max_error == 13.0:
            raise WeightsError("thirteen is unlucky")
        return lambda: applied.append(new.geometry.max_error)

    node = make_node()
    parameters = Parameters(node, MatcherNodeConfig, prepare)
    assert all(result.successful for result in node.set_parameters([Parameter("geometry.max_error", value=4.0)]))
    assert (parameters.config.geometry.max_error, applied) == (2.0, [])
    unlucky = node.set_parameters([Parameter("geometry.max_error", value=13.0)])[0]
    assert (unlucky.successful, unlucky.reason) == (False, "thirteen is unlucky")
    both = [Parameter("geometry.max_error", value=5.0), Parameter("matcher.ratio", value=-1.0)]
    assert not node.set_parameters_atomically(both).successful
    assert node.set_parameters([Parameter("matcher.ratio", value=0.8)])[0].successful
    parameters.apply_changes()
    assert (parameters.config.geometry.max_error, parameters.config.matcher.ratio) == (4.0, 0.8)
    assert applied == [4.0, 4.0]
    assert node.get_parameter("geometry.max_error").value == 4.0


def test_parameters_of_others_are_left_alone(make_node: MakeNode) -> None:
    node = make_node()
    parameters = Parameters(node, MatcherNodeConfig, nothing)
    node.declare_parameter("theirs", 1)
    assert node.set_parameters([Parameter("theirs", value=2)])[0].successful
    parameters.apply_changes()
    assert parameters.config == MatcherNodeConfig()
