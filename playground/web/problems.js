// List of problems; each links to its line.

import { message } from "./editor.js";

export function showProblems(parent, { problems, life }, editors) {
  const list = document.createElement("ul");
  list.append(...problems.map((problem) => entry(problem, editors)));
  const notes = life?.notice ? [note(life.notice)] : [];
  parent.replaceChildren(...notes, ...(problems.length ? [list] : []));
}

function note(text) {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  return paragraph;
}

function entry(problem, editors) {
  const item = document.createElement("li");
  item.className = problem.severity;
  const place = document.createElement("button");
  place.type = "button";
  place.textContent = `${problem.source === "manifest" ? "manifest" : "script"}, line ${problem.line}`;
  place.addEventListener("click", () => {
    if (problem.source === "manifest") editors.manifest.goTo(problem.line);
    else editors.script(problem.line);
  });
  const sign = document.createElement("b");
  sign.textContent = problem.severity === "error" ? "✕ Error" : "▲ Warning";
  item.append(sign, " ", place, " ", message(problem));
  return item;
}
