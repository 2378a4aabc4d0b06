"""Errors whose message is for the person at the keyboard: what is wrong, with which value, what to do."""


class SuperPointRosError(Exception):
    """Base of every error that a user can cause and cure. The command line prints it in one line and exits 2."""


class ConfigError(SuperPointRosError):
    """A setting is unknown, out of its range or contradicts another one."""


class ImageError(SuperPointRosError):
    """An image has a size, type or content that no keypoint can be extracted from."""


class WeightsError(SuperPointRosError):
    """A weights file is missing, damaged or belongs to another network."""


class DeviceError(SuperPointRosError):
    """The device or backend that was asked for is not available on this machine."""


class ModelMismatchError(SuperPointRosError):
    """Descriptors of two different models were compared."""


class DataError(SuperPointRosError):
    """A data set, bag or results file cannot be read."""


class MissingDependencyError(SuperPointRosError):
    """An optional package is needed for what was asked; the message names the extra to install."""
