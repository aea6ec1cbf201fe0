"""Errors."""

from __future__ import annotations

from typing import List

from .types import Problem


class InputError(ValueError):
    """Raised for an input that cannot be used; ``problems`` has the path of each field that is wrong."""

    def __init__(self, text: str, problems: List[Problem]) -> None:
        """Creates the error of these problems."""
        super().__init__(text)
        self.problems = problems
