"""Command line options made from the pydantic config, so that every name, default, range and help text exists once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer
import yaml
from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from superpoint_ros.cli.console import note
from superpoint_ros.config import Config
from superpoint_ros.errors import ConfigError

CONFIG_PANEL = "Settings (also in --config)"
ALIASES = {("extractor", "model"): ["--features"]}
"""`replay --features sift` reads better than `--model sift`; both work everywhere."""

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.yaml",
        help="YAML with sections extractor, matcher, …; options win over it",
        rich_help_panel=CONFIG_PANEL,
    ),
]
CameraFile = Annotated[
    Path | None,
    typer.Option(
        "--camera", metavar="FILE.yaml", help="intrinsics as ROS's camera_calibration writes them; wins over the source's"
    ),
]


def with_config(*sections: str, **defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command that takes ``config: Config``: it gets one option per field of these sections, and --config.

    defaults: where this command starts from another value of an option than the config.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        options = _options(sections)
        base = {options[name]: value for name, value in defaults.items()}

        @functools.wraps(command)
        def wrapper(**given: Any) -> None:
            from superpoint_ros.features.loading import idle_settings

            chosen = {name: given.pop(name) for name in options}
            path = given.pop("config_file")
            overrides = {options[name]: value for name, value in chosen.items() if value is not None}
            config = build_config(path, overrides, base)
            if idle := idle_settings(config.extractor):
                note(f"{', '.join(idle)} changes nothing for {config.extractor.model}")
            command(config=config, **given)

        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "config"]
        added = [_parameter(name, *target, default=base.get(target)) for name, target in options.items()]
        added.append(inspect.Parameter("config_file", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ConfigFile))
        set_options(wrapper, [*own, *added])
        return wrapper

    return decorate


def set_options(command: Callable[..., None], parameters: Sequence[inspect.Parameter]) -> None:
    """Make typer see these parameters instead of those that the function has; it is called with keywords only."""
    named = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    command.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in named}


def build_config(
    path: Path | None, overrides: dict[tuple[str, str], Any], defaults: dict[tuple[str, str], Any] | None = None
) -> Config:
    """Defaults, then the YAML file, then the options, all by (section, field). Raises ConfigError in one line."""
    values: dict[str, Any] = {}
    _merge(values, defaults or {})
    for section, settings in (load_yaml(path) if path is not None else {}).items():
        values[section] = {**values.get(section, {}), **settings} if isinstance(settings, dict) else settings
    _merge(values, overrides)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        where = f" (in {path})" if path is not None else ""
        raise ConfigError(f"setting {name}: {first['msg']}, got {first['input']!r}{where}") from error


def _merge(values: dict[str, Any], settings: dict[tuple[str, str], Any]) -> None:
    for (section, field), value in settings.items():
        if isinstance(values.setdefault(section, {}), dict):  # else the file is wrong, and the validation says how
            values[section][field] = value


def load_yaml(path: Path) -> dict[str, Any]:
    """The nested settings of a YAML file: sections at the top, or a ROS parameter file (``/**: ros__parameters: …``)."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold sections such as extractor: or matcher:, got {type(values).__name__}")
    nodes = [node["ros__parameters"] for node in values.values() if isinstance(node, dict) and "ros__parameters" in node]
    return _only_sections(nodes) if nodes else values


def _only_sections(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """The sections of all nodes of a ROS parameter file; what is a parameter of a node alone (a topic, a frame) is left out."""
    merged: dict[str, Any] = {}
    for parameters in nodes:
        for name, value in parameters.items():
            section, _, field = name.partition(".")
            if section in Config.model_fields:
                merged.setdefault(section, {}).update({field: value} if field else value)
    return merged


def _options(sections: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Python name of each option and the section and field that it sets; a name that two sections share gets its section."""
    names: dict[str, tuple[str, str]] = {}
    for section in sections:
        for field in _fields(section):
            names[field if field not in names else f"{section}_{field}"] = (section, field)
    return names


def _fields(section: str) -> dict[str, FieldInfo]:
    return type(getattr(Config(), section)).model_fields


def _parameter(name: str, section: str, field: str, default: Any) -> inspect.Parameter:
    info = _fields(section)[field]
    bounds = {
        key: getattr(m, attribute)
        for m in info.metadata
        for kind, attribute, key in ((Ge, "ge", "min"), (Le, "le", "max"))
        if isinstance(m, kind)
    }
    flag = f"--{name.replace('_', '-')}"
    names = f"{flag}/--no-{flag[2:]}" if info.annotation is bool else flag
    option = typer.Option(
        names,
        *ALIASES.get((section, field), []),
        help=f"{info.description} [dim]\\[{info.default if default is None else default}][/dim]",
        show_default=False,
        rich_help_panel=CONFIG_PANEL,
        **(bounds if get_origin(info.annotation) is None and info.annotation in (int, float) else {}),
    )
    kind: Any = info.annotation
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])
