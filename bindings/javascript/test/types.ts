// What a user writes in TypeScript: `tsc --noEmit` judges it.
import { Simulation, play, row, toHTML, why, type Finding, type InputError, type Problem, type Row, lint } from "pod-lifecycle";
import { status, type Status } from "pod-lifecycle/observe";
import { PodLife } from "pod-lifecycle/element";

const pod = { metadata: { name: "web" }, spec: { containers: [{ name: "app", image: "nginx" }] } };
const shown: Row = row(pod, { at: new Date() });
const found: Finding[] = lint([pod]).findings;
const level: "error" | "mistake" | "advice" | undefined = found[0]?.level;
const path: string | undefined = found[0]?.path;
const judged: Status = status(pod);
const seconds: number[] = play({ pod, script: {} }).statuses.map((at) => at.seconds);
const next: number | undefined = new Simulation(pod).next;
const gone: number | null = play(pod).removed;
const text: string = why([pod]).pods.map((it) => it.text).join();
const problems = (error: InputError): Problem[] => error.problems;
const element: HTMLElement = new PodLife();
// @ts-expect-error a row has no such column
shown.colour;
// @ts-expect-error a time is no number
row(pod, { at: 5 });
export { level, path, judged, seconds, next, gone, text, problems, element, toHTML };
