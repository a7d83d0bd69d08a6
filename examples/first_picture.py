"""Paint a sample photograph after a sample painting, in one call.

python examples/first_picture.py painted.png [long side]
"""

import sys

import skimage.data

import impasto

output = sys.argv[1]
size = int(sys.argv[2]) if len(sys.argv) > 2 else 256

painting = impasto.sample_style("swirls", size)
result = impasto.stylize(skimage.data.chelsea(), painting, size=size)
result.save(output)
print(f"{output}: {result.seconds:.0f} s, loss {result.history[-1]['total']:.4f}")
