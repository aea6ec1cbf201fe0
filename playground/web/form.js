// Form for the common parts of the script. It shows the YAML, and writes into it.

const ACTIONS = {
  delete: "kubectl delete", forceDelete: "kubectl delete --force", evict: "node evicts the Pod",
  preempt: "Pod is preempted", shutdown: "node shuts down", kubeletRestart: "kubelet restarts",
  nodeLost: "node becomes unreachable", nodeRecovered: "node is reachable again",
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
    /** Disables the form until the new text has been played. */
    wait() {
      parent.inert = true;
    },
    show(next) {
      // While the text cannot be read, the last form stays, disabled.
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
  return make("p", { className: "note" }, "The form is available once manifest and YAML can be read.");
}

function sections(form, changed, restructured) {
  const containers = form.containers.map((container) => containerPart(container, changed, restructured));
  return [...containers, actionsPart(form, restructured, changed), scenarioPart(form, changed)];
}

function containerPart(container, changed, restructured) {
  const name = make("legend", {}, make("code", {}, container.name), container.kind ? ` (${container.kind})` : "");
  const runs = container.runs.map((run, place) => runPart(container, run, place, changed, restructured));
  const more = button("Add another run", () => {
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
    number("exits after (s)", run.exitsAfter, set("exitsAfter", null), "never"),
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

function actionsPart(form, restructured, changed) {
  const lines = form.actions.map((action, place) => make("div", { className: "line" },
    number("at (s)", action.t, (value) => { action.t = value ?? 0; changed(); }),
    choice("what", action.op, ACTIONS, (value) => { action.op = value; changed(); }),
    button("Remove", () => { form.actions.splice(place, 1); restructured(); }, "Remove this action")));
  const more = button("Add", () => {
    form.actions.push({ t: (form.actions.at(-1)?.t ?? 30) + 30, op: "delete" });
    restructured();
  }, "Add an action");
  const others = form.otherActions ? [make("p", { className: "note" }, `${form.otherActions} more in the YAML.`)] : [];
  return make("fieldset", {}, make("legend", {}, "Actions"), ...lines, ...others, more);
}

function scenarioPart(form, changed) {
  const end = number("Scenario ends after (s)", form.endSeconds, (value) => { form.endSeconds = value; changed(); }, "600");
  const box = make("input", { type: "checkbox", checked: form.realNode });
  box.addEventListener("change", () => { form.realNode = box.checked; changed(); });
  const real = make("label", { className: "field check" }, box, "kubelet polls the runtime once per second, as on a real node");
  const versions = Object.fromEntries(form.versions.map((version) => [version, version]));
  const kubelet = choice("Kubernetes", form.kubernetes, versions, (version) => { form.kubernetes = version; changed(); });
  return make("div", { className: "line script" }, end, kubelet, real);
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
