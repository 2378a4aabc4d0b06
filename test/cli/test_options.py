"""Options of the command line come from the config, and all ways of setting them agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from superpoint_ros.cli.options import build_config, with_config
from superpoint_ros.config import Config
from superpoint_ros.errors import ConfigError


@pytest.fixture
def parse():
    """Config that a command gets from its command line."""

    def parse(*arguments: str) -> Config:
        seen: list[Config] = []
        app = typer.Typer()

        @app.command()
        @with_config("extractor", "matcher", "geometry", "keyframes", policy="every_frame")
        def command(config: Config) -> None:
            seen.append(config)

        result = CliRunner().invoke(app, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return seen[0]

    return parse


def test_options_have_the_names_and_defaults_of_the_config(parse) -> None:
    assert parse() == Config.model_validate({"keyframes": {"policy": "every_frame"}})
    config = parse("--nms-radius", "7", "--no-subpixel", "--estimator", "opencv", "--max-error", "1.5", "--policy", "motion")
    assert (config.extractor.nms_radius, config.extractor.subpixel) == (7, False)
    assert (config.geometry.estimator, config.geometry.max_error) == ("opencv", 1.5)
    assert config.keyframes.policy == "motion"


def test_options_win_over_the_file_and_the_file_over_defaults(parse, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("extractor: {max_keypoints: 300, nms_radius: 6}\nkeyframes: {policy: motion}\n")
    config = parse("--config", str(file), "--max-keypoints", "50")
    assert (config.extractor.max_keypoints, config.extractor.nms_radius, config.keyframes.policy) == (50, 6, "motion")


def test_ros_parameter_files_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "ros.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    extractor: {max_keypoints: 300}\n    publish_tf: true\n"
        "matcher_node:\n  ros__parameters:\n    matcher.ratio: 0.8\n"
    )
    config = build_config(file, {})
    assert (config.extractor.max_keypoints, config.matcher.ratio) == (300, 0.8)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("extractor: {max_keypoint: 3}", "extractor.max_keypoint"),
        ("extractor: {max_keypoints: -3}", "-3"),
        ("extractors: {}", "extractors"),
        ("extractor: [1, 2]", "extractor"),
        ("- 1", "sections"),
        ("a: [", "not YAML"),
    ],
)
def test_bad_files_are_named_with_what_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml") as error:
        build_config(file, {("extractor", "nms_radius"): 2})
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.yaml"):
        build_config(tmp_path / "no.yaml", {})


def test_limits_without_an_option_range_are_checked_too(parse) -> None:
    with pytest.raises(ConfigError, match="ratio"):
        parse("--ratio", "0")
