"""A typed program, which `make wheel` checks by mypy against the installed package.

python examples/typed.py painted.png [long side]
"""

import sys

import impasto


def repaint(size: int) -> impasto.Result:
    """Repaint one sample painting in the style of another, and say how it goes."""
    settings = impasto.Settings(size=size, quality="draft")

    def show(step: impasto.Step) -> None:
        if step.end_of_round:
            print(f"evaluation {step.iteration} of {step.iterations}: {step.losses['total']:.4f}")

    content, style = impasto.sample_style("woodcut", size), impasto.sample_style("swirls", size)
    return impasto.stylize(content, style, settings=settings, on_step=show)


if __name__ == "__main__":
    repaint(int(sys.argv[2]) if len(sys.argv) > 2 else 256).save(sys.argv[1])
