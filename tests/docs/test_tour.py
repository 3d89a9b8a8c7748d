"""The tour runs, prints the numbers that its page shows, and keeps its outputs small and clean.

After a change of the notebook, `python tests/docs/test_tour.py` runs it and keeps the new outputs.
"""

import json
import os
import re
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "course" / "tour.ipynb"
CELLS = json.loads(TOUR.read_text("utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
DECIMAL = re.compile(r"-?\d+\.\d+")
# A processor that rounds differently may give other numbers, since training amplifies a difference.
# Weights that start with the last bit changed at random move the numbers by up to 2 %, and sigma,
# which is shown with three decimals, by 0.001. AVX-512, AVX2 and plain code give the same numbers.
RELATIVE, ABSOLUTE = 0.05, 0.003


def run(folder):
    """Run the notebook; all files go to `folder`. Returns it with its new outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(TOUR, as_version=4)
    metadata = notebook.metadata.copy()
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=300, record_timing=False, resources=place)
    quiet = {"PYTHONWARNINGS": "ignore:IProgress"}  # tqdm wishes for Jupyter's widgets
    temporary = {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}
    client.execute(env=os.environ | quiet | {"PYTHONPATH": str(ROOT)} | temporary)
    notebook.metadata = metadata  # without the versions of this machine
    return notebook


def printed(cells):
    """Return the text that each code cell prints, as a list of words."""
    streams = {cell["id"]: cell["outputs"] for cell in cells if cell["cell_type"] == "code"}
    return {
        key: "".join("".join(o["text"]) for o in outputs if o.get("name") == "stdout").split()
        for key, outputs in streams.items()
    }


def test_the_tour_prints_what_the_page_shows(tmp_path):
    for package in ("ipykernel", "nbclient", "nbformat"):
        pytest.importorskip(package)
    kept, new = printed(CELLS), printed(run(tmp_path).cells)
    numbers = 0
    for key, words in kept.items():
        assert [DECIMAL.sub("#", w) for w in new[key]] == [DECIMAL.sub("#", w) for w in words], key
        values = [[float(v) for v in DECIMAL.findall(" ".join(w))] for w in (new[key], words)]
        assert values[0] == pytest.approx(values[1], rel=RELATIVE, abs=ABSOLUTE), key
        numbers += len(values[0])
    assert numbers > 30


def test_the_page_can_be_read_without_running_it():
    assert TOUR.stat().st_size < 500_000
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    kinds = [output["output_type"] for cell in CODE for output in cell["outputs"]]
    assert kinds.count("display_data") == 6  # the pictures
    assert set(kinds) == {"display_data", "stream"}  # no errors
    assert all(o["name"] == "stdout" for cell in CODE for o in cell["outputs"] if "name" in o)
    assert not any(cell["metadata"] for cell in CELLS)  # no times


if __name__ == "__main__":
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(run(folder), TOUR)
