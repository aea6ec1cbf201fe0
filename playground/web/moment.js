// Panels with the Pod's state at the selected time.

const byId = (id) => document.getElementById(id);

export function createMoment(goTo) {
  return {
    show(instant) {
      byId("now").textContent = instant.offset;
      byId("now").title = instant.clock;
      byId("when").setAttribute("aria-valuetext", `${instant.offset}: ${instant.row?.status ?? "deleted"}`);
      byId("row").replaceChildren(row(instant));
      byId("why").replaceChildren(explanation(instant.explanation), upcoming(instant.upcoming, goTo));
      byId("events").replaceChildren(events(instant.events));
      byId("tab-events").textContent = `Events (${instant.events.length})`;
      byId("describe").textContent = instant.describe || GONE;
      byId("status").textContent = instant.status || GONE;
    },
  };
}

const GONE = "The object has been deleted from the API server.";

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Output of `kubectl get pods`. */
function row({ row }) {
  if (!row) return element("p", { className: "gone" }, GONE);
  const columns = ["name", "ready", "status", "restarts", "age"].map((name) => [name, row[name]]);
  const heads = columns.map(([name]) => element("th", { scope: "col" }, name.toUpperCase()));
  const cells = columns.map(([name, value]) => element("td", { className: name }, value));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)));
  table.append(element("tbody", {}, element("tr", {}, ...cells)));
  return table;
}

function explanation(lines) {
  const list = element("div", { className: "explanation" });
  lines.forEach((line, place) => {
    const [, title, rest] = /^([A-Z][a-z ]+): (.*)$/.exec(line) ?? [];
    if (place === 0 || !title) list.append(element("p", { className: place === 0 ? "state" : "" }, line));
    else list.append(element("p", {}, element("b", {}, title), " ", rest));
  });
  return list;
}

function upcoming(steps, goTo) {
  const title = element("h3", {}, "Coming up");
  if (!steps.length) return element("div", { className: "upcoming" }, title, element("p", {}, "Nothing is scheduled."));
  const items = steps.map(({ what, when, seconds }) => {
    if (seconds === null) return element("li", {}, what);
    const there = element("button", { type: "button", title: "Go to this time" }, when);
    there.addEventListener("click", () => goTo(seconds));
    return element("li", {}, there, " ", what);
  });
  return element("div", { className: "upcoming" }, title, element("ul", {}, ...items));
}

function events(events) {
  if (!events.length) return element("p", {}, "No events so far.");
  const heads = ["Last seen", "Type", "Reason", "Container", "Message"];
  const table = element("table", { className: "events" });
  table.append(element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))));
  const rows = events.map((event) => {
    const last = event.count > 1 ? `${event.last} (×${event.count})` : event.last;
    const cells = [last, event.type, event.reason, event.container ?? "", event.message];
    return element("tr", { className: event.type }, ...cells.map((cell) => element("td", {}, cell)));
  });
  table.append(element("tbody", {}, ...rows));
  return table;
}
