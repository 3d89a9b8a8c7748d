"""Compare a KL and a WS run: every number, every picture, a report, and a page to play with."""

from pathlib import Path

from npvae.cli import OneLineParser, run_program, whole


def main() -> None:
    """Read the options and write the report."""
    parser = OneLineParser(description=__doc__)
    add = parser.add_argument
    add("--kl", type=Path, default=Path("runs/kl"), metavar="DIR", help="the KL run (runs/kl)")
    add("--ws", type=Path, default=Path("runs/ws"), metavar="DIR", help="the WS run (runs/ws)")
    ae = "a run with --beta 0, a plain autoencoder, compared too if it is there (runs/ae)"
    add("--ae", type=Path, default=Path("runs/ae"), metavar="DIR", help=ae)
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
        help="train what is missing of N seeds for each training below and for both models",
    )
    yes = {"action": "store_true"}
    add("--budgets", help="train also two and four times as long; KL and WS until settled", **yes)
    add("--controls", help="train also a plain autoencoder, and both models with sigma held", **yes)
    add("--sweep", help="train also other regularisation weights and draw the trade-off", **yes)
    add(
        "--dask",
        metavar="ADDRESS",
        help="train on the Dask cluster of this scheduler, tcp://HOST:PORT; local: on this machine",
    )
    arguments = parser.parse_args()
    from npvae.report.analyse import analyse

    analyse(arguments)


if __name__ == "__main__":
    run_program(main)
