// All scenarios, each with its picture.

import { Playground } from "../dist/wasm/playground.js";

/** How wide a picture in the gallery is drawn, in px; it is shown smaller. */
const WIDTH = 560;

export function createGallery(exhibits, onChoose) {
  const select = document.getElementById("scenario");
  select.append(new Option("your own", "", false, false), ...exhibits.map((it) => new Option(it.title, it.name)));
  const dialog = document.getElementById("gallery");
  const cards = exhibits.map((exhibit) => card(exhibit, () => {
    dialog.close();
    onChoose(exhibit);
  }));
  document.getElementById("exhibits").append(...cards.map(({ item }) => item));
  document.getElementById("open-gallery").addEventListener("click", () => {
    dialog.showModal();
    draw(cards);
  });
  document.getElementById("close-gallery").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

function card(exhibit, onChoose) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  const picture = document.createElement("span");
  picture.className = "thumbnail";
  picture.setAttribute("aria-hidden", "true");
  const title = document.createElement("b");
  title.textContent = exhibit.title;
  const text = document.createElement("span");
  text.textContent = firstSentence(exhibit.description);
  button.append(picture, title, text);
  button.addEventListener("click", onChoose);
  item.append(button);
  return { item, picture, exhibit };
}

function firstSentence(text) {
  return /^.*?[.:](?=\s|$)/.exec(text.replaceAll("\n", " "))?.[0].replace(/:$/, ".") ?? text;
}

/** One picture after the other, so that the page stays quick. */
function draw(cards) {
  const next = cards.find(({ picture }) => !picture.hasChildNodes());
  if (!next) return;
  const playground = new Playground();
  const { manifest, story } = next.exhibit;
  next.picture.innerHTML = JSON.parse(playground.play(manifest, story, 0, WIDTH)).life?.svg ?? " ";
  playground.free();
  setTimeout(() => draw(cards), 0);
}
