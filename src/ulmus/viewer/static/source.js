// Programs as text: a quiet colouring of Python, and diffs. Everything becomes text nodes.

import { el } from "./dom.js";

const KEYWORDS = new Set(
  ("and as assert async await break class continue def del elif else except finally for from global if import in " +
    "is lambda nonlocal not or pass raise return try while with yield True False None").split(" "),
);
const TOKEN = /(#.*)|("""(?:.*?"""|.*)|'''(?:.*?'''|.*)|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\b\d[\w.]*)|([A-Za-z_]\w*)/g;

export function colouredLine(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [token, comment, string, digits, name] = found;
    const kind = comment ? "c" : string ? "s" : digits ? "n" : KEYWORDS.has(name) ? "k" : null;
    if (!kind) continue;
    if (found.index > end) parts.push(text.slice(end, found.index));
    parts.push(el("span", { class: kind }, token));
    end = found.index + token.length;
  }
  parts.push(text.slice(end));
  return parts;
}

export function sourceView(lines, label) {
  const rows = lines.map((line) => el("span", { class: "line" }, ...colouredLine(line), "\n"));
  return el("pre", { class: "source", tabindex: "0", "aria-label": label }, el("code", {}, ...rows));
}

const KIND = { "+": "added", "-": "removed", " ": "same", "@": "gap" };

export function diffView(lines, label) {
  const rows = lines.map(([sign, line, text]) =>
    el(
      "span",
      { class: `line ${KIND[sign]}` },
      el("span", { class: "number" }, sign === "@" ? "" : String(line)),
      el("span", { class: "sign" }, sign === "@" ? "\u22ef" : sign === "-" ? "\u2212" : sign),
      ...colouredLine(text),
      "\n",
    ),
  );
  return el("pre", { class: "source diff", tabindex: "0", "aria-label": label }, el("code", {}, ...rows));
}
