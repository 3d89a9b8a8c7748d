"""Each use of random numbers has a stream of its own: no two share a key."""

import ast
from pathlib import Path

import npvae
from npvae.training import streams

NUMBERS = {name: n for name, n in vars(streams).items() if name.isupper() and name != "FIRST"}
OTHER_KEYS = {  # those of the table's head, and two that only choose rows
    "training/run.py": "[options.seed, 0]",
    "training/train.py": "[options.seed, epoch]",
    "models/inference.py": "[seed, 2 ** 31]",
    "data/dataset.py": "SPLIT_SEED",
    "nn/gradcheck.py": "0",
}


def keys():
    """The file and the key of each stream that the rooms of the package make."""
    package = Path(npvae.__file__).parent
    rooms = ["data", "kernels", "nn", "models", "training", "evaluation", "report"]
    for path in [package / "library.py", *(p for r in rooms for p in (package / r).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
                yield path.relative_to(package).as_posix(), ast.unparse(node.args[0])


def test_each_number_of_the_table_is_used_once_and_nothing_else_is():
    others = [(path, key) for path, key in keys() if "streams." not in key]
    assert sorted(others) == sorted(OTHER_KEYS.items())
    used = [key for _, key in keys() if "streams." in key]
    second = [key.strip("[]").split(", ")[1] for key in used]
    assert sorted(second) == sorted(f"streams.{name}" for name in NUMBERS)


def test_no_epoch_has_a_number_of_the_table():
    assert len(set(NUMBERS.values())) == len(NUMBERS)
    # 2^31 itself is the noise of z; above 2^32 a number would fill two words of a key.
    assert all(2**31 < n < 2**32 for n in NUMBERS.values())
