"""The tour runs, prints the numbers that its page shows, and keeps its outputs small and clean.

After a change, `python tests/docs/test_tour.py` runs it in Jupyter and keeps the new outputs.
"""

import io
import json
import os
import re
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "course" / "tour.ipynb"
CELLS = json.loads(TOUR.read_text("utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
DECIMAL = re.compile(r"-?\d+\.\d+")
# Training amplifies what a processor rounds differently. Weights that start with the last bit
# changed at random move the numbers by up to 2 %, and sigma, which has three decimals, by 0.001.
RELATIVE, ABSOLUTE = 0.05, 0.003


def test_the_tour_prints_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    names, numbers = {}, 0
    for cell in CODE:
        source = re.sub(r"^( *)%.*", r"\1pass", "".join(cell["source"]), flags=re.MULTILINE)
        with redirect_stdout(io.StringIO()) as screen:
            exec(source, names)
        if cell["source"][0].startswith("%%capture"):
            continue
        texts = [t for o in cell["outputs"] if o.get("name") == "stdout" for t in o["text"]]
        both = [" ".join(text.split()) for text in (screen.getvalue(), "".join(texts))]
        assert DECIMAL.sub("#", both[0]) == DECIMAL.sub("#", both[1]), cell["id"]
        values, shown = ([float(v) for v in DECIMAL.findall(text)] for text in both)
        assert values == pytest.approx(shown, rel=RELATIVE, abs=ABSOLUTE), cell["id"]
        numbers += len(shown)
    assert numbers > 30


def test_the_page_can_be_read_without_running_it():
    assert TOUR.stat().st_size < 500_000
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    outputs = [output for cell in CODE for output in cell["outputs"]]
    kinds = [output.get("name", output["output_type"]) for output in outputs]
    assert kinds.count("display_data") == 6  # the pictures
    assert set(kinds) == {"display_data", "stdout"}  # no errors
    assert not any(cell["metadata"] for cell in CELLS)  # no times


if __name__ == "__main__":
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(TOUR, as_version=4)
    metadata = notebook.metadata.copy()
    with tempfile.TemporaryDirectory() as folder:  # all files go there
        os.environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder) | {"PYTHONPATH": str(ROOT)}
        os.environ["PYTHONWARNINGS"] = "ignore:IProgress"  # tqdm wishes for Jupyter's widgets
        place = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=300, record_timing=False, resources=place).execute()
    notebook.metadata = metadata  # without the versions of this machine
    nbformat.write(notebook, TOUR)
