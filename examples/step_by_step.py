"""Watch a picture come into being, and stop when it no longer changes much.

python examples/step_by_step.py painted.png [long side]
"""

import sys

import skimage.data

import impasto

output = sys.argv[1]
size = int(sys.argv[2]) if len(sys.argv) > 2 else 256

settings = impasto.Settings(size=size, scales=1, iterations=100)
paint = impasto.make_stylizer(impasto.sample_style("mosaic", size), settings)
before = float("inf")
for step in paint(skimage.data.coffee()):
    loss = step.losses["total"]
    if step.iteration % 10 == 0:
        print(f"evaluation {step.iteration}: loss {loss:.4f}")
        if loss > 0.97 * before:
            break
        before = loss
impasto.write_image(output, step.image)
