"""VGG19's layers on PyTorch, with gradients for frozen weights.

Features are (N, C, h, w), in the memory format, channels first or last, of the chosen convolution.
Gradients are changed in place, since each is passed to one layer only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ._torch_choice import Choice, choose
from ._torch_convolutions import NHWC, OPERATORS, Kernel, conv2d, memory_format
from ._torch_networks import pad
from ._torch_products import gram, mix

# Positions per output channel from which on the border is convolved separately.
_BORDER_POSITIONS = 16


class _Conv3x3Relu(torch.autograd.Function):
    """relu(x * weight + bias)."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, kernel: Kernel, choice: Choice, replicate: bool
    ) -> torch.Tensor:
        run = OPERATORS[choice.forward].run
        if replicate and _is_small(x, kernel):
            y = run(pad(x, "replicate"), kernel, False, 0)
        else:
            y = run(x, kernel, False, 1)
            if replicate:
                _add_border(y, x, kernel)
        y.relu_()
        ctx.save_for_backward(y)
        ctx.kernel, ctx.choice, ctx.replicate = kernel, choice, replicate
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (y,) = ctx.saved_tensors
        g = gradients[0].contiguous(memory_format=ctx.choice.memory_format)
        torch.ops.aten.threshold_backward.grad_input(g, y, 0, grad_input=g)
        run = OPERATORS[ctx.choice.backward].run
        if ctx.replicate and _is_small(g, ctx.kernel):
            return _fold(run(g, ctx.kernel, True, 2)), None, None, None
        gradient = run(g, ctx.kernel, True, 1)
        if ctx.replicate:
            _add_border_gradient(gradient, g, ctx.kernel)
        return gradient, None, None, None


def _is_small(x: torch.Tensor, kernel: Kernel) -> bool:
    """Return whether padding a copy costs less than convolving the border separately.

    On a GPU it does: separate convolutions of the border are eight small launches per layer.
    """
    return (
        x.device.type == "cuda"
        or x.shape[2] * x.shape[3] < _BORDER_POSITIONS * kernel.weight.shape[0]
    )


def _fold(wide: torch.Tensor) -> torch.Tensor:
    """Add the gradient of the padding to the border, and crop the padding."""
    wide[:, :, 1] += wide[:, :, 0]
    wide[:, :, -2] += wide[:, :, -1]
    wide[:, :, :, 1] += wide[:, :, :, 0]
    wide[:, :, :, -2] += wide[:, :, :, -1]
    inner = wide[:, :, 1:-1, 1:-1]
    return inner.contiguous(memory_format=memory_format(wide))


def _add_border(y: torch.Tensor, x: torch.Tensor, kernel: Kernel) -> None:
    """Turn a convolution with zero padding into one with replicate padding.

    The padding is a row above and below, with the corners, and a column left and right without
    them; each affects one row or column of the result.
    """

    def across(row: torch.Tensor, name: str) -> torch.Tensor:  # a row of the padding, (N, O, 1, w)
        wide = functional.pad(row, (1, 1, 0, 0), mode="replicate")
        return conv2d(wide, kernel.form(False, name, x.dtype))

    def down(column: torch.Tensor, name: str) -> torch.Tensor:  # a column, (N, O, h, 1)
        return conv2d(column, kernel.form(False, name, x.dtype), padding=(1, 0))

    y[:, :, :1] += across(x[:, :, :1], "top")
    y[:, :, -1:] += across(x[:, :, -1:], "bottom")
    y[:, :, :, :1] += down(x[:, :, :, :1], "left")
    y[:, :, :, -1:] += down(x[:, :, :, -1:], "right")


def _add_border_gradient(gradient: torch.Tensor, g: torch.Tensor, kernel: Kernel) -> None:
    """Add the contribution of the replicate padding to the gradient of the border."""

    def across(row: torch.Tensor, name: str) -> torch.Tensor:
        wide = conv2d(row, kernel.form(True, name, g.dtype), padding=(0, 2))
        wide[:, :, :, 1] += wide[:, :, :, 0]  # a corner is a copy of the border's corner
        wide[:, :, :, -2] += wide[:, :, :, -1]
        return wide[:, :, :, 1:-1]

    def down(column: torch.Tensor, name: str) -> torch.Tensor:
        return conv2d(column, kernel.form(True, name, g.dtype), padding=(1, 0))

    # The transposed kernel is flipped: the top is reached through its last row.
    gradient[:, :, :1] += across(g[:, :, :1], "bottom")
    gradient[:, :, -1:] += across(g[:, :, -1:], "top")
    gradient[:, :, :, :1] += down(g[:, :, :, :1], "right")
    gradient[:, :, :, -1:] += down(g[:, :, :, -1:], "left")


def conv3x3_relu(x: torch.Tensor, kernel: Kernel, padding: str) -> torch.Tensor:
    """Return relu(conv(x) + bias), x (N, I, h, w) padded with `zeros` or by `replicate`."""
    choice = choose(x, kernel)
    x = x.contiguous(memory_format=choice.memory_format)
    y: torch.Tensor = _Conv3x3Relu.apply(x, kernel, choice, padding == "replicate")
    return y


class _MaxPool(torch.autograd.Function):
    """2x2 max pooling; among equal values the first, row by row, gets the gradient.

    With channels first PyTorch's own pooling is several times slower than this one, which takes the
    maximum of pairs of columns, then of pairs of rows. An odd last one is kept.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        rows = _larger(x, 3)
        ctx.save_for_backward(x, rows)
        return _larger(rows, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        x, rows = ctx.saved_tensors
        return _to_the_larger(_to_the_larger(gradients[0], rows, 2), x, 3)


def _pairs(x: torch.Tensor, dim: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the first and second of each pair of rows or columns, and the odd last one if any."""
    index = (slice(None),) * dim
    even = x.shape[dim] // 2 * 2
    return (
        x[(*index, slice(0, even, 2))],
        x[(*index, slice(1, even, 2))],
        x[(*index, slice(even, None))],
    )


def _larger(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the maximum of pairs of rows (`dim` 2) or columns (3), and the odd last one."""
    first, second, last = _pairs(x, dim)
    sides = list(x.shape)
    sides[dim] = first.shape[dim] + last.shape[dim]
    y = x.new_empty(sides)
    torch.maximum(first, second, out=y.narrow(dim, 0, first.shape[dim]))
    y.narrow(dim, first.shape[dim], last.shape[dim]).copy_(last)
    return y


def _to_the_larger(g: torch.Tensor, x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the gradient of x, given that of `_larger(x, dim)`."""
    gradient = torch.empty_like(x)
    (first, second, _), (ahead, behind, last) = _pairs(x, dim), _pairs(gradient, dim)
    of_pairs = g.narrow(dim, 0, first.shape[dim])
    torch.mul(of_pairs, first >= second, out=ahead)
    torch.sub(of_pairs, ahead, out=behind)
    last.copy_(g.narrow(dim, first.shape[dim], last.shape[dim]))
    return gradient


def pool2x2(x: torch.Tensor, kind: str, edge: str) -> torch.Tensor:
    """Pool features (N, C, h, w) by `max` or `average`; see `backend.pool2x2`."""
    whole = edge == "same"
    cut = not whole and (x.shape[2] % 2 or x.shape[3] % 2)
    if kind == "average":
        return functional.avg_pool2d(x, 2, ceil_mode=whole, count_include_pad=False)
    if memory_format(x) == NHWC or cut:
        return functional.max_pool2d(x, 2, ceil_mode=whole)
    y: torch.Tensor = _MaxPool.apply(x)
    return y


class _Gram(torch.autograd.Function):
    """Return features unchanged, and their Gram matrix.

    The backward pass adds the gradients of both with one product and one sum.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(x)
        ctx.set_materialize_grads(False)
        return x.detach(), gram(x)  # not x itself: PyTorch would return a view with other strides

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        (x,) = ctx.saved_tensors
        through, g = gradients
        if g is None:
            return through
        mixed = mix(x, g + g.t())
        return mixed if through is None else mixed.add_(through)


def gram_each(x: torch.Tensor) -> torch.Tensor:
    """Return the Gram matrix of each of the features (N, C, h, w): (N, C, C), float32."""
    columns = x.flatten(2)
    return torch.bmm(columns, columns.transpose(1, 2)).float()


def with_gram(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features (N, C, h, w) and their Gram matrix (C, C), float32."""
    if not x.is_contiguous() or len(x) > 1:  # channels last joins all positions in one axis
        x = x.contiguous(memory_format=NHWC)
    y, second = _Gram.apply(x)
    return y, second
