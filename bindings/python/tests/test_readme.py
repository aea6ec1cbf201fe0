"""Runs the examples of the README."""

import importlib.metadata
import re

import pytest

README = importlib.metadata.metadata("pod-lifecycle").get_payload() or importlib.metadata.metadata("pod-lifecycle")["Description"]
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", str(README), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(3))
def test_an_example_runs(number: int, request: pytest.FixtureRequest) -> None:
    names: dict = {}
    exec(compile(EXAMPLES[number], f"README.md, example {number + 1}", "exec"), names)
    for name, test in names.items():
        if name.startswith("test_"):
            test(request.getfixturevalue("pod_cluster"))


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3
