// The element `pod-life`: draws a scenario, and shows what kubectl prints at the time under the pointer.

import { Life } from "#pod-lifecycle";

const STYLE = `
  :host { display: block; }
  figure { margin: 0; position: relative; }
  svg { display: block; max-width: 100%; height: auto; }
  hr { position: absolute; top: 0; bottom: 0; width: 1px; margin: 0; border: 0; background: currentColor; opacity: 0.5;
    pointer-events: none; }
  output { display: block; font: 0.85em ui-monospace, monospace; white-space: pre; min-height: 2.6em; overflow-x: auto; }
`;
const DEFAULT_WIDTH = 800;
const HEADINGS = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"];

/**
 * Element that draws the life of a Pod. Its scenario is JSON in a child `<script type="application/json">`, at the URL of
 * the attribute `src`, or the property `scenario`. What else is in it is shown until it is drawn, or if it cannot be.
 */
export class PodLife extends HTMLElement {
  static observedAttributes = ["src"];

  /** @type {Life | undefined} */
  #life;
  /** @type {import("#pod-lifecycle").Scenario | undefined} */
  #scenario;
  #width = 0;
  #root = this.attachShadow({ mode: "open" });
  #resized = new ResizeObserver(() => this.#draw());

  constructor() {
    super();
    this.#root.innerHTML = "<slot></slot>";
  }

  /** Scenario that is drawn. */
  get scenario() {
    return this.#scenario;
  }

  set scenario(scenario) {
    this.#play(scenario);
  }

  connectedCallback() {
    this.#resized.observe(this);
    if (this.#life !== undefined) return;
    // The parser connects an element before it reads what is in it.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.#load(), { once: true });
    else queueMicrotask(() => this.#load());
  }

  disconnectedCallback() {
    this.#resized.disconnect();
    this.#life?.free();
    this.#life = undefined;
    this.#width = 0;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#load();
  }

  async #load() {
    if (!this.isConnected) return;
    const src = this.getAttribute("src");
    const script = this.querySelector('script[type="application/json"]');
    try {
      if (this.#scenario !== undefined && src === null) this.#play(this.#scenario);
      else if (src !== null) {
        const answer = await fetch(src);
        if (!answer.ok) throw new Error(`${src}: ${answer.status} ${answer.statusText}`);
        this.#play(await answer.json());
      } else if (script !== null) this.#play(JSON.parse(script.textContent ?? ""));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {import("#pod-lifecycle").Scenario | undefined} scenario */
  #play(scenario) {
    this.#life?.free();
    this.#life = undefined;
    this.#scenario = scenario;
    this.#width = 0;
    if (scenario === undefined) {
      this.#root.innerHTML = "<slot></slot>";
      return;
    }
    try {
      this.#life = new Life(scenario);
      this.#draw();
    } catch (error) {
      this.#fail(error);
    }
  }

  #draw() {
    const width = Math.round(this.clientWidth) || DEFAULT_WIDTH;
    if (this.#life === undefined || width === this.#width) return;
    this.#width = width;
    const drawing = this.#life.draw(width);
    this.#root.innerHTML = `<style>${STYLE}</style><figure>${drawing.svg}<hr hidden></figure><output></output>`;
    const figure = this.#root.querySelector("figure");
    figure?.addEventListener("pointermove", (event) => this.#show(/** @type {PointerEvent} */ (event), figure));
    this.#print(drawing.length);
  }

  /**
   * @param {PointerEvent} event
   * @param {HTMLElement} figure
   */
  #show(event, figure) {
    if (this.#life === undefined) return;
    const place = figure.getBoundingClientRect();
    // The picture may be scaled down to fit.
    const scale = place.width === 0 ? 1 : Math.max(this.#width, 320) / place.width;
    const seconds = this.#life.secondsAt((event.clientX - place.left) * scale, this.#width);
    const line = /** @type {HTMLElement} */ (figure.querySelector("hr"));
    line.hidden = false;
    line.style.left = `${this.#life.x(seconds, this.#width) / scale}px`;
    this.#print(seconds);
  }

  /** @param {number} seconds */
  #print(seconds) {
    const output = this.#root.querySelector("output");
    if (this.#life === undefined || output === null) return;
    const { row, offset } = this.#life.at(seconds);
    const cells = row === null ? null : [row.name, row.ready, row.status, row.restarts, row.age];
    const widths = HEADINGS.map((heading, i) => Math.max(heading.length, cells?.[i]?.length ?? 0) + 3);
    const line = (/** @type {string[]} */ cells) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("").trimEnd();
    output.textContent = cells === null ? `${offset}: the Pod is gone` : `${line(HEADINGS)}\n${line(cells)}`;
  }

  /** @param {unknown} error */
  #fail(error) {
    const text = document.createElement("output");
    text.setAttribute("role", "alert");
    text.textContent = error instanceof Error ? error.message : String(error);
    this.#root.innerHTML = `<style>${STYLE}</style><slot></slot>`;
    this.#root.append(text);
  }
}

if (customElements.get("pod-life") === undefined) customElements.define("pod-life", PodLife);
