"""The bins of one set of features, depth first, with bounds that are exact for what is still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ._best import Best
from ._board import FAR, Heads
from ._bounds import SLACK, Bounds, Look, Option

__all__ = ["Dive", "TwoHeads"]


class Dive:
    """Depth first over the bins of one set of features: hubs before their leaves, each by what it adds."""

    def __init__(self, look: Look, at: int, rate: int, bound: float, terms: tuple[int, ...], best: Best) -> None:
        self.weighed, self.best, self.bound, self.terms, self.rate = look.weighed, best, bound, terms, rate
        self.worth = float(self.weighed.near.rate[rate])
        self.ends: list[list[int]] = self.weighed.board.ends.T.tolist()
        places, (stars, loose) = look.sets.places[at], look.sets.joint[at]
        lists: dict[int, list[Option] | None] = {}
        self.leaf: dict[int, tuple[int, int, int]] = {}
        for s in stars:
            star = look.sets.stars[s]
            lists[star.hub] = self._kept(
                (len(places), rate, s, 0), star.hub, look.near[rate, look.place[s]], look.far[0, s]
            )
            for place, pair, second in star.leaves:
                lists[place], self.leaf[place] = None, (star.hub, pair, second)
        for place in places:
            if place not in lists:
                lists[place] = self._alone(place)
        self._order(lists)
        for pair in loose:
            self.closing[max(self.at[place] for place in self.ends[pair])].append(pair)

    def _order(self, lists: Mapping[int, list[Option] | None]) -> None:
        """Go through the features in this order."""
        self.order, self.lists = list(lists), list(lists.values())
        self.at = {place: depth for depth, place in enumerate(self.order)}
        self.own = [self.weighed.board.terms[place] for place in self.order]
        self.picked = [0] * len(lists)
        self.closing: list[list[int]] = [[] for _ in lists]

    def _kept(
        self, key: tuple[int, ...], place: int, near: NDArray[np.float64], far: NDArray[np.float64]
    ) -> list[Option]:
        return self.weighed.options.get(key) or self.weighed.sorted(key, place, near, far)

    def _alone(self, place: int) -> list[Option]:
        """The bins of a feature without joint effects in this set."""
        near, far = self.weighed.near.less[self.rate, place], self.weighed.far.less[0, place]
        return self._kept((self.rate, place), place, near, far)

    def _of_leaf(self, depth: int) -> list[Option]:
        """The bins of a leaf, now that the hub's bin is known."""
        place = self.order[depth]
        hub, pair, second = self.leaf[place]
        return self._beside(place, ((pair, second, self.picked[self.at[hub]]),))

    def _beside(self, place: int, known: tuple[tuple[int, int, int], ...]) -> list[Option]:
        """The bins of a feature, with the bins of others known: (pair, whether the other is its second, bin)."""
        board, together = self.weighed.board, self.weighed.standing.together
        joint = [(pair, second, board.bands[pair][second][code]) for pair, second, code in known]
        key = (self.rate, place, *(value for one in joint for value in one))
        found = self.weighed.options.get(key)
        if found is None:
            push = np.zeros(board.width, np.int64)
            for pair, second, band in joint:
                square = together[pair]
                push += (square[:, band] if second else square[band])[board.band_of[1 - second, pair]]
            near = self.weighed.near.less[self.rate, place] - self.worth * push
            far = self.weighed.far.less[0, place] - push
            found = self.weighed.sorted(key, place, near, far)
        return found

    def _spare(self) -> float:
        """What a change of these features may add to the least cost and be better, or as good and not yet seen."""
        best = self.best
        if best.changes is None:
            return FAR
        return best.cost - (self.terms > best.terms) + SLACK - self.bound

    def go(self, depth: int, added: float, room: int, cost: int) -> None:
        """Try the bins of the feature at this depth.

        Args:
            depth: how many are picked already.
            added: what they add to the least cost.
            room: how much farther the rest can push than what is needed.
            cost: what they cost.
        """
        best, picked, closing = self.best, self.picked, self.closing[depth]
        is_last = depth + 1 == len(picked)
        options = self.lists[depth]
        spare = self._spare()
        for more, lost, dear, code in self._of_leaf(depth) if options is None else options:
            if added + more > spare:
                break
            best.tried()
            if lost > room:
                continue
            picked[depth] = code
            now, still = added + more, room - lost
            if closing:
                off = self._off(closing)
                now, still = now + self.worth * off, still - off
                if now > spare or still < 0:
                    continue
            if not is_last:
                self.go(depth + 1, now, still, cost + dear)
                spare = self._spare()
            elif cost + dear <= spare + self.bound:
                self._offer(cost + dear)
                spare = self._spare()

    def _offer(self, cost: int) -> None:
        self.best.offer(cost, tuple(sorted(zip(self.own, self.picked, strict=True))))

    def _off(self, closing: Sequence[int]) -> int:
        """By how much the joint effects that are settled now push less than they might have."""
        board, standing, off = self.weighed.board, self.weighed.standing, 0
        for pair in closing:
            one, other = (self.picked[self.at[place]] for place in self.ends[pair])
            bands = board.bands[pair]
            off += int(standing.extra[pair] - standing.together[pair, bands[0][one], bands[1][other]])
        return off


class TwoHeads(Dive):
    """The same where joint effects form a ring or a path: the bins of two features are known together, all at once, so
    that the others do not matter to each other."""

    def __init__(self, look: Look, heads: Heads, at: int, rate: int, terms: tuple[int, ...], best: Best) -> None:
        self.weighed, self.best, self.terms, self.rate = look.weighed, best, terms, rate
        self.worth, self.bound, self.heads = float(self.weighed.near.rate[rate]), 0.0, heads
        places = [place for place in look.sets.places[at] if place not in (heads.one, heads.other)]
        others = {place: None if place in heads.beside else self._alone(place) for place in places}
        self._order({heads.one: None, heads.other: None, **others})

    def go_all(self) -> None:
        """Try the bins of the two heads, in the order of what they must lead to, and below each those of the others."""
        need, cost, heads = self.weighed.need, self.weighed.standing.cost, self.heads
        far = self._total(self.weighed.far, 0) + need
        reach = far < 0.5
        if not reach.any():
            return
        near = self._total(self.weighed.near, self.rate) + self.worth * need
        one, other = np.nonzero(reach & (near <= min(self._spare(), FAR / 2)))
        order = near[one, other].argsort(kind="stable")
        one, other = one[order], other[order]
        dear = (cost[heads.one, one] + cost[heads.other, other]).astype(np.int64)
        columns = (one, other, near[one, other], np.rint(-far[one, other]).astype(np.int64), dear)
        for first, second, bound, room, spent in zip(*(column.tolist() for column in columns), strict=True):
            self.bound = bound
            if self._spare() < 0:
                break
            self.best.tried()
            self.picked[:2] = first, second
            if len(self.picked) > 2:
                self.go(2, 0.0, room, spent)
            elif spent <= self._spare() + bound:
                self._offer(spent)

    def _total(self, bounds: Bounds, rate: int) -> NDArray[np.float64]:
        """float64[bins, bins]: of the bins of both heads the cost less worth, with the least of all others."""
        heads = self.heads
        key: tuple[object, ...] = (rate, heads.one, heads.other)
        total = bounds.kept.get(key)
        if total is None:
            total = bounds.kept[key] = self._of_heads(bounds, rate)
        for place in self.order[2:]:
            beside = heads.beside.get(place)
            if beside is None:
                total = total + bounds.least[rate, place]
                continue
            key = (rate, place, beside)
            part = bounds.kept.get(key)
            if part is None:
                part = bounds.kept[key] = self._of_other(bounds, rate, place, beside)
            total = total + part
        return total

    def _of_heads(self, bounds: Bounds, rate: int) -> NDArray[np.float64]:
        """Of the bins of both heads the cost less worth."""
        board, heads = self.weighed.board, self.heads
        total = bounds.less[rate, heads.one][:, None] + bounds.less[rate, heads.other]
        for pair in heads.between:
            first, second = board.band_of[:, pair]
            joint = self.weighed.standing.together[pair][first[:, None], second]
            total -= bounds.rate[rate] * (joint if self._ends_of(pair)[0] == heads.one else joint.T)
        return np.asarray(total)

    def _of_other(
        self, bounds: Bounds, rate: int, place: int, beside: tuple[tuple[int, int, int], ...]
    ) -> NDArray[np.float64]:
        """The least cost less worth of a feature that has joint effects with one of the heads, or with both."""
        board, together = self.weighed.board, self.weighed.standing.together
        if len(beside) == 1:
            head, pair, second = beside[0]
            told = bounds.messages[rate, 2 * pair + second] + bounds.least[rate, place]
            return np.asarray(told if head else told[:, None])
        rows = [
            bounds.rate[rate] * (together[pair].T if second else together[pair])[:, board.band_of[1 - second, pair]]
            for _, pair, second in beside
        ]
        least = (bounds.less[rate, place] - rows[0][:, None] - rows[1]).min(axis=2)
        bands = [board.band_of[second, pair] for _, pair, second in beside]
        return np.asarray(least[bands[0][:, None], bands[1]])

    def _ends_of(self, pair: int) -> list[int]:
        """Both features of a pair, as places on the board."""
        found: list[int] = self.weighed.board.ends[:, pair].tolist()
        return found

    def _of_leaf(self, depth: int) -> list[Option]:
        place = self.order[depth]
        known = tuple((pair, second, self.picked[head]) for head, pair, second in self.heads.beside[place])
        return self._beside(place, known)
