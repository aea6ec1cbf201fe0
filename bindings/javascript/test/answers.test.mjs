// The answers are those that Rust gives, byte by byte. The package is the one that is installed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as observe from "pod-lifecycle/observe";
import * as all from "pod-lifecycle";

const file = new URL("../../tests/answers.jsonl.gz", import.meta.url);
const asked = gunzipSync(readFileSync(file)).toString().trim().split("\n").map((line) => JSON.parse(line));

function simulate(scenario, calls) {
  const simulation = new all.Simulation(scenario);
  const lines = [];
  for (const [call, argument] of calls) {
    if (call === "advance") simulation.advance(argument);
    else if (call === "act") simulation.act(JSON.stringify(argument));
    else if (call === "picture") lines.push(simulation.picture(argument));
    else if (call === "step") {
      const at = simulation.step();
      // A whole number of seconds has a fraction in Rust's JSON.
      lines.push(at === undefined ? "null" : Number.isInteger(at) ? at.toFixed(1) : JSON.stringify(at));
    } else lines.push(simulation.ask(call));
  }
  simulation.free();
  return lines.join("\n");
}

function check(answer, question, number) {
  try {
    const text = answer();
    assert.equal(text, question.answer, `line ${number}: ${question.function}`);
  } catch (error) {
    if (error.name !== "InputError") throw error;
    assert.deepEqual(error.problems, JSON.parse(question.error ?? "null"), `line ${number}: ${question.function}`);
  }
}

test("the answers are those of Rust", () => {
  assert(asked.length > 400);
  asked.forEach((question, index) => {
    const input = JSON.stringify(question.input);
    const options = JSON.stringify(question.options);
    const answer = question.function === "simulation"
      ? () => simulate(input, question.calls)
      : () => all.ask(question.function, input, options);
    check(answer, question, index + 1);
  });
});

test("the module without the simulation gives the same answers", () => {
  const known = ["status", "row", "why", "lint", "validate", "defaults", "versions"];
  asked.forEach((question, index) => {
    if (!known.includes(question.function)) return;
    const answer = () => observe.ask(question.function, JSON.stringify(question.input), JSON.stringify(question.options));
    check(answer, question, index + 1);
  });
  assert.equal(observe.Simulation, undefined);
});
