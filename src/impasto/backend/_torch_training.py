"""Training steps on PyTorch, recorded as a CUDA graph on a GPU.

The step is that of Keras' Adam, on the same variables, with fewer kernel launches; the gradient is
clipped by its global norm. On a GPU the step is recorded once (a CUDA graph) and then replayed,
since hundreds of small launches would take longer than the kernels themselves.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .training_update import Update

_WARM_UPS = 3  # steps before the recording, which choose operators and allocate memory
_AHEAD = 4  # steps queued on the GPU at most
_SECONDS_BETWEEN_REPORTS = 1.0

Tensors = list[torch.Tensor]


def make_update(model: Any, averages: Sequence[Any]) -> Update:
    """Return the training update of a model; see `backend.make_update`."""
    device = model.trainable_variables[0].value.device
    rate, decay = (torch.zeros((), device=device) for _ in range(2))
    names = ["loss", *(metric.name for metric in model.parts)]
    sums = torch.zeros(len(names) + 1, device=device)
    step = _make_step(model, averages, rate, decay, sums)
    run = _recorded(step, device) if device.type == "cuda" else _eager(step, device)
    last = [time.monotonic()]

    def one(batch: Any, new_rate: float, new_decay: float) -> None:
        rate.fill_(new_rate)
        decay.fill_(new_decay)
        run(batch)

    def is_due() -> bool:
        waits = device.type == "cuda"
        return not waits or time.monotonic() - last[0] > _SECONDS_BETWEEN_REPORTS

    def read() -> Mapping[str, float]:
        *values, count = sums.tolist()
        sums.zero_()
        last[0] = time.monotonic()
        return {
            name: value / count if count else float("nan")
            for name, value in zip(names, values, strict=True)
        }

    return Update(one, is_due, read)


def _make_step(
    model: Any,
    averages: Sequence[Any],
    rate: torch.Tensor,
    decay: torch.Tensor,
    sums: torch.Tensor,
) -> Callable[[Any], None]:
    """Return a step whose inputs are all on the device: batch, rate and decay.

    It adds the loss, its parts and 1 to `sums`, or nothing if the loss is not finite.
    """
    weights = [variable.value for variable in model.trainable_variables]
    kept = [average.value for average in averages]
    names = [metric.name for metric in model.parts]
    adam = _adam(model.optimizer, weights, rate)

    def step(batch: Any) -> None:
        with torch.enable_grad():
            total, parts = model.step_loss(batch)
            gradients = list(torch.autograd.grad(total, weights))
        with torch.no_grad():
            adam(gradients)
            if kept:
                moves = torch._foreach_sub(weights, kept)
                torch._foreach_mul_(moves, 1 - decay)
                torch._foreach_add_(kept, moves)
            values = [total, *(parts[name] for name in names), torch.ones_like(total)]
            found = torch.stack(values).detach()
            sums.add_(torch.where(torch.isfinite(total), found, torch.zeros_like(found)))

    return step


def _adam(optimizer: Any, weights: Tensors, rate: torch.Tensor) -> Callable[[Tensors], None]:
    """Return Adam's step, which updates weights and optimizer variables in place."""
    first, second = (
        [v.value for v in optimizer.variables if v.path.endswith(f"_{name}")]
        for name in ("momentum", "velocity")
    )
    steps = optimizer.iterations.value
    longest = float(optimizer.global_clipnorm)
    beta_1, beta_2, epsilon = optimizer.beta_1, optimizer.beta_2, optimizer.epsilon

    def update(gradients: Tensors) -> None:
        norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
        shortened = torch.clamp(longest / (norm + 1e-30), max=1.0)
        usable = torch.isfinite(norm)
        torch._foreach_mul_(gradients, torch.where(usable, shortened, torch.zeros_like(norm)))
        gradients = [torch.nan_to_num_(g, 0.0, 0.0, 0.0) for g in gradients]
        steps.add_(1)
        torch._foreach_lerp_(first, gradients, 1 - beta_1)
        torch._foreach_lerp_(second, torch._foreach_mul(gradients, gradients), 1 - beta_2)
        count = steps.to(torch.float32)
        scale = rate * torch.sqrt(1 - torch.pow(beta_2, count)) / (1 - torch.pow(beta_1, count))
        below = torch._foreach_sqrt(second)
        torch._foreach_add_(below, epsilon)
        moves = torch._foreach_div(first, below)
        torch._foreach_mul_(moves, scale)
        torch._foreach_sub_(weights, moves)

    return update


def _eager(step: Callable[[Any], None], device: torch.device) -> Callable[[Any], None]:
    return lambda batch: step(type(batch)(*(torch.as_tensor(a, device=device) for a in batch)))


def _recorded(step: Callable[[Any], None], device: torch.device) -> Callable[[Any], None]:
    """Record a step after some warm-up runs, and replay it with new inputs."""
    torch.backends.cudnn.benchmark = True  # all steps have the same shapes
    inputs: list[Any] = []
    graph = torch.cuda.CUDAGraph()
    events: deque[Any] = deque()
    side = torch.cuda.Stream(device)
    calls = [0]

    def run(batch: Any) -> None:
        host = [torch.from_numpy(array).pin_memory() for array in batch]
        if not inputs:
            inputs.append(type(batch)(*(each.to(device) for each in host)))
        for place, each in zip(inputs[0], host, strict=True):
            place.copy_(each, non_blocking=True)
        calls[0] += 1
        if calls[0] <= _WARM_UPS:
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                step(inputs[0])
            torch.cuda.current_stream().wait_stream(side)
            torch.cuda.synchronize()
            return
        if calls[0] == _WARM_UPS + 1:
            with torch.cuda.graph(graph):
                step(inputs[0])
        graph.replay()
        event = torch.cuda.Event()
        event.record()
        events.append((event, host))  # keeps the host's memory until it has been copied
        if len(events) > _AHEAD:
            events.popleft()[0].synchronize()

    return run
