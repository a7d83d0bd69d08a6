"""Settings that make a run cheap: the first two blocks of VGG19, a fifth of its arithmetic."""

SHALLOW = {
    "style_layers": ("block1_conv1", "block2_conv1"),
    "content_layers": ("block2_conv2",),
}
SHALLOW_OPTIONS = tuple(
    word for name, layers in SHALLOW.items() for word in (f"--{name.replace('_', '-')}", *layers)
)
