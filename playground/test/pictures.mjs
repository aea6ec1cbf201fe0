// What has to be true of every picture, in a real browser: node --test test/pictures.mjs
// SHOTS=FOLDER keeps what was seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync } from "node:fs";
import { launch } from "./browser.mjs";
import { Playground, gallery, initSync } from "../dist/wasm/playground.js";

const WIDTHS = [360, 600, 1000, 1600];
const SCHEMES = ["light", "dark"];

initSync({ module: readFileSync(new URL("../dist/wasm/playground_bg.wasm", import.meta.url)) });

/** A day with hundreds of restarts and probes all the time. */
const DAY = {
  name: "a-day-of-crashes",
  manifest: `metadata: {name: flaky, namespace: shop}
spec:
  containers:
    - name: app
      image: app:1
      readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
      livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
`,
  script: `config: {maxContainerRestartPeriodSeconds: 180}
script: {endSeconds: 86400, containers: {app: {runs: [{exitsAfterSeconds: 20, exitCode: 1}]}}}
`,
};

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

function draw({ manifest, script }, width) {
  const playground = new Playground();
  const { life, problems } = JSON.parse(playground.play(manifest, script, 0, width));
  playground.free();
  assert.ok(life, JSON.stringify(problems));
  return life.svg;
}

/** Texts that lie over each other, or leave the picture: as the browser sets them, in its own fonts. */
function faults() {
  const svg = document.querySelector("svg");
  const page = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map((text) => ({
    says: [...text.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join(""),
    ...["left", "right", "top", "bottom"].reduce((box, side) => ({ ...box, [side]: text.getBoundingClientRect()[side] }), {}),
    baseline: Number(text.getAttribute("y")),
  }));
  const found = [];
  const slack = 1;
  for (const [place, one] of texts.entries()) {
    if (one.left < page.left - slack || one.right > page.right + slack || one.bottom > page.bottom + slack) {
      found.push(`${one.says} leaves the picture`);
    }
    for (const other of texts.slice(place + 1)) {
      // A line's box holds more than its letters: two lines have to be closer than letters are high.
      const isSameLine = Math.abs(one.baseline - other.baseline) < 7;
      if (isSameLine && one.left < other.right - slack && other.left < one.right - slack) {
        found.push(`${one.says} and ${other.says} overlap`);
      }
    }
  }
  return { found, texts: texts.length };
}

for (const width of WIDTHS) {
  for (const colorScheme of SCHEMES) {
    test(`texts neither overlap nor are cut off at ${width} px, ${colorScheme}`, async () => {
      const context = await browser.newContext({ viewport: { width: width + 20, height: 900 }, colorScheme });
      const page = await context.newPage();
      for (const scenario of [...JSON.parse(gallery()), DAY]) {
        await page.setContent(`<body style="margin:10px">${draw(scenario, width)}</body>`);
        const { found, texts } = await page.evaluate(faults);
        assert.ok(texts > 10, scenario.name);
        assert.deepEqual(found, [], scenario.name);
        if (process.env.SHOTS) {
          const path = `${process.env.SHOTS}/${scenario.name}-${width}-${colorScheme}.png`;
          await page.locator("svg").screenshot({ path });
        }
      }
      await context.close();
    });
  }
}

test("a day of crashes is less than 300 KB", () => {
  for (const width of WIDTHS) {
    const size = draw(DAY, width).length;
    assert.ok(size < 300_000, `${size} bytes at ${width} px`);
  }
});
