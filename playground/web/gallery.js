// Gallery of all example scenarios with their pictures.

import { Playground } from "../dist/wasm/playground.js";

/** Width of the pictures in px; they are shown smaller. */
const WIDTH = 560;

export function createGallery(scenarios, onChoose) {
  const select = document.getElementById("scenario");
  select.append(new Option("your own", "", false, false), ...scenarios.map((it) => new Option(it.title, it.name)));
  const dialog = document.getElementById("gallery");
  const cards = scenarios.map((scenario) => card(scenario, () => {
    dialog.close();
    onChoose(scenario);
  }));
  document.getElementById("scenarios").append(...cards.map(({ item }) => item));
  document.getElementById("open-gallery").addEventListener("click", () => {
    dialog.showModal();
    draw(cards);
  });
  document.getElementById("close-gallery").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

function card(scenario, onChoose) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  const picture = document.createElement("span");
  picture.className = "thumbnail";
  picture.setAttribute("aria-hidden", "true");
  const title = document.createElement("b");
  title.textContent = scenario.title;
  const text = document.createElement("span");
  text.textContent = firstSentence(scenario.description);
  button.append(picture, title, text);
  button.addEventListener("click", onChoose);
  item.append(button);
  return { item, picture, scenario };
}

function firstSentence(text) {
  return /^.*?[.:](?=\s|$)/.exec(text.replaceAll("\n", " "))?.[0].replace(/:$/, ".") ?? text;
}

/** Draws one picture after the other, so that the page stays responsive. */
function draw(cards) {
  const next = cards.find(({ picture }) => !picture.hasChildNodes());
  if (!next) return;
  const playground = new Playground();
  const { manifest, script } = next.scenario;
  next.picture.innerHTML = JSON.parse(playground.play(manifest, script, 0, WIDTH)).life?.svg ?? " ";
  playground.free();
  setTimeout(() => draw(cards), 0);
}
