"""The link for questions, at the end of the process that decides: one thread reads, another writes.

Whoever decides never waits for the process that speaks HTTP: answers are left in a queue, and the writing thread takes
all that are there for one frame.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

import msgspec

from evenhand.adapters.asking import Answered, Ask, Decider, FeatureError, Question, SubjectError

from ._faults import fault_in
from ._problems import problem_of
from ._served import ServedCampaign
from ._sockets import Socket, ended
from ._wire import Campaigns, Problem, SentQuestion, Served, Splitter, Told, frame

__all__ = ["QuestionLink", "ServedNow"]

_READ = 1 << 18
_MOST_PLACES = 1_000
_asked = msgspec.msgpack.Decoder(list[SentQuestion]).decode


class ServedNow:
    """What is served now, with a number that grows with each change. From any thread.

    Args:
        campaigns: what is served, by id.
        mark: gives something that is another object when what is served changed.
    """

    def __init__(self, campaigns: Mapping[str, ServedCampaign], mark: Callable[[], object]) -> None:
        self._campaigns, self._mark = campaigns, mark
        self._lock = threading.Lock()
        self._of: object = None
        self._now = Campaigns(0, ())

    def since(self, number: int) -> Campaigns | None:
        """What is served, where that is newer than a number."""
        mark = self._mark()
        if mark is not self._of:
            with self._lock:
                if mark is not self._of:
                    served = tuple(Served.of(self._campaigns[name]) for name in self._campaigns)
                    self._now, self._of = Campaigns(self._now.number + 1, served), mark
        now = self._now
        return now if now.number > number else None


class QuestionLink:
    """Has questions decided that come over a socket, and sends the answers. It ends when the other end closes.

    Args:
        link: the socket.
        decider: decides.
        once: digest of a machine's name and what it sent.
        served: what is served.
        fault: told of an error that is a fault of ours.
    """

    def __init__(
        self,
        link: Socket,
        decider: Decider,
        once: Callable[[str, bytes], bytes],
        served: ServedNow,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._link, self._decider, self._once = link, decider, once
        self._served, self._fault = served, fault
        self._answers: SimpleQueue[tuple[int, Answered | BaseException] | None] = SimpleQueue()
        self._is_over = False
        self._threads = [
            threading.Thread(target=work, name=f"evenhand-{name}", daemon=True)
            for name, work in (("asked", self._read), ("answers", self._write))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both threads."""
        self._is_over = True
        ended(self._link)
        self._answers.put(None)
        for thread in self._threads:
            thread.join()
        self._link.close()

    def _read(self) -> None:
        with self._at_its_end():
            splitter = Splitter()
            while data := self._link.recv(_READ):
                for content in splitter.feed(data):
                    for asked in _asked(content):
                        self._ask(asked)

    @contextmanager
    def _at_its_end(self) -> Iterator[None]:
        """Where one of the threads ends, so does the link: the other process is then started again."""
        try:
            yield
        except OSError:
            pass  # the other end is gone
        except Exception as error:
            self._fault(error)
        finally:
            self._is_over = True
            ended(self._link)
            self._answers.put(None)

    def _ask(self, asked: SentQuestion) -> None:
        number = asked.number

        def done(answer: Answered | BaseException) -> None:
            if not self._is_over:
                self._answers.put((number, answer))

        try:
            self._decider.ask(self._question(asked), done)
        except Exception as error:
            done(error)

    def _question(self, asked: SentQuestion) -> Question:
        asks = asked.asks
        if asked.large:
            asks = _with_large(asks, asked.large)
        if asked.once is None:
            return Question(asked.campaign, asks)
        return Question(asked.campaign, asks, self._digest(asked.once), self._digest(asked.content).hex())

    def _digest(self, told: bytes) -> bytes:
        who, _, what = told.partition(b"\0")
        return self._once(who.decode(), what)

    def _write(self) -> None:
        sent = 0
        with self._at_its_end():
            while (first := self._answers.get()) is not None:
                together = [first]
                with suppress(Empty):
                    while (more := self._answers.get_nowait()) is not None:
                        together.append(more)
                    self._answers.put(None)
                campaigns = self._served.since(sent)
                sent = campaigns.number if campaigns is not None else sent
                told = Told(campaigns, [self._told(number, answer) for number, answer in together])
                self._link.sendall(frame(told))

    def _told(self, number: int, answer: Answered | BaseException) -> tuple[int, Answered | None, Problem | None]:
        if isinstance(answer, Answered):
            return number, answer, None
        if isinstance(answer, FeatureError):
            return number, None, Problem(answer.code, answer.rule, column=answer.column, place=answer.place)
        if isinstance(answer, SubjectError):
            return number, None, Problem(answer.code, answer.rule, places=answer.places[:_MOST_PLACES])
        problem = problem_of(answer)
        if (fault := fault_in(answer, problem)) is not None:
            self._fault(fault)
        return number, None, Problem.of(problem)


def _with_large(asks: tuple[Ask, ...], large: tuple[tuple[int, str, str], ...]) -> tuple[Ask, ...]:
    """People with the numbers that no frame holds."""
    out = list(asks)
    for place, column, digits in large:
        one = out[place]
        out[place] = msgspec.structs.replace(one, features={**(one.features or {}), column: int(digits, 16)})
    return tuple(out)
