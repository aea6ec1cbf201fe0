// YAML editor that marks problems at their lines.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Transaction } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

// Tab moves the focus, as everywhere else on the page.
const setup = [
  lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), foldGutter(), drawSelection(),
  indentOnInput(), indentUnit.of("  "), bracketMatching(), highlightActiveLine(), highlightSelectionMatches(),
  syntaxHighlighting(classHighlighter), yaml(), lintGutter(),
  keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap]),
];

export function createEditor(parent, label, onChange) {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        setup,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && onChange()),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText(text) {
      if (text === view.state.doc.toString()) return;
      const changes = { from: 0, to: view.state.doc.length, insert: text };
      view.dispatch({ changes, annotations: Transaction.addToHistory.of(true), selection: { anchor: 0 } });
    },
    mark(problems) {
      view.dispatch(setDiagnostics(view.state, problems.map((problem) => diagnostic(view.state.doc, problem))));
    },
    goTo(line) {
      const { from } = lineAt(view.state.doc, line);
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    /** Measures the editor again after it was hidden. */
    refresh: () => view.requestMeasure(),
  };
}

function lineAt(doc, number) {
  return doc.line(Math.min(Math.max(number, 1), doc.lines));
}

function diagnostic(doc, problem) {
  const line = lineAt(doc, problem.line);
  const indent = line.text.length - line.text.trimStart().length;
  return {
    from: line.from + indent,
    to: line.to,
    severity: problem.severity,
    message: problem.message,
    renderMessage: () => message(problem),
  };
}

/** Returns a problem's message with its link. */
export function message(problem) {
  const text = document.createElement("span");
  text.textContent = problem.message;
  if (problem.see) {
    const link = document.createElement("a");
    Object.assign(link, { href: problem.see, textContent: "documentation", rel: "noreferrer", target: "_blank" });
    text.append(" — ", link);
  }
  return text;
}
