"""Compare a KL and a WS run: every number, every picture, a report, and a page to play with."""

from pathlib import Path

from npvae.cli import OneLineParser, run_program, whole


def main() -> None:
    """Read the options and write the report."""
    parser = OneLineParser(description=__doc__)
    add = parser.add_argument
    add("--kl", type=Path, default=Path("runs/kl"), metavar="DIR", help="the KL run (runs/kl)")
    add("--ws", type=Path, default=Path("runs/ws"), metavar="DIR", help="the WS run (runs/ws)")
    add("--out", type=Path, default=Path("report"), metavar="DIR", help="where it goes (report)")
    add("--data-dir", type=Path, metavar="DIR", help="your own IDX files or .npz instead of MNIST")
    add("--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result")
    add(
        "--on-training-images",
        action="store_true",
        help="measure on the first 10,000 training images instead of the test images",
    )
    add(
        "--seeds",
        type=whole(1, 100),
        default=1,
        metavar="N",
        help="train what is missing of N seeds for each model, and give every number an interval",
    )
    add(
        "--sweep",
        action="store_true",
        help="train both models over a range of regularisation weights and draw the trade-off",
    )
    add(
        "--dask",
        metavar="ADDRESS",
        help="train on the Dask cluster of this scheduler, tcp://HOST:PORT; local: on this machine",
    )
    arguments = parser.parse_args()
    from npvae.report.analyse import Request, analyse

    analyse(Request(**vars(arguments)))


if __name__ == "__main__":
    run_program(main)
