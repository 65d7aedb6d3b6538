"""What does a population look like of which everything is known? Generated people with a bias that we planted.

Because the skew of the label, the proxies and the true suitability are known, a test can say what an audit must find
and what it must not. The idea of known ground truth is that of simulation studies in statistics; the planted kinds are
those of the literature on selection (skewed label, proxies, group differences in features). These worlds are simpler
than any market, and show nothing about real people. Everything is drawn from the generator that the caller gives.
"""

from ._consents import ConsentRecords, ConsentShares, consent_records
from ._hiring import HiringBias, HiringTruth, Population, hiring
from ._mailing import Mailing, mailing
from ._shoppers import Coded, Shoppers, shoppers

__all__ = [
    "Coded",
    "ConsentRecords",
    "ConsentShares",
    "HiringBias",
    "HiringTruth",
    "Mailing",
    "Population",
    "Shoppers",
    "consent_records",
    "hiring",
    "mailing",
    "shoppers",
]
