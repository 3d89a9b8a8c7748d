"""Points of a trade-off, made by hand."""

from npvae.evaluation.sweep import SweepPoint


def point(run, weight, sse_z, frechet, is_reference=False):
    return SweepPoint(
        run=run,
        weight=weight,
        sse_mu=sse_z - 1,
        sse_z=sse_z,
        distance=1 / (8 * weight),
        frechet=frechet,
        is_reference=is_reference,
    )


POINTS = [
    point("kl", 0.1, 10, 50), point("kl", 1, 14, 26, True), point("kl", 8, 30, 40),
    point("ws", 0.2, 10, 60, True), point("ws", 2, 12, 35),
]  # fmt: skip
