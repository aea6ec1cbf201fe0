// The functions of the package, with values of JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Life, Simulation, defaults, lint, picture, play, row, status, toHTML, validate, versions, why } from "pod-lifecycle";

const pod = { metadata: { name: "web" }, spec: { containers: [{ name: "app", image: "nginx:1.27" }] } };
const crashLoop = {
  pod,
  script: { endSeconds: 300, containers: { app: { runs: [{ exitsAfterSeconds: 5, exitCode: 1 }] } } },
};
const inputError = (path) => (error) => error instanceof Error && error.name === "InputError" && error.problems[0].path === path;

test("a Pod is an object or a text, and a time a Date", () => {
  const created = { ...pod, metadata: { name: "web", creationTimestamp: "2026-03-01T12:00:00Z" } };
  const at = new Date("2026-03-01T12:07:00.5Z");
  assert.equal(row(created, { at }).age, "7m");
  assert.deepEqual(row(JSON.stringify(created), { at: at.toISOString() }), row(created, { at }));
  assert.match(row({ ...pod, metadata: { name: "web", creationTimestamp: new Date(Date.now() - 60_000) } }).age, /^6\ds$/);
  assert.equal(defaults(pod).spec.restartPolicy, "Always");
  assert.deepEqual(validate(pod), []);
  assert.equal(status(pod).phase, "Pending");
  assert.equal(why([pod, pod]).counts.pods, 2);
  assert.equal(lint([pod, { kind: "Service" }]).objects, 1);
  assert(versions().kubernetes.includes(versions().defaultKubernetes));
});

test("what cannot be used is an InputError", () => {
  assert.throws(() => row(undefined), inputError(""));
  assert.throws(() => row(() => 1), inputError(""));
  assert.throws(() => row(pod, { at: "noon" }), inputError("options.at"));
  assert.throws(() => play({ pod: { spec: { containers: 1 } } }), inputError("pod.spec.containers"));
  assert.throws(() => new Simulation("{"), inputError(""));
  assert.throws(() => picture(pod, { format: "png" }), inputError("format"));
  const cycle = {};
  cycle.cycle = cycle;
  assert.throws(() => row(cycle), TypeError);
});

test("a simulation is stepped and acted upon", () => {
  const simulation = new Simulation(crashLoop);
  simulation.advance(160);
  assert.equal(simulation.moment().row.status, "CrashLoopBackOff");
  assert(simulation.next > simulation.now && !simulation.isFinished);
  assert.throws(() => simulation.advanceTo(10), inputError("seconds"));
  assert.throws(() => simulation.advance(NaN), inputError("seconds"));
  assert.throws(() => simulation.act({ op: "nodeRecovered" }), inputError("op"));
  simulation.act({ op: "delete", graceSeconds: 1 });
  while (simulation.step() !== undefined);
  assert(simulation.isFinished && simulation.pod() === null && simulation.timeline().removed !== null);
  simulation.free();
});

test("a life is drawn at any width and has a state at any time", () => {
  const life = new Life(crashLoop);
  const { svg, left, right, length } = life.draw(640);
  assert(svg.startsWith("<svg ") && left < right && length === 300);
  assert(Math.abs(life.secondsAt(life.x(100, 640), 640) - 100) < 1e-3);
  assert.equal(life.at(160).row.status, "CrashLoopBackOff");
  assert.equal(life.at(1).row.status, "Running");
  const html = toHTML({ ...crashLoop, description: "</script>" });
  assert(html.startsWith("<pod-life><svg ") && html.endsWith("</script></pod-life>"));
  assert.equal(html.split("</script>").length, 2);
});
