"""How do data scientists fit and bring models? Estimators in scikit-learn's manner, and models of other libraries.

Everything ends as tables of whole numbers (`scoring`). What it does not do: a foreign model that is no sum of small
terms is refused, never approximated in silence."""

__all__: list[str] = []
