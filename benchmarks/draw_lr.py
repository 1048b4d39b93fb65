"""Draws the learning rate of the recipe av_cpnet as it is set step by step, for the documentation.

    python benchmarks/draw_lr.py --out docs/images/av_cpnet_lr.png

Every point comes from the function that the trainer itself calls. Beside it ours, that of av_cpnet_robust, and what the
release's training loop makes of its curve: it asks for the last epoch every time. Seconds; no data.
"""

import argparse
from pathlib import Path

from emolens.drawing.style import FAINT, INK, LINE, POLARITY_COLOURS, new_figure, plain_axes, save_figure, write
from emolens.recipes.av_cpnet import av_cpnet
from emolens.recipes.av_cpnet_robust import av_cpnet_robust
from emolens.training.optim import learning_rate

STEPS_PER_EPOCH = 612  # 70% of the 27,996 clips of eMotions, 32 a step


def short(rate: float) -> str:
    """Two digits and the power of ten, as papers write it."""
    digits, _, power = f"{rate:.1e}".partition("e")
    return f"{digits}e{int(power)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images/av_cpnet_lr.png"))
    out = parser.parse_args().out
    config = av_cpnet()
    epochs, curve, ours = config.trainer.epochs, config.optimizer, av_cpnet_robust().optimizer
    steps = range(epochs * STEPS_PER_EPOCH + 1)
    rates, our_rates = (
        [learning_rate(step, STEPS_PER_EPOCH, epochs, each) for step in steps] for each in (curve, ours)
    )
    least = curve.lr * curve.min_lr_ratio

    figure = new_figure(1100, 620)
    axes = figure.add_axes((0.09, 0.15, 0.87, 0.68))
    plain_axes(axes)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    epoch = [step / STEPS_PER_EPOCH for step in steps]
    axes.plot(epoch, our_rates, color=FAINT, linewidth=1.2)
    axes.plot(epoch, rates, color=POLARITY_COLOURS["negative"], linewidth=2)
    axes.axhline(least, color=POLARITY_COLOURS["positive"], linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_xlim(0, epochs)
    axes.set_ylim(0, curve.lr * 1.05)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-5, -5))
    axes.yaxis.get_offset_text().set(color=FAINT, fontsize=8)
    axes.set_xlabel("epoch", color=FAINT, fontsize=9)
    peak = curve.warmup_epochs
    write(axes, peak + 4.2, curve.lr, f"{short(curve.lr)} after {peak:g} epochs", va="center")
    write(axes, 1.5, curve.lr * 0.18, f"from {short(rates[0])}, by the square", color=POLARITY_COLOURS["negative"])
    write(axes, epochs - 0.2, least * 33, f"{short(rates[-1])} for the last {curve.final_epochs:g} epochs", ha="right")
    write(axes, 14, ours.lr * 0.72, "av_cpnet_robust (ours): linear, from 0", color=FAINT)
    write(axes, 6, least * 2.4, "the release's loop: constant", color=POLARITY_COLOURS["positive"], va="bottom")
    write(figure, 0.03, 0.93, "Learning rate of av_cpnet, set per step", 12, color=INK, fontweight="bold")
    print(save_figure(figure, out))


if __name__ == "__main__":
    main()
