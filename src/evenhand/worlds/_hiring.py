"""Applicants for a job, with a hiring history that is skewed by a known amount."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["HiringBias", "HiringTruth", "Population", "hiring"]

Values = NDArray[np.float64] | NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class HiringBias:
    """What is planted. With ``HiringBias.none()`` nothing is, and an audit should find nothing.

    Attributes:
        label_odds: odds that a woman was hired over the odds of an equally suitable man; 1 = no skew.
        career_break_odds: odds that a woman has a career break over the odds that a man has one; likewise below.
        part_time_hours: how many hours a week less a woman worked on average, outside of her control.
        club_odds: odds that a woman is a member of the club that recruiters like, over a man's odds.
        club_bonus: what recruiters added for the club, in logits of being hired; suitability does not depend on it.
        break_penalty: what recruiters took off for a career break, in logits; suitability does not depend on it.
        lost_years: years of experience that a career break takes off the record on average. The person can still do
            what they could, so experience on record says something about suitability *and* leans on gender.
    """

    label_odds: float = 0.45
    career_break_odds: float = 5.0
    part_time_hours: float = 8.0
    club_odds: float = 0.25
    club_bonus: float = 0.7
    break_penalty: float = 0.7
    lost_years: float = 7.0

    @classmethod
    def none(cls) -> HiringBias:
        """Nothing planted: the history and the features do not depend on gender."""
        return cls(1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class HiringTruth:
    """What only the maker of the world knows; no engine is ever given it.

    Attributes:
        suitability: float64[n], logit of doing the job well; the same distribution for every gender.
        suitable: bool[n], whether the person would do the job well, drawn from it.
        fair_hired: bool[n], who would have been hired without the planted skew, by the same draw.
        bias: what was planted.
        proxies: features that carry gender and nothing about suitability, strongest first.
        leaning: features that carry both; leaving them out costs knowledge, keeping them costs reach.
        honest: features that say nothing about gender.
    """

    suitability: NDArray[np.float64]
    suitable: NDArray[np.bool_]
    fair_hired: NDArray[np.bool_]
    bias: HiringBias
    proxies: tuple[str, ...]
    leaning: tuple[str, ...]
    honest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """Columns of equal length, as a table would hold them.

    Attributes:
        columns: raw values by name: float64 (NaN = missing) or text.
        truth: what is known about how they came to be.
    """

    columns: MappingProxyType[str, Values]
    truth: HiringTruth = field(repr=False)

    def __len__(self) -> int:
        """Number of people."""
        return len(self.truth.suitability)


def hiring(
    n: int, rng: np.random.Generator, bias: HiringBias | None = None, *, women: float = 0.45, first: int = 0
) -> Population:
    """Draw `n` people who applied before, what is known about them, and whether they were hired.

    Suitability rests on experience, skills and education, which do not depend on gender. The history does: recruiters
    hired women against odds of ``bias.label_odds``, took off for career breaks and added for a club. And experience on
    record is shorter after a career break.

    Args:
        n: number of people.
        rng: where all draws come from; the same state gives the same people.
        bias: what is planted.
        women: share of women; one in fifty of the others is recorded without gender.
        first: number in the name of the first applicant, so that two populations share nobody.

    Returns:
        columns ``applicant``, ``gender`` (woman, man, or "" where not known), ``age_group``, ``experience_years``,
        ``skill_test``, ``certificates``, ``education``, ``commute_km``, ``career_break``, ``weekly_hours``, ``club``,
        ``hired``; and the truth.

    >>> people = hiring(2_000, np.random.default_rng(7))
    >>> woman = people.columns["gender"] == "woman"
    >>> hired = people.columns["hired"] == 1
    >>> bool(hired[woman].mean() < 0.7 * hired[~woman].mean())
    True
    >>> bool(abs(people.truth.suitable[woman].mean() - people.truth.suitable[~woman].mean()) < 0.05)
    True
    """
    planted = bias or HiringBias()
    woman = rng.random(n) < women
    age = rng.choice(np.array(["18-29", "30-44", "45-59", "60+"]), size=n, p=[0.30, 0.40, 0.25, 0.05])
    experience = np.minimum(rng.gamma(3.0, 3.0, n), 40.0)
    skill = np.clip(rng.normal(60.0, 15.0, n), 0.0, 100.0).round()
    certificates = rng.poisson(1.2, n).astype(np.float64)
    levels = np.array(["secondary", "vocational", "bachelor", "master"])
    level = rng.choice(4, size=n, p=[0.2, 0.35, 0.3, 0.15])
    suitability = (
        -1.1 + 0.055 * (skill - 60.0) + 0.10 * (experience - 9.0) + 0.30 * (certificates - 1.2) + 0.30 * (level - 1.4)
    )
    draw = rng.random(n)

    career_break = rng.random(n) < _after_odds(0.12, planted.career_break_odds, woman)
    hours = np.clip(rng.normal(36.0, 5.0, n) - planted.part_time_hours * woman, 8.0, 48.0).round()
    club = rng.random(n) < _after_odds(0.35, planted.club_odds, woman)
    lost = rng.gamma(2.0, planted.lost_years / 2.0, n) * career_break
    judged = (
        suitability
        + np.log(planted.label_odds) * woman
        + planted.club_bonus * (club - 0.35)
        - planted.break_penalty * (career_break - 0.12)
    )
    gender = np.where(woman, "woman", "man")
    gender[rng.random(n) < 0.02] = ""
    columns: dict[str, Values] = {
        "applicant": np.char.add("a", np.arange(first, first + n).astype(str)),
        "gender": gender,
        "age_group": age,
        "experience_years": np.maximum(experience - lost, 0.0).round(1),
        "skill_test": skill,
        "certificates": certificates,
        "education": levels[level],
        "commute_km": rng.gamma(2.0, 8.0, n).round(1),
        "career_break": np.where(career_break, "yes", "no"),
        "weekly_hours": hours,
        "club": np.where(club, "yes", "no"),
        "hired": (draw < _probability(judged)).astype(np.float64),
    }
    truth = HiringTruth(
        suitability=suitability,
        suitable=rng.random(n) < _probability(suitability),
        fair_hired=draw < _probability(suitability),
        bias=planted,
        proxies=("weekly_hours", "career_break", "club"),
        leaning=("experience_years",),
        honest=("skill_test", "certificates", "education", "commute_km"),
    )
    return Population(MappingProxyType(columns), truth)


def _after_odds(share: float, odds_ratio: float, woman: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`share` for men, and the share with `odds_ratio` times those odds for women."""
    odds = share / (1.0 - share) * np.where(woman, odds_ratio, 1.0)
    return odds / (1.0 + odds)


def _probability(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-logit))
