// The page: plays manifest and script while they are typed, and shows the Pod's state at the selected time.

import { Playground, fillIn, gallery } from "../dist/wasm/playground.js";
import { start } from "./engine.js";
import { createEditor } from "./editor.js";
import { createForm } from "./form.js";
import { createMoment } from "./moment.js";
import { createPicture } from "./picture.js";
import { createGallery } from "./gallery.js";
import { showProblems } from "./problems.js";
import { createTabs } from "./tabs.js";
import { copy } from "./clipboard.js";
import { readLink, writeLink } from "./link.js";

/** If playing takes longer than this, in ms, it waits for a pause in typing. */
const QUICK = 40;
const PAUSE = 250;
/** Delay of updates of the address, in ms: browsers limit their rate. */
const LINK_PAUSE = 300;

const byId = (id) => document.getElementById(id);

async function main() {
  await start();
  const page = new Page(new Playground(), JSON.parse(gallery()));
  await page.open();
  performance.measure("first life", { start: 0, end: performance.now() });
  document.documentElement.dataset.ready = "true";
}

class Page {
  constructor(playground, scenarios) {
    this.playground = playground;
    this.scenarios = scenarios;
    this.choice = 0;
    this.took = 0;
    this.timer = 0;
    this.isOwnChange = false;
    this.manifest = createEditor(byId("manifest"), "Manifest", () => this.typed());
    this.script = createEditor(byId("script"), "Script, in YAML", () => this.typed());
    this.form = createForm(byId("form"), (form) => this.filledIn(form));
    this.moment = createMoment((seconds) => this.picture.goTo(seconds));
    this.picture = createPicture(playground, (seconds) => this.look(seconds));
    this.scriptTabs = createTabs([byId("tab-form"), byId("tab-script")], () => this.finishTyping());
    createTabs(["why", "events", "describe", "status", "budget"].map((id) => byId(`tab-${id}`)), () => {});
    this.gallery = createGallery(scenarios, (scenario) => this.show(scenario));
    this.listen();
  }

  listen() {
    byId("scenario").addEventListener("change", (event) => {
      const scenario = this.scenarios.find((it) => it.name === event.target.value);
      if (scenario) this.show(scenario);
    });
    byId("choice").addEventListener("change", (event) => {
      this.choice = event.target.selectedIndex;
      this.play();
    });
    byId("copy-link").addEventListener("click", async () => {
      await this.link();
      copy(location.href, "Link copied. It contains manifest and script.");
    });
    byId("copy-test").addEventListener("click", () => {
      copy(this.playground.asTest(this.picture.seconds), "Test copied.");
    });
    byId("copy-scenario").addEventListener("click", () => {
      copy(this.playground.asScenario(), "Scenario copied.");
    });
    addEventListener("hashchange", () => this.open());
  }

  /** Opens the scenario of the address, or a crash loop. */
  async open() {
    if (location.hash && location.hash === this.hash) return;
    const link = await readLink(location.hash, this.scenarios);
    const scenario = link?.scenario ?? this.scenarios.find((it) => it.name === "crash-loop");
    const texts = link?.texts ?? scenario;
    this.choice = link?.choice ?? 0;
    this.replace(texts.manifest, texts.script, link?.seconds);
  }

  show(scenario) {
    this.choice = 0;
    this.replace(scenario.manifest, scenario.script);
  }

  replace(manifest, script, seconds) {
    this.isOwnChange = true;
    this.manifest.setText(manifest);
    this.script.setText(script);
    this.isOwnChange = false;
    this.play();
    this.picture.goTo(seconds ?? this.picture.defaultTime());
  }

  typed() {
    if (this.isOwnChange) return;
    this.since ??= performance.now();
    clearTimeout(this.timer);
    if (this.took <= QUICK) return this.play();
    this.timer = setTimeout(() => this.play(), PAUSE);
    byId("stage").ariaBusy = "true";
    this.form.wait();
  }

  /** Plays pending changes when the user switches from text to form. */
  finishTyping() {
    this.script.refresh();
    if (this.timer) this.play();
  }

  filledIn(form) {
    this.since = performance.now();
    const script = JSON.parse(fillIn(this.script.text(), JSON.stringify(form)));
    if (script === null) return;
    this.isOwnChange = true;
    this.script.setText(script);
    this.isOwnChange = false;
    this.play(true);
  }

  play(isByForm = false) {
    clearTimeout(this.timer);
    this.timer = 0;
    byId("stage").ariaBusy = "false";
    const began = performance.now();
    const width = this.picture.width();
    const answer = JSON.parse(this.playground.play(this.manifest.text(), this.script.text(), this.choice, width));
    this.offer(answer.choices);
    this.manifest.mark(answer.problems.filter((it) => it.source === "manifest"));
    this.script.mark(answer.problems.filter((it) => it.source === "script"));
    showProblems(byId("problems"), answer, { manifest: this.manifest, script: (line) => this.goToScript(line) });
    if (!isByForm) this.form.show(answer.form);
    if (answer.life) {
      byId("budget").textContent = answer.life.budget;
      document.title = `Life of ${answer.life.name || "a Pod"}`;
    }
    this.picture.show(answer.life);
    this.took = performance.now() - began;
    if (answer.life && this.since) performance.measure("redraw", { start: this.since, end: performance.now() });
    this.since = undefined;
    this.nameScenario();
    this.rememberSoon();
  }

  goToScript(line) {
    this.scriptTabs.select(1);
    this.script.goTo(line);
  }

  /** Lists the documents that have Pods, if there are several. */
  offer(choices) {
    byId("choice-field").hidden = choices.length < 2;
    this.choice = Math.min(this.choice, Math.max(choices.length - 1, 0));
    byId("choice").replaceChildren(...choices.map((name, place) => new Option(name, name, false, place === this.choice)));
  }

  nameScenario() {
    const scenario = this.scenario();
    byId("scenario").value = scenario?.name ?? "";
    const about = byId("about");
    about.hidden = !scenario;
    about.textContent = paragraphs(scenario?.description ?? "");
  }

  /** Returns the example scenario that is shown, if its texts are unchanged. */
  scenario() {
    const [manifest, script] = [this.manifest.text(), this.script.text()];
    return this.scenarios.find((it) => it.manifest === manifest && it.script === script);
  }

  look(seconds) {
    const instant = JSON.parse(this.playground.at(seconds));
    if (instant) this.moment.show(instant);
    this.rememberSoon();
  }

  rememberSoon() {
    clearTimeout(this.linkTimer);
    this.linkTimer = setTimeout(() => this.link(), LINK_PAUSE);
  }

  async link() {
    const texts = { manifest: this.manifest.text(), script: this.script.text() };
    this.hash = await writeLink({ scenario: this.scenario(), texts, choice: this.choice, seconds: this.picture.seconds });
    history.replaceState(null, "", this.hash);
  }
}

/** Joins the lines of a description, except after the end of a sentence and before a time. */
function paragraphs(text) {
  return text.trim().replace(/(?<![.:])\n(?!\+)/g, " ");
}

main();
