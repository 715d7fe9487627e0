"""Many runs over processes: results come in order, memory stays bounded, a process that dies costs one run."""

import gc
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from simulator.runs.outcome import Outcome
from simulator.runs.work import Manner, Work, broken

CHUNK_RUNS = 8
"""Most runs that a process is given at a time."""

AHEAD_RUNS = 64
"""How far, per process, later runs may be ahead of the one that is due next: bounds what waits for its place."""

GOODBYE_S = 5.0
"""For a process to clean up when it is told to stop."""

RunOne = Callable[[Work, int, Manner], Outcome]
Outcomes = Generator[Outcome, None, None]


def run_many(works: Sequence[Work], manner: Manner, jobs: int, run_it: RunOne) -> Outcomes:
    """The outcome of every run, in the order of `works` and seeds; close it to stop early.

    With one job everything happens in this process. `run_it` must be importable by name in another process.
    """
    chunks = list(_chunks(works, jobs))
    if jobs == 1 or len(chunks) == 1:
        return (run_it(work, seed, manner) for work in works for seed in work.seeds)
    return _Crew(chunks, manner, min(jobs, len(chunks)), run_it).outcomes()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some runs of one script; `first` is the place of the first among all runs."""

    first: int
    work: Work

    def after(self, done: int) -> "_Chunk | None":
        """What is left of it when so many are done."""
        seeds = self.work.seeds[done:]
        left = Work(self.work.script, seeds, self.work.name, self.work.about)
        return _Chunk(self.first + done, left) if seeds else None


def _chunks(works: Sequence[Work], jobs: int) -> Iterator[_Chunk]:
    first = 0
    for work in works:
        size = max(1, min(CHUNK_RUNS, len(work.seeds) // (2 * jobs)))
        for begin in range(0, len(work.seeds), size):
            seeds = work.seeds[begin : begin + size]
            yield _Chunk(first, Work(work.script, seeds, work.name, work.about))
            first += len(seeds)


class _Worker:
    """A process and what it is at."""

    def __init__(self, manner: Manner, run_it: RunOne) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, manner, run_it), daemon=True)
        with _unasked(signal.SIGINT):
            self.process.start()
        theirs.close()
        self.chunk: _Chunk | None = None
        self.done = 0

    def begin(self, chunk: _Chunk) -> None:
        """Give it something to do; one that is dead already is noticed when its answer is awaited."""
        self.chunk, self.done = chunk, 0
        with suppress(OSError):
            self.pipe.send(chunk.work)

    def stop(self) -> None:
        """End it, whatever it does."""
        self.pipe.close()
        self.process.terminate()
        self.process.join(GOODBYE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class _Crew:
    """Processes that share the chunks; what comes too early waits in `_early` for its place."""

    def __init__(self, chunks: Sequence[_Chunk], manner: Manner, jobs: int, run_it: RunOne) -> None:
        self._waiting = deque(chunks)
        self._manner, self._run_it = manner, run_it
        self._ahead = AHEAD_RUNS * jobs
        self._early: dict[int, Outcome] = {}
        self._next = 0
        self._total = chunks[-1].first + len(chunks[-1].work.seeds) if chunks else 0
        self._workers = [_Worker(manner, run_it) for _ in range(jobs)]

    def outcomes(self) -> Outcomes:
        """All outcomes in order."""
        try:
            while self._next < self._total:
                self._hand_out()
                by_pipe = {worker.pipe: worker for worker in self._workers if worker.chunk is not None}
                for ready in wait(list(by_pipe)):
                    assert isinstance(ready, Connection)
                    self._take(by_pipe[ready])
                while self._next in self._early:
                    yield self._early.pop(self._next)
                    self._next += 1
        finally:
            for worker in self._workers:
                worker.process.terminate()  # all at once; then each is waited for
            for worker in self._workers:
                worker.stop()

    def _hand_out(self) -> None:
        for worker in self._workers:
            if worker.chunk is None and self._waiting and self._waiting[0].first < self._next + self._ahead:
                worker.begin(self._waiting.popleft())

    def _take(self, worker: _Worker) -> None:
        chunk = worker.chunk
        assert chunk is not None
        try:
            outcome = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker, chunk)
            return
        self._early[chunk.first + worker.done] = outcome
        worker.done += 1
        if worker.done == len(chunk.work.seeds):
            worker.chunk = None

    def _replace(self, worker: _Worker, chunk: _Chunk) -> None:
        """It died: the run that it was at is broken, a new process goes on with the next."""
        worker.process.join(GOODBYE_S)
        seed = chunk.work.seeds[worker.done]
        what = f"the process that ran it died ({_exit(worker.process.exitcode)})"
        self._early[chunk.first + worker.done] = broken(chunk.work, seed, self._manner, what)
        left = chunk.after(worker.done + 1)
        worker.stop()
        self._workers.remove(worker)
        if left is not None:
            self._waiting.appendleft(left)
        if self._waiting:
            self._workers.append(_Worker(self._manner, self._run_it))


@contextmanager
def _unasked(sign: signal.Signals) -> Iterator[None]:
    """A process started meanwhile never gets `sign`: this one decides what Ctrl-C means."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {sign})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exit(code: int | None) -> str:
    if code is None:
        return "it closed its pipe"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _serve(pipe: "Connection[Any, Any]", manner: Manner, run_it: RunOne) -> None:
    """What a process does: runs what comes, until there is nobody to tell."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # leaves no temporary folder behind
    with suppress(EOFError, OSError):
        while True:
            work: Work = pipe.recv()
            for seed in work.seeds:
                pipe.send(run_it(work, seed, manner))
                if not gc.get_freeze_count():  # what the first run imported and made for all is no garbage
                    gc.collect()
                    gc.freeze()
