// A form for the common things that happen. It shows what the text says, and writes into the text.

const DEEDS = {
  delete: "kubectl delete", forceDelete: "kubectl delete --force", evict: "the node evicts it",
  preempt: "it is preempted", shutdown: "the node shuts down", kubeletRestart: "the kubelet restarts",
  nodeLost: "the node is lost", nodeRecovered: "the node is back",
};

export function createForm(parent, onChange) {
  let form = null;
  const changed = () => onChange(form);
  const restructured = () => {
    render();
    changed();
  };
  function render() {
    parent.replaceChildren(...(form ? sections(form, changed, restructured) : [unreadable()]));
  }
  parent.addEventListener("submit", (event) => event.preventDefault());
  return {
    /** What it shows is about to change. */
    wait() {
      parent.inert = true;
    },
    show(next) {
      // What cannot be read right now will be soon: the form waits.
      const waits = !next && form;
      parent.inert = Boolean(waits);
      parent.classList.toggle("old", Boolean(waits));
      if (waits || (JSON.stringify(next) === JSON.stringify(form) && parent.hasChildNodes())) return;
      form = next;
      render();
    },
  };
}

function unreadable() {
  return make("p", { className: "note" }, "The form comes back when manifest and YAML can be read.");
}

function sections(form, changed, restructured) {
  const containers = form.containers.map((container) => containerPart(container, changed, restructured));
  return [...containers, deedsPart(form, restructured, changed), storyPart(form, changed)];
}

function containerPart(container, changed, restructured) {
  const name = make("legend", {}, make("code", {}, container.name), container.kind ? ` (${container.kind})` : "");
  const runs = container.runs.map((run, place) => runPart(container, run, place, changed, restructured));
  const more = button("Add a run", () => {
    container.runs.push({ ...container.runs.at(-1) });
    restructured();
  });
  return make("fieldset", {}, name, imagePart(container, changed, restructured), ...runs, more);
}

function imagePart(container, changed, restructured) {
  const isThere = container.pullSeconds === null;
  const there = choice("Image", isThere ? "there" : "pulled", { there: "is on the node", pulled: "is pulled" }, (value) => {
    container.pullSeconds = value === "there" ? null : 10;
    restructured();
  });
  const line = make("div", { className: "line" }, there);
  if (!isThere) {
    line.append(
      number("in (s)", container.pullSeconds, (value) => { container.pullSeconds = value ?? 0; changed(); }),
      number("after failures", container.pullFailures, (value) => { container.pullFailures = Math.round(value ?? 0); changed(); }),
    );
  }
  return line;
}

function runPart(container, run, place, changed, restructured) {
  const isLast = place === container.runs.length - 1;
  const which = container.runs.length === 1 ? "Every run" : isLast ? `Run ${place + 1} and later` : `Run ${place + 1}`;
  const set = (key, otherwise) => (value) => { run[key] = value ?? otherwise; changed(); };
  const first = make("div", { className: "line" }, make("span", { className: "which" }, which),
    number("ends after (s)", run.exitsAfter, set("exitsAfter", null), "never"),
    number("exit code", run.exitCode, (value) => { run.exitCode = Math.round(value ?? 0); changed(); }),
    number("after SIGTERM (s)", run.afterSigterm, set("afterSigterm", null), "ignores it"));
  if (container.runs.length > 1) {
    first.append(button("Remove", () => { container.runs.splice(place, 1); restructured(); }, `Remove ${which}`));
  }
  const probes = container.probes.map((probe) => {
    const key = `${probe}Fails`;
    return text(`${probe} fails (s)`, run[key], (value) => { run[key] = value; changed(); }, "never; 0-12, 60-");
  });
  return make("div", { className: "run" }, first, ...(probes.length ? [make("div", { className: "line" }, ...probes)] : []));
}

function deedsPart(form, restructured, changed) {
  const lines = form.deeds.map((deed, place) => make("div", { className: "line" },
    number("at (s)", deed.t, (value) => { deed.t = value ?? 0; changed(); }),
    choice("what", deed.op, DEEDS, (value) => { deed.op = value; changed(); }),
    button("Remove", () => { form.deeds.splice(place, 1); restructured(); }, "Remove this deed")));
  const more = button("Add", () => {
    form.deeds.push({ t: (form.deeds.at(-1)?.t ?? 30) + 30, op: "delete" });
    restructured();
  }, "Add a deed");
  const others = form.otherDeeds ? [make("p", { className: "note" }, `And ${form.otherDeeds} more in the YAML.`)] : [];
  return make("fieldset", {}, make("legend", {}, "Done to the Pod"), ...lines, ...others, more);
}

function storyPart(form, changed) {
  const end = number("The story ends after (s)", form.endSeconds, (value) => { form.endSeconds = value; changed(); }, "600");
  const box = make("input", { type: "checkbox", checked: form.realNode });
  box.addEventListener("change", () => { form.realNode = box.checked; changed(); });
  const real = make("label", { className: "field check" }, box, "the kubelet polls once a second, as on a real node");
  return make("div", { className: "line story" }, end, real);
}

function number(label, value, onInput, placeholder = "") {
  const input = make("input", { type: "number", min: 0, step: "any", value: value ?? "", placeholder, inputMode: "decimal" });
  input.addEventListener("input", () => onInput(input.value === "" ? null : Math.max(0, input.valueAsNumber)));
  return make("label", { className: "field" }, label, input);
}

function text(label, value, onInput, placeholder) {
  const input = make("input", { type: "text", value, placeholder });
  input.addEventListener("input", () => onInput(input.value));
  return make("label", { className: "field" }, label, input);
}

function choice(label, value, options, onChange) {
  const select = make("select", {});
  select.append(...Object.entries(options).map(([key, says]) => new Option(says, key, false, key === value)));
  select.addEventListener("change", () => onChange(select.value));
  return make("label", { className: "field" }, label, select);
}

function button(says, onClick, label = says) {
  const made = make("button", { type: "button", ariaLabel: label }, says);
  made.addEventListener("click", onClick);
  return made;
}

function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
