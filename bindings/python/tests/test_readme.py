"""Runs the examples of the README."""

import importlib.metadata
import re

import pytest

# The README is the text of the metadata, after the headers.
README = str(importlib.metadata.metadata("pod-lifecycle").get_payload())
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(3))
def test_an_example_runs(number: int, request: pytest.FixtureRequest) -> None:
    names: dict = {}
    exec(compile(EXAMPLES[number], f"README.md, example {number + 1}", "exec"), names)
    for name, test in names.items():
        if name.startswith("test_"):
            test(request.getfixturevalue("pod_cluster"))


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3
