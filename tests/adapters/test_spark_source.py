"""A fit whose rows are counted by the partitions of a real Spark."""

from __future__ import annotations

import os
import sys

import numpy as np
import pandas as pd
import pytest

from evenhand import AdditiveClassifier
from evenhand.adapters.data.sources import SparkTable

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spark():
    """A Spark of two threads on this machine."""
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def test_partitions_that_count_give_the_integers_of_memory(spark):
    """Three partitions, or five, with weights: the digest of the fit in memory, and of given bins."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 2000),
            "the.region": rng.choice(["north", "east"], 2000),
            "weight": rng.integers(0, 3, 2000).astype(float),
        }
    )
    table["bought"] = rng.random(2000) < np.where(table["age"] > 50, 0.7, 0.2)
    features = ["age", "the.region"]
    glass = AdditiveClassifier(max_bins=16, pairs=1).fit(table[features], table["bought"], table["weight"])
    expected, binnings = glass.model_.digest, glass.model_.view.binnings
    learned = glass.fit_table(
        SparkTable(spark.createDataFrame(table).repartition(3), rows=700), "bought", columns=features, weight="weight"
    )
    assert learned.model_.digest == expected
    given = glass.fit_table(
        SparkTable(spark.createDataFrame(table).repartition(5)), "bought", columns=features, weight="weight",
        binnings=binnings,
    )  # fmt: skip
    assert given.model_.digest == expected


def test_partitions_know_whose_the_rows_are(spark):
    """People whose rows lie in several partitions: the digest of the fit in memory."""
    rng = np.random.default_rng(1)
    whose = rng.integers(0, 300, 1500)
    table = pd.DataFrame({"age": rng.integers(18, 90, 1500), "household": [f"h{one}" for one in whose]})
    table["bought"] = rng.random(1500) < rng.random(300)[whose]
    expected = AdditiveClassifier().fit(table[["age"]], table["bought"], person=table["household"]).model_.digest
    told = SparkTable(spark.createDataFrame(table).repartition(3))
    assert AdditiveClassifier().fit_table(told, "bought", person="household").model_.digest == expected
