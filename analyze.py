"""Compare trained models: every number, every picture, a report, and a page to play with."""

from pathlib import Path

from npvae.cli import OneLineParser, run_program, whole


def main() -> None:
    """Read the options and write the report."""
    parser = OneLineParser(description=__doc__)
    add = parser.add_argument
    add("--kl", type=Path, default=Path("runs/kl"), metavar="DIR", help="the KL run (runs/kl)")
    add("--ws", type=Path, default=Path("runs/ws"), metavar="DIR", help="the WS run (runs/ws)")
    sw = "a run with --distance sliced, compared too if it is there (runs/sw)"
    add("--sw", type=Path, default=Path("runs/sw"), metavar="DIR", help=sw)
    ae = "a run with --beta 0, a plain autoencoder, compared too if it is there (runs/ae)"
    add("--ae", type=Path, default=Path("runs/ae"), metavar="DIR", help=ae)
    add("--out", type=Path, default=Path("report"), metavar="DIR", help="where it goes (report)")
    add("--data-dir", type=Path, metavar="DIR", help="your own IDX files or .npz instead of MNIST")
    add("--threads", type=whole(1, 4096), metavar="N", help="CPU cores to use; changes no result")
    add(
        "--study",
        action="store_true",
        help="train what is missing of the study (other weights, 35 and 140 epochs), and show it",
    )
    add(
        "--seeds",
        type=whole(1, 100),
        metavar="N",
        help="train what is missing of N seeds of the given runs, or of the study (there 5)",
    )
    add(
        "--as-it-is",
        action="store_true",
        help="train nothing: show the trainings that are finished, and say how many are missing",
    )
    add(
        "--dask",
        metavar="ADDRESS",
        help="train on the Dask cluster of this scheduler, such as tcp://HOST:8786",
    )
    arguments = parser.parse_args()
    if arguments.seeds is None:
        arguments.seeds = 5 if arguments.study else 1
    from npvae.report.analyse import analyse

    analyse(arguments)


if __name__ == "__main__":
    run_program(main)
