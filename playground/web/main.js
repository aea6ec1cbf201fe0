// The page: what is typed is played, and the life is looked at, one moment at a time.

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

/** A life that takes longer than this to play waits until the typing pauses, in ms. */
const QUICK = 40;
const PAUSE = 250;
/** The address follows what is shown, but browsers allow only so many changes. */
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
  constructor(playground, exhibits) {
    this.playground = playground;
    this.exhibits = exhibits;
    this.choice = 0;
    this.took = 0;
    this.timer = 0;
    this.isOwnChange = false;
    this.manifest = createEditor(byId("manifest"), "Manifest", () => this.typed());
    this.story = createEditor(byId("story"), "What happens, in YAML", () => this.typed());
    this.form = createForm(byId("form"), (form) => this.filledIn(form));
    this.moment = createMoment((seconds) => this.picture.goTo(seconds));
    this.picture = createPicture(playground, (seconds) => this.look(seconds));
    this.storyTabs = createTabs([byId("tab-form"), byId("tab-story")], () => this.finishTyping());
    createTabs(["why", "events", "describe", "status", "budget"].map((id) => byId(`tab-${id}`)), () => {});
    this.gallery = createGallery(exhibits, (exhibit) => this.show(exhibit));
    this.listen();
  }

  listen() {
    byId("scenario").addEventListener("change", (event) => {
      const exhibit = this.exhibits.find((it) => it.name === event.target.value);
      if (exhibit) this.show(exhibit);
    });
    byId("choice").addEventListener("change", (event) => {
      this.choice = event.target.selectedIndex;
      this.play();
    });
    byId("copy-link").addEventListener("click", async () => {
      await this.link();
      copy(location.href, "The link is copied: it holds the whole life.");
    });
    byId("copy-test").addEventListener("click", () => {
      copy(this.playground.asTest(this.picture.seconds), "The test is copied.");
    });
    byId("copy-scenario").addEventListener("click", () => {
      copy(this.playground.asScenario(), "The scenario is copied.");
    });
    addEventListener("hashchange", () => this.open());
  }

  /** Shows what the address says, or the first thing that is worth seeing. */
  async open() {
    if (location.hash && location.hash === this.hash) return;
    const link = await readLink(location.hash, this.exhibits);
    const exhibit = link?.exhibit ?? this.exhibits.find((it) => it.name === "crash-loop");
    const texts = link?.texts ?? exhibit;
    this.choice = link?.choice ?? 0;
    this.replace(texts.manifest, texts.story, link?.seconds);
  }

  show(exhibit) {
    this.choice = 0;
    this.replace(exhibit.manifest, exhibit.story);
  }

  replace(manifest, story, seconds) {
    this.isOwnChange = true;
    this.manifest.setText(manifest);
    this.story.setText(story);
    this.isOwnChange = false;
    this.play();
    this.picture.goTo(seconds ?? this.picture.worthALook());
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

  /** Whoever turns from the text to the form has finished typing. */
  finishTyping() {
    this.story.refresh();
    if (this.timer) this.play();
  }

  filledIn(form) {
    this.since = performance.now();
    const story = JSON.parse(fillIn(this.story.text(), JSON.stringify(form)));
    if (story === null) return;
    this.isOwnChange = true;
    this.story.setText(story);
    this.isOwnChange = false;
    this.play(true);
  }

  play(isByForm = false) {
    clearTimeout(this.timer);
    this.timer = 0;
    byId("stage").ariaBusy = "false";
    const began = performance.now();
    const width = this.picture.width();
    const answer = JSON.parse(this.playground.play(this.manifest.text(), this.story.text(), this.choice, width));
    this.offer(answer.choices);
    this.manifest.mark(answer.problems.filter((it) => it.source === "manifest"));
    this.story.mark(answer.problems.filter((it) => it.source === "story"));
    showProblems(byId("problems"), answer, { manifest: this.manifest, story: (line) => this.goToStory(line) });
    if (!isByForm) this.form.show(answer.form);
    if (answer.life) {
      byId("budget").textContent = answer.life.budget;
      document.title = `The life of ${answer.life.name || "a Pod"}`;
    }
    this.picture.show(answer.life);
    this.took = performance.now() - began;
    if (answer.life && this.since) performance.measure("redraw", { start: this.since, end: performance.now() });
    this.since = undefined;
    this.nameScenario();
    this.rememberSoon();
  }

  goToStory(line) {
    this.storyTabs.select(1);
    this.story.goTo(line);
  }

  /** Several documents may make Pods. */
  offer(choices) {
    byId("choice-field").hidden = choices.length < 2;
    this.choice = Math.min(this.choice, Math.max(choices.length - 1, 0));
    byId("choice").replaceChildren(...choices.map((name, place) => new Option(name, name, false, place === this.choice)));
  }

  nameScenario() {
    const exhibit = this.exhibit();
    byId("scenario").value = exhibit?.name ?? "";
    const about = byId("about");
    about.hidden = !exhibit;
    about.textContent = paragraphs(exhibit?.description ?? "");
  }

  /** The scenario that is shown, if nobody has changed it. */
  exhibit() {
    const [manifest, story] = [this.manifest.text(), this.story.text()];
    return this.exhibits.find((it) => it.manifest === manifest && it.story === story);
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
    const texts = { manifest: this.manifest.text(), story: this.story.text() };
    this.hash = await writeLink({ exhibit: this.exhibit(), texts, choice: this.choice, seconds: this.picture.seconds });
    history.replaceState(null, "", this.hash);
  }
}

/** A description breaks its lines where its file does; here only those count that end a sentence or begin with a time. */
function paragraphs(text) {
  return text.trim().replace(/(?<![.:])\n(?!\+)/g, " ");
}

main();
