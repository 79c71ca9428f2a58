// Operators, time by part, and what the run is.

import { duration, el, number, percent } from "./dom.js";

const KINDS = [
  ["new", "new cell"], ["improved", "improved"], ["kept_out", "kept out"],
  ["invalid", "invalid"], ["duplicate", "duplicate"], ["refused", "refused"],
];

export function operatorsView(operators) {
  const head = el("tr", {}, el("th", { scope: "col" }, "operator"), el("th", { scope: "col", class: "num" }, "proposals"),
    ...KINDS.map(([, name]) => el("th", { scope: "col", class: "num" }, name)));
  const rows = operators.flatMap((operator) => [
    el("tr", {}, el("th", { scope: "row" }, operator.name), el("td", { class: "num" }, number(operator.proposals)),
      ...KINDS.map(([kind]) => el("td", { class: "num" }, share(operator[kind], operator.proposals)))),
    el("tr", { class: "under" }, el("td", { colspan: String(KINDS.length + 2) }, bar(operator), reasons(operator))),
  ]);
  return el("div", { class: "scroll" }, el("table", { class: "operators" }, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function share(count, total) {
  return el("span", { title: `${number(count)} of ${number(total)}` }, total && count ? percent(count / total) : "\u2013");
}

function bar(operator) {
  const parts = KINDS.filter(([kind]) => operator[kind]).map(([kind, name]) => {
    const part = el("i", { class: `bar-${kind}`, title: `${name}: ${number(operator[kind])}` });
    part.style.flexGrow = operator[kind];
    return part;
  });
  return el("div", { class: "bar", "aria-hidden": "true" }, ...parts);
}

function reasons(operator) {
  if (!operator.reasons.length) return null;
  const items = operator.reasons.map(([reason, count]) => el("li", {}, el("code", {}, reason), ` ${number(count)}`));
  if (operator.other_reasons) items.push(el("li", {}, `other reasons ${number(operator.other_reasons)}`));
  return el("details", {}, el("summary", {}, "why programs were invalid or refused"), el("ul", { class: "reasons" }, ...items));
}

export function partsView(page) {
  const parts = Object.entries(page.parts).sort((a, b) => b[1] - a[1]);
  const total = parts.reduce((sum, [, seconds]) => sum + seconds, 0) || 1;
  const rows = parts.map(([name, seconds]) => {
    const fill = el("i", {});
    fill.style.width = `${(100 * seconds) / total}%`;
    return el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "meter" }, fill),
      el("td", { class: "num" }, duration(seconds)), el("td", { class: "num" }, percent(seconds / total)),
      el("td", { class: "num" }, `${number((1000 * seconds) / Math.max(1, page.figures.evaluations))}\u202fms`));
  });
  const head = el("tr", {}, ...["part", "", "time", "share", "per evaluation"].map((name, k) =>
    el("th", { scope: "col", class: k > 1 ? "num" : null }, name)));
  return el("div", { class: "scroll" }, el("table", { class: "parts" }, el("thead", {}, head), el("tbody", {}, ...rows)));
}

export function manifestView(manifest) {
  const groups = Object.entries(manifest).filter(([key]) => key !== "measures").map(([key, value]) =>
    el("div", {}, el("h3", {}, key), value !== null && typeof value === "object" && !Array.isArray(value) ? pairs(value) : el("p", {}, plain(value))));
  return el("div", { class: "manifest" }, ...groups);
}

function pairs(value) {
  return el("dl", {}, ...Object.entries(value).flatMap(([key, item]) => [el("dt", {}, key), el("dd", {}, plain(item))]));
}

function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
