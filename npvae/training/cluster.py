"""Trainings on a Dask cluster: processes of this machine, or of every machine that has joined one.

Dask is optional (`pip install "npvae[dask]"`), and npvae must be installed on all of the machines.
A training runs on one thread, so a worker has one thread.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from npvae.errors import UserError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10  # seconds in which a scheduler must answer, and have a worker
LOSSES = 100  # how often trainings are handed over again because their worker was lost


@contextmanager
def dask_cluster(address: str, most: int) -> Iterator[Callable[[Callable, list], Iterator]]:
    """Connect to a cluster. What is yielded takes a function and its calls' arguments.

    `address` is that of a scheduler, such as tcp://host:8786, or "local" for `most` processes on
    this machine. Raises UserError if the package is not there, no scheduler answers, it has no
    workers or one with several threads, and if the cluster fails while it works.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster
    except ImportError as error:
        raise UserError(
            '--dask: the package distributed is not installed; pip install "npvae[dask]"'
        ) from error
    with ExitStack() as stack:
        stack.enter_context(_silence())
        name = f"--dask {address}"
        if address == "local":
            any_port = "127.0.0.1:0"
            local = LocalCluster(n_workers=most, threads_per_worker=1, dashboard_address=any_port)
            address = stack.enter_context(local).scheduler_address
        _check(name, address)
        try:
            client = stack.enter_context(Client(address, timeout=PATIENCE, set_as_default=False))
            client.run(import_module, "npvae.training.train")  # is npvae there on each of them?
            yield partial(_results, client)
        except (KilledWorker, CancelledError, OSError, ImportError, RuntimeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            if isinstance(error, KilledWorker):
                reason = f"it has lost {LOSSES + 1} trainings; is there too little memory?"
            elif isinstance(error, CancelledError):
                reason = "the connection to its scheduler is lost"
            raise UserError(
                f"{name}: the cluster failed ({reason:.120}); finished epochs are saved, and the"
                " same command goes on from there"
            ) from error


def _results(client: "Client", function: Callable, work: list[tuple]) -> Iterator[object]:
    """Yield function(*arguments) for each of `work` as soon as it is there.

    What a lost worker had is submitted again, whatever the scheduler itself allows for.
    """
    from distributed import KilledWorker, as_completed

    losses = 0
    tasks = {client.submit(function, *arguments, pure=False): arguments for arguments in work}
    finished = as_completed(tasks, loop=client.loop)
    for future in finished:
        if isinstance(future.exception(), KilledWorker) and losses < LOSSES:
            losses += 1
            arguments = tasks.pop(future)
            again = client.submit(function, *arguments, pure=False)
            tasks[again] = arguments
            finished.add(again)
        else:
            yield future.result()


def _check(name: str, address: str) -> None:
    """Raise UserError unless a scheduler answers that has workers of one thread each."""
    try:
        # In a thread of its own: that of a notebook has an event loop already.
        with ThreadPoolExecutor(1) as pool:
            threads = pool.submit(asyncio.run, _threads(address)).result()
    except Exception as error:  # whatever answers there, or does not
        reason = " ".join(str(error).split()) or "no answer"
        raise UserError(
            f"{name}: there is no Dask scheduler ({reason:.120}); start one with `dask scheduler`,"
            " which prints its address"
        ) from error
    if not threads:
        raise UserError(
            f"{name}: no worker has joined the scheduler; start one with"
            f" `dask worker {address} --nthreads 1 --nworkers -1`"
        )
    for worker, count in threads.items():
        if count != 1:
            raise UserError(
                f"{name}: the worker {worker} has {count} threads, and a training uses one; start"
                " workers with --nthreads 1 --nworkers -1"
            )


async def _threads(address: str) -> dict[str, int]:
    """Ask a scheduler for its workers and their threads, for a while if it has none."""
    from distributed.core import rpc

    async with rpc(address, timeout=PATIENCE) as scheduler:
        for _ in range(2 * PATIENCE):
            workers = (await asyncio.wait_for(scheduler.identity(), PATIENCE))["workers"]
            if workers:
                break
            await asyncio.sleep(0.5)
    return {worker: facts["nthreads"] for worker, facts in workers.items()}


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Dask's own messages off the screen; errors are told in one line."""
    names = [n for n in logging.root.manager.loggerDict if n.split(".")[0] == "distributed"]
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
