"""A bar on the terminal while Numba compiles kernels, which takes seconds, once for each machine.

Numba tells its listeners when it begins and ends to compile a function. The bar names the kernel
that was called and counts those that are done. When all of them come from the disk it never shows.
"""

import sys

from numba.core.dispatcher import Dispatcher
from numba.core.event import Event, Listener
from tqdm import tqdm


def kernels() -> set[Dispatcher]:
    """Return the compiled functions of all npvae modules that have been imported so far."""
    modules = [module for name, module in sys.modules.items() if name.startswith("npvae.")]
    return {f for module in modules for f in vars(module).values() if isinstance(f, Dispatcher)}


class CompilingBar(Listener):
    """Shows the bar while a kernel is being compiled, if stderr is a terminal.

    A program may need fewer kernels than its modules have; then the bar goes before it is full.
    """

    def __init__(self) -> None:
        self.running: list[Dispatcher] = []  # what a kernel calls is compiled before itself
        self.done: set[Dispatcher] = set()
        self.bar: tqdm | None = None

    def on_start(self, event: Event) -> None:
        """Show the bar, unless this kernel is compiled for another one, which has shown it."""
        kernel = event.data["dispatcher"]
        if not self.running:
            self.bar = tqdm(
                desc=f"compiling {kernel.py_func.__name__}", total=len(kernels()),
                initial=len(self.done), bar_format="{desc}: {n_fmt} of {total_fmt} |{bar}|",
                leave=False, disable=not sys.stderr.isatty(), mininterval=0,
            )  # fmt: skip
        self.running.append(kernel)

    def on_end(self, event: Event) -> None:
        """Count the kernel; take the bar away if no other waits for this one."""
        self.done |= {self.running.pop()} & kernels()  # Numba's own functions do not count
        self.bar.update(len(self.done) - self.bar.n)
        if not self.running:
            self.bar.close()
