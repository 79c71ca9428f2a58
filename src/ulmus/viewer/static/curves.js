// Curves over the evaluations, as small charts with one reading line that runs through all.

import { el, number, percent, svg, ticks } from "./dom.js";

const WIDTH = 520, HEIGHT = 190, LEFT = 58, RIGHT = 10, TOP = 12, BOTTOM = 28, NUM_SHARES = 48;

export function curvesView(page) {
  const { name, unit } = page.fitness;
  const [x, cells, score, best, valid] = [0, 1, 2, 3, 4].map((k) => page.curve.map((point) => point[k]));
  const charts = [
    chart("Cells", x, cells, number),
    chart("QD score", x, score, number),
    chart(`Best ${name}${unit ? ` (${unit})` : ""}`, x, best, number),
    chart("Valid share", ...thinned(x, valid, NUM_SHARES), percent, 1),
  ];
  const read = (evaluations) => charts.forEach((each) => each.read(evaluations));
  charts.forEach((each) => each.listen(read));
  return el("div", { class: "charts" }, ...charts.map((each) => each.node));
}

// The mean over groups of neighbours, at the end of each group: shares of few programs are noise.
function thinned(x, y, most) {
  const size = Math.ceil(y.length / most) || 1;
  const ends = x.map((_, k) => k).filter((k) => (k + 1) % size === 0 || k === x.length - 1);
  const mean = (end) => {
    const group = y.slice(Math.max(0, end - size + 1), end + 1);
    return group.reduce((sum, value) => sum + value, 0) / group.length;
  };
  return [ends.map((k) => x[k]), ends.map(mean)];
}

function chart(title, x, y, format, top = null) {
  const last = x.at(-1) ?? 1;
  const low = Math.min(0, ...y);
  const high = top ?? Math.max(...y, low + 1e-9) * 1.04;
  const px = (value) => LEFT + (value / last) * (WIDTH - LEFT - RIGHT);
  const py = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ends at ${format(y.at(-1) ?? 0)}` });
  for (const value of ticks(low, high, 4)) {
    picture.append(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: py(value), y2: py(value), class: "grid" }));
    picture.append(svg("text", { x: LEFT - 8, y: py(value) + 4, "text-anchor": "end", class: "axis" }, format(value)));
  }
  for (const value of ticks(0, last, 4)) {
    const anchor = px(value) > WIDTH - 40 ? "end" : "middle";
    picture.append(svg("text", { x: Math.min(px(value), WIDTH - RIGHT), y: HEIGHT - 8, "text-anchor": anchor, class: "axis" }, number(value)));
  }
  const path = x.map((value, k) => `${k ? "L" : "M"}${px(value).toFixed(1)} ${py(y[k]).toFixed(1)}`).join("");
  picture.append(svg("path", { d: path, class: "curve" }));
  const line = svg("line", { y1: TOP, y2: HEIGHT - BOTTOM, class: "reading" });
  const dot = svg("circle", { r: 4, class: "dot" });
  picture.append(line, dot);
  const value = el("span", { class: "value" });
  const node = el("figure", {}, el("figcaption", {}, title, value), picture);
  const read = (evaluations) => {
    if (!x.length) return;
    const at = evaluations === null ? x.length - 1 : nearest(x, evaluations);
    value.textContent = evaluations === null ? format(y[at]) : `${format(y[at])} after ${number(x[at])}`;
    line.setAttribute("visibility", evaluations === null ? "hidden" : "visible");
    for (const name of ["x1", "x2"]) line.setAttribute(name, px(x[at]));
    dot.setAttribute("cx", px(x[at]));
    dot.setAttribute("cy", py(y[at]));
  };
  const listen = (all) => {
    picture.addEventListener("pointermove", (event) => {
      const box = picture.getBoundingClientRect();
      all((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT) * last);
    });
    picture.addEventListener("pointerleave", () => all(null));
  };
  read(null);
  return { node, read, listen };
}

function nearest(values, wanted) {
  let best = 0;
  values.forEach((value, k) => Math.abs(value - wanted) < Math.abs(values[best] - wanted) && (best = k));
  return best;
}
