"""A typed program, which `make wheel` checks by mypy against the installed package.

python examples/typed.py photo.jpg painting.jpg
"""

import sys

import impasto


def repaint(photo: str, painting: str, size: int = 256) -> impasto.Result:
    """Repaint a photograph, and say how it goes."""
    settings = impasto.Settings(size=size, quality="draft")

    def show(step: impasto.Step) -> None:
        print(f"evaluation {step.iteration} of {step.iterations}: loss {step.losses['total']:.4f}")

    return impasto.stylize(photo, painting, settings=settings, on_step=show)


if __name__ == "__main__":
    repaint(sys.argv[1], sys.argv[2]).save("typed.png")
