import { Life } from "./wasm/pod_lifecycle.js";

/**
 * Returns a scenario as HTML for a page of documentation: an element `pod-life` with the picture, which is seen without
 * any script, and with the scenario, which a script can draw anew.
 *
 * @param {import("./wasm/pod_lifecycle.js").Scenario} scenario
 * @param {number} [width] Width of the picture in px.
 * @returns {string}
 */
export function toHTML(scenario, width = 800) {
  const life = new Life(scenario);
  try {
    // Within a script element only this character could end it.
    const json = JSON.stringify(scenario).replaceAll("<", "\\u003c");
    return `<pod-life>${life.draw(width).svg.trim()}<script type="application/json">${json}</script></pod-life>`;
  } finally {
    life.free();
  }
}
