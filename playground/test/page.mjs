// Tests of the page in a real browser: node --test test/page.mjs

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { launch, open } from "./browser.mjs";
import { serve } from "../serve.mjs";

const dist = new URL("../dist/index.html", import.meta.url);
let browser, server;

before(async () => {
  [browser, server] = await Promise.all([launch(), serve(0)]);
});
after(async () => {
  await browser.close();
  server.close();
});

/** Opens the page for one test, and checks that there are no console errors and no requests to other servers. */
function onPage(name, hash, check, options) {
  test(name, async () => {
    const { page, seen, close } = await open(browser, server.url + hash, options);
    await check(page);
    assert.deepEqual(seen.complaints, [], "the console");
    assert.ok(seen.requests.every((url) => url.startsWith(server.url) || url.startsWith("data:")), seen.requests.join());
    await close();
  });
}

const editor = (page, id) => page.locator(`#${id} .cm-content`);
const status = (page) => page.locator("#row .status").textContent();
const goTo = (page, seconds) => page.evaluate((t) => {
  location.hash = location.hash.replace(/&t=[^&]*/, "") + `&t=${t}`;
}, seconds);

async function type(page, id, text) {
  await editor(page, id).click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText(text);
  await played(page);
}

/** Waits until the text has been played: on a slow machine that waits for a pause in typing. */
const played = (page) => page.waitForSelector('#stage[aria-busy="false"]');

async function paste(page, manifest, script = "") {
  await type(page, "manifest", manifest);
  await page.click("#tab-script");
  await type(page, "script", script || "# nothing");
}

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: app
      image: nginx:1.27
`;

onPage("a mistake in a manifest is marked at its line, and the last picture stays", "", async (page) => {
  await type(page, "manifest", POD.replace("image: nginx:1.27", "imagePullPolicy: Sometimes"));
  const marked = page.locator("#problems li.error");
  await marked.first().waitFor();
  assert.match(await marked.first().textContent(), /manifest, line [78] .*spec\.containers\[0\]/);
  assert.ok((await page.locator(".cm-lint-marker-error").count()) > 0, "a mark beside the line");
  assert.ok((await page.locator("#picture svg").count()) === 1);
  await marked.first().getByRole("button").click();
  assert.match(await page.evaluate(() => document.querySelector("#manifest .cm-activeLine").textContent), /name: app|imagePull/);
  await type(page, "manifest", "a: [");
  assert.match(await marked.first().textContent(), /line/);
  await type(page, "manifest", POD);
  await page.waitForFunction(() => !document.querySelector("#problems li.error"));
  assert.match(await page.locator("#picture svg title").first().textContent(), /web/);
});

onPage("a likely mistake is marked as a warning, with the page to read", "", async (page) => {
  const probe = "      readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 5, timeoutSeconds: 8}\n";
  await type(page, "manifest", POD + probe);
  const marked = page.locator("#problems li.warning").filter({ hasText: "manifest" });
  await marked.waitFor();
  assert.match(await marked.textContent(), /line 9.*PL005/);
  assert.match(await marked.locator("a").getAttribute("href"), /^https:\/\/kubernetes\.io\/docs\//);
  assert.ok((await page.locator(".cm-lint-marker-warning").count()) > 0);
});

onPage("a mistake in the script is marked", "", async (page) => {
  await paste(page, POD, "script:\n  containers:\n    ap: {}\n");
  const marked = page.locator("#problems li");
  await marked.waitFor();
  assert.match(await marked.textContent(), /Warning script, line 3 .*the Pod has no container of this name/);
  await type(page, "script", "script:\n  actions:\n    - {t: 5, op: explode}\n");
  assert.match(await marked.textContent(), /Error script, line 3 .*explode/);
});

onPage("each scenario can be selected and played", "", async (page) => {
  const names = await page.locator("#scenario option").evaluateAll((all) => all.map((it) => it.value).filter(Boolean));
  assert.ok(names.length >= 29);
  for (const name of names) {
    await page.selectOption("#scenario", name);
    assert.equal(await page.locator("#problems li.error").count(), 0, name);
    assert.ok(await page.locator("#about").textContent(), name);
    assert.ok((await page.locator("#picture svg rect").count()) > 5, name);
    assert.ok((await page.locator("#row").textContent()).length > 10, name);
    assert.ok((await page.locator("#why .state").textContent()).length > 10, name);
    assert.equal(await page.evaluate(() => document.querySelector("#scenario").value), name);
  }
});

onPage("the gallery shows a picture of each scenario", "", async (page) => {
  await page.click("#open-gallery");
  await page.waitForFunction(() => document.querySelectorAll("#scenarios svg").length === document.querySelectorAll("#scenarios li").length);
  await page.getByRole("button", { name: /^Sidecar/ }).click();
  assert.equal(await page.locator("#gallery").isVisible(), false);
  assert.match(await page.locator("#picture svg title").first().textContent(), /import-orders/);
});

onPage("the slider selects the time, and all panels follow", "#scenario=crash-loop&t=0", async (page) => {
  const slider = await page.locator("#when").boundingBox();
  const y = slider.y + slider.height / 2;
  await page.mouse.move(slider.x + 9, y);
  await page.mouse.down();
  const seen = new Set();
  for (let share = 0.02; share <= 1; share += 0.02) {
    await page.mouse.move(slider.x + slider.width * share, y);
    seen.add(await status(page));
  }
  await page.mouse.up();
  assert.ok(seen.has("CrashLoopBackOff") && seen.has("Error"), [...seen].join());
  assert.match(await page.locator("#now").textContent(), /^\+2[0-5]m/);
  for (const [tab, says] of [["describe", /Restart Count:/], ["status", /restartCount: [89]/], ["budget", /grace|ready/i]]) {
    await page.click(`#tab-${tab}`);
    assert.match(await page.locator(`#${tab}`).textContent(), says);
  }
  await page.click("#tab-events");
  assert.match(await page.locator("#events").textContent(), /BackOff/);
});

onPage("the picture can be clicked", "#scenario=crash-loop&t=0", async (page) => {
  const box = await page.locator("#picture").boundingBox();
  await page.mouse.click(box.x + box.width * 0.6, box.y + 160);
  assert.notEqual(await page.locator("#now").textContent(), "+0s");
});

onPage("a crash loop restarts at the kubelet's times", "#scenario=crash-loop&t=0", async (page) => {
  const restarts = [];
  for (const t of [0, 5, 10, 20, 25, 45, 50, 90, 95, 175, 180, 340, 345, 645, 650, 950]) {
    await goTo(page, t);
    await page.waitForFunction((t) => location.hash.endsWith(`t=${t}`) && document.querySelector("#when").getAttribute("aria-valuetext"), t);
    await page.waitForTimeout(30);
    restarts.push(Number.parseInt(await page.locator("#row .restarts").textContent(), 10));
  }
  // It ends 5 s after each start, and is started again after 0, 10, 20, 40, 80, 160 and 300 s.
  assert.deepEqual(restarts, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]);
  await goTo(page, 750);
  await page.waitForFunction(() => document.querySelector("#row .status").textContent === "CrashLoopBackOff");
  assert.match(await page.locator("#why").textContent(), /300 s/);
  assert.match(await page.locator(".upcoming").textContent(), /in 3m20s.*api starts/);
});

onPage("arrow keys step through the changes", "#scenario=crash-loop&t=0", async (page) => {
  await page.focus("#when");
  const times = [];
  for (let n = 0; n < 4; n += 1) {
    await page.keyboard.press("ArrowRight");
    times.push(await page.locator("#now").textContent());
  }
  assert.deepEqual(times, ["+5s", "+10s", "+20s", "+25s"]);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.locator("#now").textContent(), "+20s");
  await page.keyboard.press("End");
  assert.equal(await page.locator("#now").textContent(), "+25m0s");
});

onPage("everything is reachable by keyboard, and Tab leaves the editor", "", async (page) => {
  await editor(page, "manifest").focus();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-form");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#script").isVisible(), true);
  await page.focus("#tab-why");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#events").isVisible(), true);
});

onPage("the form writes the script", "", async (page) => {
  await paste(page, POD);
  await page.click("#tab-form");
  await page.getByLabel("exits after (s)", { exact: true }).fill("7");
  await page.getByLabel("exit code").fill("3");
  await page.getByRole("button", { name: "Add an action" }).click();
  await page.click("#tab-script");
  const text = await page.evaluate(() => document.querySelector("#script .cm-content").innerText);
  assert.match(text, /exitsAfterSeconds: 7/);
  assert.match(text, /exitCode: 3/);
  assert.match(text, /op: delete/);
  assert.match(await page.locator("#picture svg desc").textContent(), /exit 3/);
});

onPage("a workload plays its template, and one of several Pods can be chosen", "", async (page) => {
  const template = "  template:\n    spec:\n      containers:\n        - {name: app, image: nginx}\n";
  const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n${template}`;
  await paste(page, `${deployment}---\n${POD}`);
  assert.match(await page.locator("#row .name").textContent(), /^shop-/);
  await page.selectOption("#choice", "Pod/web");
  assert.equal(await page.locator("#row .name").textContent(), "web");
});

test("a link opens the same life at the same time", async () => {
  const first = await open(browser, server.url);
  await paste(first.page, `${POD}# ü\n`, "script: {endSeconds: 120, containers: {app: {runs: [{exitsAfterSeconds: 9, exitCode: 4}]}}}");
  await first.page.focus("#when");
  for (let n = 0; n < 3; n += 1) await first.page.keyboard.press("ArrowLeft");
  await first.page.waitForTimeout(600);
  const look = (page) => page.evaluate(() => ["picture", "row", "why", "describe", "now"].map((id) => document.getElementById(id).innerHTML));
  const expected = await look(first.page);
  const url = first.page.url();
  assert.match(url, /#life=/);
  await first.close();
  const second = await open(browser, url);
  assert.deepEqual(await look(second.page), expected);
  assert.deepEqual(second.seen.complaints, []);
  await second.close();
});

test("the page needs no server", async () => {
  const { page, seen, close } = await open(browser, dist.href);
  assert.ok((await page.locator("#picture svg").count()) === 1);
  assert.deepEqual(seen.complaints, []);
  await close();
});

onPage("the scenario can be exported", "#scenario=crash-loop&t=750", async (page) => {
  await page.evaluate(() => {
    window.copied = [];
    navigator.clipboard.writeText = async (text) => void window.copied.push(text);
  });
  await page.click("#copy-test");
  await page.click("#copy-scenario");
  await page.click("#copy-link");
  await page.waitForFunction(() => window.copied.length === 3);
  const [test, scenario, link] = await page.evaluate(() => window.copied);
  assert.match(test, /#\[test\]\nfn the_life_of_billing_api\(\)/);
  assert.match(test, /"0\/1", "CrashLoopBackOff"/);
  assert.match(scenario, /^pod:\n {2}apiVersion: v1\n/);
  assert.match(link, /#scenario=crash-loop&t=750$/);
});

for (const colorScheme of ["light", "dark"]) {
  onPage(`nothing is wider than a phone, ${colorScheme}`, "#scenario=rolling-stop&t=62", async (page) => {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    const paper = await page.evaluate(() => getComputedStyle(document.querySelector(".life")).backgroundColor);
    assert.equal(paper, colorScheme === "dark" ? "rgb(15, 20, 25)" : "rgb(255, 255, 255)");
  }, { colorScheme, viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
}

// Times depend on the machine: they are printed, and the limits are generous.
onPage("the first picture and each keystroke are shown quickly", "#scenario=web-server&t=60", async (page) => {
  const first = await page.evaluate(() => performance.getEntriesByName("first life")[0].duration);
  await page.click("#tab-script");
  await type(page, "script", "script: {endSeconds: 600}\n#");
  await page.keyboard.press("ControlOrMeta+End");
  await page.evaluate(() => performance.clearMeasures("redraw"));
  for (const [place, letter] of [..."a minute or two of typing"].entries()) {
    await page.keyboard.type(letter);
    await page.waitForFunction((n) => performance.getEntriesByName("redraw").length > n, place);
  }
  const redraws = await page.evaluate(() => performance.getEntriesByName("redraw").map((it) => it.duration));
  redraws.sort((a, b) => a - b);
  const [median, most] = [redraws[redraws.length >> 1], redraws.at(-1)].map((ms) => ms.toFixed(1));
  console.log(`first life after ${first.toFixed(0)} ms; a keystroke is shown after ${median} ms (median), ${most} ms (most)`);
  assert.ok(redraws.length >= 20);
  assert.ok(first < 20_000 && redraws.at(-1) < 5_000);
});

test("the page weighs less than 2 MB, compressed", () => {
  const weight = gzipSync(readFileSync(dist), { level: 9 }).length;
  console.log(`${weight} bytes`);
  assert.ok(weight < 2_000_000);
});
