// The element `pod-life`, in a document without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { toHTML } from "pod-lifecycle";

const { window } = new JSDOM();
// Nothing is laid out here, so nothing changes its size.
window.ResizeObserver = class {
  observe() {}
  disconnect() {}
};
for (const name of ["HTMLElement", "ResizeObserver", "customElements", "document"]) globalThis[name] = window[name];
const { PodLife } = await import("pod-lifecycle/element");

const pod = { metadata: { name: "web" }, spec: { containers: [{ name: "app", image: "nginx:1.27" }] } };
const scenario = { pod, script: { endSeconds: 60, containers: { app: { runs: [{ exitsAfterSeconds: 5, exitCode: 1 }] } } } };

test("a page's scenario is drawn, with what kubectl prints", async () => {
  window.document.body.innerHTML = toHTML(scenario);
  await new Promise((drawn) => setTimeout(drawn));
  const element = window.document.querySelector("pod-life");
  assert(element instanceof PodLife);
  assert.notEqual(element.querySelector("svg"), null, "the static picture stays in the page");
  assert.notEqual(element.shadowRoot.querySelector("figure svg"), null);
  assert.match(element.shadowRoot.querySelector("output").textContent, /^NAME .*\nweb +[01]\/1 /);
});

test("the row is that of the time under the pointer", () => {
  const element = window.document.querySelector("pod-life");
  const figure = element.shadowRoot.querySelector("figure");
  const output = element.shadowRoot.querySelector("output");
  const texts = [1, 400, 799].map((clientX) => {
    figure.dispatchEvent(new window.MouseEvent("pointermove", { clientX }));
    return output.textContent;
  });
  assert(new Set(texts).size > 1, texts.join("\n"));
  assert.equal(element.shadowRoot.querySelector("hr").hidden, false);
});

test("a scenario that cannot be played shows why, and what was in the page", () => {
  const element = window.document.createElement("pod-life");
  element.innerHTML = "<svg></svg>";
  window.document.body.append(element);
  element.scenario = { pod: { spec: { containers: 1 } } };
  assert.match(element.shadowRoot.querySelector("[role=alert]").textContent, /^pod\.spec\.containers: /);
  assert.notEqual(element.shadowRoot.querySelector("slot"), null);
  element.scenario = scenario;
  assert.equal(element.shadowRoot.querySelector("[role=alert]"), null);
  assert.notEqual(element.shadowRoot.querySelector("figure svg"), null);
  element.remove();
});
