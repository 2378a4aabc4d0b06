"""Several processes that take the same steps as one would with the whole batch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, distributed, nn

from superpoint_ros.errors import ConfigError, DeviceError, MissingDependencyError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from superpoint_ros.training.config import MachineConfig


def start_processes(machine: MachineConfig) -> Fabric:
    """The accelerator and precision that were asked for, and this process's place among all of them.

    With more than one device this command is started again for each, unless torchrun or a scheduler has done it: then theirs is
    the number of processes. Raises MissingDependencyError, ConfigError, DeviceError.
    """
    try:
        from lightning_fabric import Fabric
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{error.name} is needed for training: pip install 'superpoint-ros[train]'") from error
    on_cpu = machine.accelerator == "cpu" or not (torch.cuda.is_available() or torch.backends.mps.is_available())
    if machine.precision == "16-mixed" and on_cpu:
        raise ConfigError("machine.precision = '16-mixed' needs a GPU: take bf16-mixed or 32-true on a CPU")
    devices, nodes = machine.devices, machine.nodes
    if "TORCHELASTIC_RUN_ID" in os.environ:
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    strategy = "ddp" if devices * nodes > 1 else "auto"
    try:
        fabric = Fabric(
            accelerator=machine.accelerator, strategy=strategy, devices=devices, num_nodes=nodes, precision=machine.precision
        )
    except (RuntimeError, ValueError) as error:  # one of them is Fabric's own MisconfigurationException
        raise DeviceError(f"cannot train on {devices} of accelerator {machine.accelerator!r}: {error}") from error
    fabric.launch()
    return fabric


def world_size() -> int:
    """Processes of this run."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of the values where ``valid``, of the same shape, is true, or their mean with such weights; 0 where none counts."""
    return (values * valid).sum() / shared_count(valid)


def shared_count(valid: Tensor) -> Tensor:
    """What each process must divide a sum over its part of the batch by: the mean number (or weight) of valid values, over all.

    So the mean of what they get, and of its gradient, which is what they exchange, is the mean over the whole batch.
    """
    return mean_over_processes(valid.sum().float()).clamp(min=1.0 / world_size())


def mean_over_processes(value: Tensor) -> Tensor:
    """Not differentiable."""
    if world_size() == 1:
        return value
    value = value.detach().clone()
    distributed.all_reduce(value)
    return value / world_size()


class _DifferentiableSum(torch.autograd.Function):
    """The sum over all processes. Each one's loss depends on it, so its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


class _WholeBatchNorm(nn.BatchNorm2d):
    """Normalizes by the statistics of the whole batch, of which this process has one of several equal parts.

    torch.nn.SyncBatchNorm does the same, on GPUs only.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.to(self.weight.dtype)
        count = world_size()
        mean = _DifferentiableSum.apply(values.mean((0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = _DifferentiableSum.apply(centred.square().mean((0, 2, 3))) / count
        with torch.no_grad():
            self._update(mean, variance, values.numel() // values.shape[1] * count)
        scale = self.weight / torch.sqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    def _update(self, mean: Tensor, variance: Tensor, values: int) -> None:
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        momentum = self.momentum or 0.0
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * values / (values - 1), momentum)  # unbiased, as in torch
        self.num_batches_tracked += 1


def share_batch_norm(network: nn.Module, device: torch.device) -> None:
    """Make every batch norm of a network use the statistics of the whole batch, if there are several processes."""
    if world_size() == 1:
        return
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                shared = nn.SyncBatchNorm if device.type == "cuda" else _WholeBatchNorm
                replacement = shared(child.num_features, child.eps, child.momentum)
                replacement.load_state_dict(child.state_dict())
                replacement.weight, replacement.bias = child.weight, child.bias
                setattr(parent, name, replacement)
