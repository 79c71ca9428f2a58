// Charts of several curves with the spread around them, and a reading line.

import { el, number, svg, ticks } from "./dom.js";

const SIZE = { width: 520, height: 220, left: 58, right: 12, top: 12, bottom: 42 };

// title; across: name of the x axis; format: of a value; low: lowest value shown.
// curves: [{ name, points: [[x, y, low, high], ...] }], low and high only where there is a spread.
export function seriesChart(title, across, curves, { format = number, low = null } = {}) {
  const all = curves.flatMap((curve) => curve.points);
  const last = Math.max(1, ...all.map((point) => point[0]));
  const values = all.flatMap((point) => point.slice(1)).filter((value) => Number.isFinite(value));
  const from = low ?? Math.min(...values);
  const span = values.reduce((widest, value) => Math.max(widest, value - from), 0);
  const to = from + (span || 1) * 1.05;
  const px = (x) => SIZE.left + (x / last) * (SIZE.width - SIZE.left - SIZE.right);
  const py = (y) => SIZE.height - SIZE.bottom - ((y - from) / (to - from)) * (SIZE.height - SIZE.top - SIZE.bottom);
  const picture = svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", "aria-label": `${title}: ${endings(curves, format)}` });
  seriesAxes(picture, { across, last, from, to, px, py, format });
  curves.forEach((curve, k) => drawBand(picture, curve.points, k, px, py));
  curves.forEach((curve, k) => drawCurve(picture, curve.points, k, px, py));
  const line = svg("line", { y1: SIZE.top, y2: SIZE.height - SIZE.bottom, class: "reading", visibility: "hidden" });
  picture.append(line);
  const readings = curves.map(() => el("span", {}));
  const read = (x) => {
    line.setAttribute("visibility", x === null ? "hidden" : "visible");
    if (x !== null) for (const name of ["x1", "x2"]) line.setAttribute(name, px(Math.min(last, Math.max(0, x))));
    curves.forEach((curve, k) => {
      const point = x === null ? curve.points.at(-1) : nearestPoint(curve.points, x);
      readings[k].textContent = point ? ` ${format(point[1])}` : "";
    });
  };
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    read(((((event.clientX - box.left) / box.width) * SIZE.width - SIZE.left) / (SIZE.width - SIZE.left - SIZE.right)) * last);
  });
  picture.addEventListener("pointerleave", () => read(null));
  read(null);
  const keys = curves.map((curve, k) => el("span", { class: `key key-${k % 5}` }, el("i", {}), curve.name, readings[k]));
  return el("figure", { class: "series" }, el("figcaption", {}, title), picture, el("p", { class: "keys" }, ...keys));
}

function endings(curves, format) {
  return curves.map((curve) => `${curve.name} ends at ${curve.points.length ? format(curve.points.at(-1)[1]) : "nothing"}`).join(", ");
}

function seriesAxes(picture, { across, last, from, to, px, py, format }) {
  for (const value of ticks(from, to, 4)) {
    picture.append(svg("line", { x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: py(value), y2: py(value), class: "grid" }));
    picture.append(svg("text", { x: SIZE.left - 8, y: py(value) + 4, "text-anchor": "end", class: "axis" }, format(value)));
  }
  for (const value of ticks(0, last, 4).filter(Number.isInteger)) {
    picture.append(svg("text", { x: px(value), y: SIZE.height - 24, "text-anchor": px(value) > SIZE.width - 40 ? "end" : "middle", class: "axis" }, number(value)));
  }
  picture.append(svg("text", { x: (SIZE.left + SIZE.width - SIZE.right) / 2, y: SIZE.height - 5, "text-anchor": "middle", class: "axis" }, across));
}

function drawBand(picture, points, k, px, py) {
  const spread = points.filter((point) => point.length > 3);
  if (spread.length < 2) return;
  const upper = spread.map(([x, , , high]) => place(px(x), py(high)));
  const lower = spread.map(([x, , low]) => place(px(x), py(low))).reverse();
  picture.append(svg("path", { d: `M${[...upper, ...lower].join("L")}Z`, class: `band band-${k % 5}` }));
}

function drawCurve(picture, points, k, px, py) {
  if (!points.length) return;
  const path = points.map(([x, y]) => place(px(x), py(y))).join("L");
  const alone = points.length === 1;
  picture.append(svg("path", { d: alone ? `M${path}h0` : `M${path}`, class: `trace trace-${k % 5}${alone ? " alone" : ""}` }));
}

function place(x, y) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

function nearestPoint(points, x) {
  return points.reduce((best, point) => (best === null || Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best), null);
}
