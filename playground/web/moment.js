// Everything about one moment.

const byId = (id) => document.getElementById(id);

export function createMoment(goTo) {
  return {
    show(instant) {
      byId("now").textContent = instant.offset;
      byId("now").title = instant.clock;
      byId("when").setAttribute("aria-valuetext", `${instant.offset}: ${instant.row?.status ?? "gone"}`);
      byId("row").replaceChildren(row(instant));
      byId("why").replaceChildren(explanation(instant.explanation), waits(instant.waits, goTo));
      byId("events").replaceChildren(events(instant.events));
      byId("tab-events").textContent = `Events (${instant.events.length})`;
      byId("describe").textContent = instant.describe || GONE;
      byId("status").textContent = instant.status || GONE;
    },
  };
}

const GONE = "The object is gone from the API.";

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** What `kubectl get pods` prints. */
function row({ row }) {
  if (!row) return element("p", { className: "gone" }, GONE);
  const columns = Object.entries(row);
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

function waits(waits, goTo) {
  const title = element("h3", {}, "Waited for");
  if (!waits.length) return element("div", { className: "waits" }, title, element("p", {}, "Nothing of its own accord."));
  const items = waits.map(({ what, when, seconds }) => {
    if (seconds === null) return element("li", {}, what);
    const there = element("button", { type: "button", title: "Go there" }, when);
    there.addEventListener("click", () => goTo(seconds));
    return element("li", {}, there, " ", what);
  });
  return element("div", { className: "waits" }, title, element("ul", {}, ...items));
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
