"""The answers are those that Rust gives, byte by byte."""

import gzip
import json
from pathlib import Path

import pytest
from pod_lifecycle import InputError, _native

FILE = Path(__file__).parents[2] / "tests" / "answers.jsonl.gz"


def simulate(scenario: str, calls: list) -> str:
    simulation = _native.Simulation(scenario, "")
    lines = []
    for call, argument in calls:
        if call == "advance":
            simulation.advance(argument)
        elif call == "act":
            simulation.act(json.dumps(argument))
        elif call == "picture":
            lines.append(simulation.picture(argument))
        elif call == "step":
            lines.append(json.dumps(simulation.step()))
        else:
            lines.append(simulation.ask(call))
    return "\n".join(lines)


def test_the_answers_are_those_of_rust() -> None:
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        asked = [json.loads(line) for line in lines]
    assert len(asked) > 400
    for number, question in enumerate(asked, 1):
        function, text = question["function"], json.dumps(question["input"])
        try:
            if function == "simulation":
                answer = simulate(text, question["calls"])
            else:
                answer = _native.ask(function, text, json.dumps(question["options"]))
        except InputError as error:
            assert error.problems == json.loads(question["error"]), f"line {number}: {function}"
        else:
            assert answer == question["answer"], f"line {number}: {function}"


def test_an_error_is_raised_as_one_of_values() -> None:
    with pytest.raises(ValueError, match="is no JSON"):
        _native.ask("row", "{", "")
