"""A pydantic config as ROS parameters: ``extractor.border`` is the field ``border`` of the section ``extractor``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, ParameterType, SetParametersResult
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from superpoint_ros.config import FrontendNodeConfig, Section, parse_section
from superpoint_ros.errors import ConfigError, SuperPointRosError

C = TypeVar("C", bound=Section)
Apply = Callable[[], None]
_TYPES = {bool: ParameterType.PARAMETER_BOOL, int: ParameterType.PARAMETER_INTEGER, float: ParameterType.PARAMETER_DOUBLE}
_LIMIT = {"i": 2**63 - 1, "f": 1e308}


class Parameters(Generic[C]):
    """Declares the parameters of a config and keeps the config in step with them.

    A change at run time is validated by pydantic, then by ``prepare(old, new)``, which does everything that can fail (say,
    loads weights; raises a SuperPointRosError whose message becomes the reason of the refusal) and returns what makes the
    change effective. That runs in ``apply_changes``, which the worker calls between two frames.
    """

    def __init__(self, node: Node, config_type: type[C], prepare: Callable[[C, C], Apply]) -> None:
        """Raises ConfigError where a value that was given at the start is not valid."""
        self._node = node
        self._type = config_type
        self._prepare = prepare
        self._names = {name for name, _, _ in fields(config_type)}
        self._staged: tuple[C, Apply] | None = None
        self._changes: list[tuple[C, Apply]] = []
        self._warn_of_unknown()
        values = {name: self._declare(name, field, default) for name, field, default in fields(config_type)}
        self._accepted = self.config = _validate(config_type, values)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._accept)

    def apply_changes(self) -> None:
        """Make accepted changes effective; ``config`` changes nowhere else."""
        while self._changes:
            self.config, apply = self._changes.pop(0)
            apply()

    def _declare(self, name: str, field: FieldInfo, default: Any) -> Any:
        try:
            # A number without a decimal point is welcome where a float is meant; pydantic checks the types.
            return self._node.declare_parameter(name, default, describe(field)).value
        except ParameterException as error:
            raise ConfigError(str(error).rpartition("Reason: ")[2].removesuffix(f": {name}")) from error

    def _warn_of_unknown(self) -> None:
        """ROS ignores parameters that nobody declares, so that a typing error in a YAML file would go unnoticed.

        rclpy has no public list of what was given; where a version keeps it under another name, nothing is said.
        """
        known = (
            {name for name, _, _ in fields(FrontendNodeConfig)} | self._names | {"use_sim_time", "start_type_description_service"}
        )
        for name in getattr(self._node, "_parameter_overrides", {}):
            if name not in known and not name.startswith("qos_overrides."):
                self._node.get_logger().warning(f"there is no parameter '{name}'; it is ignored")

    def _check(self, parameters: list[Parameter]) -> SetParametersResult:
        changes = {parameter.name: parameter.value for parameter in parameters if parameter.name in self._names}
        self._staged = None
        if not changes:
            return SetParametersResult(successful=True)
        values = {name: value for name, _, value in fields(self._type, self._accepted)} | changes
        try:
            config = _validate(self._type, values)
            self._staged = config, self._prepare(self._accepted, config)
        except SuperPointRosError as error:
            self._node.get_logger().error(f"parameter change refused: {error}")
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _accept(self, _parameters: list[Parameter]) -> None:
        if self._staged:
            self._accepted = self._staged[0]
            self._changes.append(self._staged)
            self._staged = None


def fields(config_type: type[Section], config: Section | None = None, prefix: str = "") -> Iterator[tuple[str, FieldInfo, Any]]:
    """Dotted name, pydantic field and value (of ``config``, else the default) of every leaf of a config."""
    for name, field in config_type.model_fields.items():
        value = getattr(config, name) if config is not None else field.get_default(call_default_factory=True)
        if isinstance(value, Section):
            yield from fields(type(value), value, f"{prefix}{name}.")
        else:
            yield prefix + name, field, value


def describe(field: FieldInfo) -> ParameterDescriptor:
    """Type, range, choices and help of a field, as ``ros2 param describe`` and rqt show them."""
    descriptor = ParameterDescriptor(description=field.description or "", dynamic_typing=True)
    extra = field.json_schema_extra
    descriptor.read_only = isinstance(extra, dict) and bool(extra.get("fixed"))
    kind = field.annotation
    if get_origin(kind) is tuple:
        descriptor.type = ParameterType.PARAMETER_STRING_ARRAY
    else:
        descriptor.type = (
            _TYPES.get(kind, ParameterType.PARAMETER_STRING) if isinstance(kind, type) else ParameterType.PARAMETER_STRING
        )
    if get_origin(kind) is Literal:
        descriptor.additional_constraints = f"one of {', '.join(map(str, get_args(kind)))}"
    if kind in (int, float):
        low, high, exclusive = _limits(field)
        if low is None and high is None:
            return descriptor
        if kind is int:
            bounds = (int(low) if low is not None else -_LIMIT["i"], int(high) if high is not None else _LIMIT["i"])
            descriptor.integer_range = [IntegerRange(from_value=bounds[0], to_value=bounds[1], step=0)]
        else:
            limits = (float(low) if low is not None else -_LIMIT["f"], float(high) if high is not None else _LIMIT["f"])
            descriptor.floating_point_range = [FloatingPointRange(from_value=limits[0], to_value=limits[1], step=0.0)]
        descriptor.additional_constraints = exclusive
    return descriptor


def _limits(field: FieldInfo) -> tuple[float | None, float | None, str]:
    """Lowest and highest value, and a word on limits that are not allowed values themselves."""
    low: Any = None
    high: Any = None
    words = []
    for rule in field.metadata:
        if isinstance(rule, Ge):
            low = rule.ge
        elif isinstance(rule, Gt):
            low = rule.gt
            words.append(f"greater than {rule.gt}")
        elif isinstance(rule, Le):
            high = rule.le
        elif isinstance(rule, Lt):
            high = rule.lt
            words.append(f"less than {rule.lt}")
    return low, high, ", ".join(words)


def _validate(config_type: type[C], values: dict[str, Any]) -> C:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *sections, leaf = name.split(".")
        target = nested
        for section in sections:
            target = target.setdefault(section, {})
        target[leaf] = value
    return parse_section(config_type, nested)
