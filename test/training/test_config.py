"""Training settings: shipped, from a file, over-ridden; and what differs between two runs."""

import pytest
import yaml

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import ARCHITECTURES
from superpoint_ros.io.shipped import shipped_file
from superpoint_ros.training.config import MagicPointConfig, SuperPointConfig, differences, training_config, write_config

STAGES = {"magicpoint": MagicPointConfig, "superpoint": SuperPointConfig}


def shipped(name):
    return yaml.safe_load(shipped_file(f"config/training/{name}.yaml").read_text())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("stage", STAGES)
def test_every_shipped_file_is_valid_and_complete(architecture, stage):
    values = shipped(f"{architecture}-{stage}")
    config = training_config(STAGES[stage], values, {})
    assert config.model_dump(mode="json") == values
    assert config.architecture == architecture


@pytest.mark.parametrize("stage", STAGES)
def test_defaults_are_the_shipped_small_recipe(stage):
    assert differences(STAGES[stage]().model_dump(mode="json"), shipped(f"small-{stage}")) == []


def test_what_is_written_reads_back(tmp_path):
    config = training_config(SuperPointConfig, {"pairs": {"motion": {"rotation": 5.0}}}, {"optimizer.steps": 7})
    write_config(tmp_path / "config.yaml", config)
    assert training_config(SuperPointConfig, yaml.safe_load((tmp_path / "config.yaml").read_text()), {}) == config
    assert config.pairs.motion.rotation == 5.0


def test_options_win_over_the_file_and_absent_ones_do_not():
    values = {"optimizer": {"steps": 5, "learning_rate": 0.1}}
    config = training_config(MagicPointConfig, values, {"optimizer.steps": 9, "optimizer.learning_rate": None, "seed": 3})
    assert (config.optimizer.steps, config.optimizer.learning_rate, config.seed) == (9, 0.1, 3)
    assert values == {"optimizer": {"steps": 5, "learning_rate": 0.1}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"optimizer": {"step": 5}}, "no setting 'optimizer.step'"),
        ({"optimizer": 5}, r"optimizer = 5"),
        ({"shapes": {"height": 121}}, "shapes.height = 121"),
        ({"architecture": "huge"}, "architecture = 'huge'"),
        ({"machine": {"precision": "8"}}, "machine.precision = '8'"),
    ],
)
def test_what_is_wrong_is_named(values, message):
    with pytest.raises(ConfigError, match=message):
        training_config(MagicPointConfig, values, {"optimizer.steps": None})


@pytest.mark.parametrize(("name", "value"), [("rotation", 200), ("scale", 0.5), ("perspective", 0.5), ("stretch", 0)])
def test_ranges_of_the_motion_are_checked(name, value):
    with pytest.raises(ConfigError, match=rf"pairs\.motion\.{name} = {value} cannot be used"):
        training_config(SuperPointConfig, {"pairs": {"motion": {name: value}}}, {})


def test_differences_are_named_one_by_one():
    before = {"seed": 0, "pairs": {"height": 96, "gone": 1}}
    now = {"seed": 1, "pairs": {"height": 96, "width": 128}}
    assert differences(before, now) == ["seed: 0 → 1", "pairs.width: None → 128", "pairs.gone: 1 → None"]
