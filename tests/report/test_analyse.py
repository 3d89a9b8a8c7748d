"""The analysis refuses data that it cannot compare models on, before it looks for any run."""

import numpy as np
import pytest

from npvae.errors import UserError
from npvae.report.analyse import Request, analyse


@pytest.mark.parametrize(("training", "test", "too_few"), [(10, 40, "training"), (40, 10, "test")])
def test_comparing_takes_a_few_images_of_either_part(training, test, too_few, tmp_path):
    images = np.random.default_rng(0).random((training + test, 3, 3)).astype(np.float32)
    np.savez(tmp_path / "own.npz", images=images[:training], test_images=images[training:])
    request = Request(
        kl=tmp_path,
        ws=tmp_path,
        out=tmp_path / "report",
        data_dir=tmp_path / "own.npz",
        threads=None,
        on_training_images=False,
        seeds=1,
        sweep=False,
        dask=None,
    )
    with pytest.raises(UserError, match=f"at least 11 {too_few} images, not 10"):
        analyse(request)
    assert not request.out.exists()
