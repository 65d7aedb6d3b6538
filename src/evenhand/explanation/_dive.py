"""The bins of one set of features, depth first, with bounds that are exact for what is still open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ._best import Best
from ._board import FAR
from ._bounds import SLACK
from ._look import Known, Look, Option, Try, Way

__all__ = ["Dive", "TwoHeads"]


_NOTHING: list[Way] = [(0, 0, 0)]


class _Branch(ABC):
    """Depth first over the bins of one set of features; of the last ones the cheapest bins that push far enough."""

    def __init__(self, look: Look, asked: Try, terms: tuple[int, ...], best: Best) -> None:
        self.look, self.asked, self.terms, self.best = look, asked, terms, best
        self.weighed = look.weighed

    def _order(self, order: Sequence[int], free: int) -> None:
        """Go through the features in this order; those from `free` on have no joint effects among each other."""
        self.order, self._last, self._end_at = order, len(order) - 1, max(free, len(order) - 2)
        self.at = {place: depth for depth, place in enumerate(order)}
        self.own = [self.weighed.board.terms[place] for place in order]
        self.picked = [0] * len(order)

    @abstractmethod
    def _known(self, depth: int) -> Known:
        """What a feature has joint effects with and was picked before."""

    def _ways(self, depth: int) -> list[Way]:
        """The bins of a feature, by cost."""
        return self.look.ways(self.order[depth], self._known(depth))

    def _band(self, message: int, depth: int) -> int:
        return int(self.weighed.board.hub_bands[message, self.picked[depth]])

    def _dearest(self) -> float:
        """What a change of these features may cost and be better, or as good and not yet seen."""
        best = self.best
        return FAR if best.changes is None else best.cost - (self.terms > best.terms)

    def by_cost(self, depth: int, room: float, cost: float, floors: Sequence[float]) -> None:
        """Try the bins of the feature at this depth, cheapest first.

        Args:
            depth: how many are picked already.
            room: how much farther the rest can push than what is needed.
            cost: what those picked cost.
            floors: of each depth what it and the later ones cost at least.
        """
        if depth >= self._end_at:
            self._end(depth, room, cost)
            return
        dearest = self._dearest() - cost
        for dear, lost, code in self._ways(depth):
            if dear + floors[depth + 1] > dearest:
                break
            self.best.tried()
            if lost <= room:
                self.picked[depth] = code
                self.by_cost(depth + 1, room - lost, cost + dear, floors)
                dearest = self._dearest() - cost

    def _end(self, depth: int, room: float, cost: float) -> None:
        """The cheapest bins of the last one or two features that leave the score in reach."""
        ways = self._ways(self._last)
        before = self._ways(depth) if depth < self._last else _NOTHING
        dearest, tried = self._dearest() - cost, 0
        for first, lost, code in before:
            if first + ways[0][0] > dearest:
                break
            left = room - lost
            for last, off, other in ways:
                if first + last > dearest:
                    break
                tried += 1
                if off <= left:
                    self.picked[depth] = code
                    self.picked[-1] = other
                    self._offer(cost + first + last)
                    dearest = self._dearest() - cost
                    break
        self.best.tried(tried)

    def _offer(self, cost: float) -> None:
        self.best.offer(int(cost), tuple(sorted(zip(self.own, self.picked, strict=True))))


class Dive(_Branch):
    """The bins of a set: hubs before their leaves, and then those without joint effects."""

    def __init__(self, look: Look, asked: Try, terms: tuple[int, ...], best: Best) -> None:
        super().__init__(look, asked, terms, best)
        board = self.weighed.board
        stars, loose = look.sets.joint[asked.at]
        self._star = {board.stars[s].hub: s for s in stars}
        self._leaf = {
            place: (star.hub, 2 * pair + second)
            for star in map(board.stars.__getitem__, stars)
            for place, pair, second in star.leaves
        }
        order = [*self._star, *self._leaf]
        order += sorted(set(look.sets.places[asked.at]).difference(order), key=board.by_size)
        self._order(order, len(order) if loose else len(stars))
        self._closing: list[list[int]] = [[] for _ in order]
        for pair in loose:
            self._closing[max(self.at[place] for place in board.ends[:, pair].tolist())].append(pair)

    def go(self) -> None:
        """Try the bins of all features."""
        asked = self.asked
        if asked.rate >= 0:
            self._worth = float(self.weighed.near.rate[asked.rate])
            self._by_worth(0, 0.0, asked.room, 0)
            return
        floors = [0.0]
        for place in reversed(self.order):
            floors.append(floors[-1] + asked.floors[place])
        self.by_cost(0, asked.room, 0, floors[::-1])

    def _by_worth(self, depth: int, added: float, room: float, cost: int) -> None:
        """Try the bins of the feature at this depth, each by what it adds to the least cost.

        Args:
            depth: how many are picked already.
            added: what they add to the least cost.
            room: how much farther the rest can push than what is needed.
            cost: what they cost.
        """
        if depth >= self._end_at:
            self._end(depth, room, cost)
            return
        best, closing = self.best, self._closing[depth]
        spare = self._spare()
        for more, lost, dear, code in self._options(depth):
            if added + more > spare:
                break
            best.tried()
            if lost > room:
                continue
            self.picked[depth] = code
            now, still = added + more, room - lost
            if closing:
                off = self._off(closing)
                now, still = now + self._worth * off, still - off
                if now > spare or still < 0:
                    continue
            if depth < self._last:
                self._by_worth(depth + 1, now, still, cost + dear)
                spare = self._spare()
            elif cost + dear <= self._dearest():
                self._offer(cost + dear)
                spare = self._spare()

    def _spare(self) -> float:
        """What a change of these features may add to the least cost and be better, or as good and not yet seen."""
        return self._dearest() + SLACK - self.asked.bound

    def _off(self, closing: Sequence[int]) -> int:
        """By how much the joint effects that are settled now push less than they might have."""
        board, standing, off = self.weighed.board, self.weighed.standing, 0
        for pair in closing:
            one, other = (self.picked[self.at[place]] for place in board.ends[:, pair].tolist())
            bands = board.bands[pair]
            off += int(standing.extra[pair] - standing.together[2 * pair + 1, bands[0][one], bands[1][other]])
        return off

    def _known(self, depth: int) -> Known:
        leaf = self._leaf.get(self.order[depth])
        return () if leaf is None else ((leaf[1], self._band(leaf[1], self.at[leaf[0]])),)

    def _ways(self, depth: int) -> list[Way]:
        star = self._star.get(self.order[depth])
        return super()._ways(depth) if star is None else self.look.hub_ways(star)

    def _options(self, depth: int) -> list[Option]:
        star, rate = self._star.get(self.order[depth]), self.asked.rate
        if star is None:
            return self.look.options(self.order[depth], rate, self._known(depth))
        return self.look.hub_options(star, rate)


class TwoHeads(_Branch):
    """The bins of a set whose joint effects form a ring or a path: those of both heads first."""

    def __init__(self, look: Look, asked: Try, terms: tuple[int, ...], best: Best) -> None:
        super().__init__(look, asked, terms, best)
        heads, others = look.sets.heads[asked.at]
        self._beside = dict(heads.beside)
        alone = sorted(others, key=self.weighed.board.by_size)
        self._order([heads.one, heads.other, *self._beside, *alone], 2)

    def go(self) -> None:
        """Try the bins of both heads, in the order of what they lead to at least, and with each those of the others."""
        for bound, spent, room, *codes in self.asked.heads:
            if bound > self._dearest():
                break
            self.best.tried()
            self.picked[:2] = codes
            if self._last > 1:
                self.by_cost(2, room, spent, (0.0,) * len(self.order))
            else:
                self._offer(spent)

    def _known(self, depth: int) -> Known:
        beside = self._beside.get(self.order[depth], ())
        return tuple([(message, self._band(message, head)) for head, message in beside])
