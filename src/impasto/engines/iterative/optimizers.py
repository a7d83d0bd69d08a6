"""The optimizers by name."""

from __future__ import annotations

from .adam import adam_check, adam_init, adam_step
from .lbfgs import lbfgs_check, lbfgs_init, lbfgs_step
from .points import Optimizer
from .scipy_lbfgs import scipy_init, scipy_step

OPTIMIZERS: dict[str, Optimizer] = {
    "lbfgs": Optimizer(lbfgs_init, lbfgs_step, lbfgs_check),
    "adam": Optimizer(adam_init, adam_step, adam_check),
    "scipy": Optimizer(scipy_init, scipy_step, lambda state: bool(state.finished), on_device=False),
}
