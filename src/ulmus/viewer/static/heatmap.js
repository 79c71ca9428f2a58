// The map: one large heat map, and a strip of small ones, one per bin of the third axis, which
// choose what the large one shows.

import { heat, heatGradient } from "./colour.js";
import { el, hideTip, number, showTip, svg, ticks, withUnit } from "./dom.js";

export function binsOf(measures, cell) {
  const bins = [];
  for (const measure of [...measures].reverse()) {
    bins.unshift(cell % measure.bins);
    cell = Math.floor(cell / measure.bins);
  }
  return bins;
}

function edge(measure, bin) {
  return measure.low + (bin * (measure.high - measure.low)) / measure.bins;
}

export function rangeText(measure, bin) {
  const from = number(edge(measure, bin)), to = withUnit(edge(measure, bin + 1), measure.unit);
  return bin === measure.bins - 1 ? `${measure.name} from ${from} on` : `${measure.name} ${from} to ${to}`;
}

// The best elite of every (row, column), all other axes free or the third one fixed.
function projection(elites, slice) {
  const best = new Map();
  for (const elite of elites) {
    const [row, column = 0, depth = 0] = elite.bins;
    if (slice !== null && depth !== slice) continue;
    const key = `${row},${column}`;
    const rival = best.get(key);
    if (!rival || elite.fitness > rival.fitness) best.set(key, elite);
  }
  return best;
}

export class HeatMap {
  // page: the data, with low and high if the colours are shared with another map; choose(elite): called
  // when somebody picks a cell. An elite without measures is told by the ranges of its bins.
  constructor(page, choose) {
    this.page = page;
    this.choose = choose;
    const one = { name: "", unit: "", low: 0, high: 1, bins: 1 };
    [this.rows, this.columns, this.depth] = [page.measures[0], page.measures[1] ?? one, page.measures[2] ?? null];
    const values = page.elites.map((elite) => elite.fitness);
    this.low = page.low ?? Math.min(0, ...values);
    this.high = page.high ?? Math.max(...values, this.low + 1e-9);
    this.slice = null;
    this.chosen = null;
    this.holder = el("div", { class: "map-holder" });
    this.strip = this.depth ? el("div", { class: "strip", role: "group", "aria-label": `slices by ${this.depth.name}` }) : null;
    this.node = el("div", { class: "map" }, this.holder, this.legend(), this.strip);
    this.draw();
    if (this.strip) this.drawStrip();
  }

  share(fitness) {
    return (fitness - this.low) / (this.high - this.low);
  }

  draw() {
    const { rows, columns } = this;
    const size = 40, left = 52, bottom = 46, top = 12;
    const width = columns.bins * size, height = rows.bins * size;
    const picture = svg("svg", {
      viewBox: `0 0 ${left + width + 14} ${top + height + bottom}`, role: "grid",
      "aria-label": `map of ${rows.name} and ${columns.name}`, class: "heat",
    });
    const best = projection(this.page.elites, this.slice);
    for (let r = 0; r < rows.bins; r++) {
      for (let c = 0; c < columns.bins; c++) {
        const elite = best.get(`${r},${c}`);
        const box = { x: left + c * size + 1, y: top + height - (r + 1) * size + 1, width: size - 2, height: size - 2, rx: 3 };
        picture.append(elite ? this.cell(box, elite) : svg("rect", { ...box, class: "empty" }));
      }
    }
    this.axes(picture, { size, left, top, width, height });
    this.holder.replaceChildren(picture);
  }

  cell(box, elite) {
    const describe = (event) => showTip(event, ...this.lines(elite));
    return svg("rect", {
      ...box, class: elite.cell === this.chosen?.cell ? "cell chosen" : "cell", fill: heat(this.share(elite.fitness)),
      tabindex: "0", role: "gridcell", "aria-label": this.lines(elite).join(", "), "data-cell": elite.cell,
      onpointermove: describe, onpointerleave: hideTip, onfocus: describe, onblur: hideTip,
      onclick: () => this.pick(elite),
      onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), this.pick(elite)),
    });
  }

  lines(elite) {
    const { fitness, measures } = this.page;
    const head = `${fitness.name} ${withUnit(elite.fitness, fitness.unit)}`;
    if (!elite.measures) return [head, measures.map((measure, k) => rangeText(measure, elite.bins[k])).join(", ")];
    return [
      head,
      measures.map((measure, k) => `${measure.name} ${withUnit(elite.measures[k], measure.unit)}`).join(", "),
      `cell ${elite.cell}, program of ${number(elite.length)} characters`,
    ];
  }

  pick(elite) {
    this.mark(elite);
    this.choose(elite);
  }

  mark(elite) {
    this.chosen = elite;
    for (const cell of this.holder.querySelectorAll(".cell")) {
      cell.classList.toggle("chosen", cell.dataset.cell === String(elite.cell));
    }
  }

  axes(picture, { size, left, top, width, height }) {
    const every = (measure) => Math.max(1, Math.ceil(measure.bins / 6));
    const text = (x, y, anchor, label) => picture.append(svg("text", { x, y, "text-anchor": anchor, class: "axis" }, label));
    for (let r = 0; r <= this.rows.bins; r += every(this.rows)) text(left - 6, top + height - r * size + 5, "end", number(edge(this.rows, r)));
    if (!this.columns.name) return;
    for (let c = 0; c <= this.columns.bins; c += every(this.columns)) text(left + c * size, top + height + 18, "middle", number(edge(this.columns, c)));
    const named = (measure) => (measure.unit ? `${measure.name} (${measure.unit})` : measure.name);
    text(left + width / 2, top + height + 39, "middle", named(this.columns));
    picture.append(svg("text", { class: "axis", "text-anchor": "middle", transform: `translate(13 ${top + height / 2}) rotate(-90)` }, named(this.rows)));
  }

  legend() {
    const bar = el("div", { class: "legend-bar" });
    bar.style.background = heatGradient();
    const { name, unit } = this.page.fitness;
    const marks = ticks(this.low, this.high, 4).map((value) => {
      const mark = el("span", {}, number(value));
      mark.style.left = `${100 * this.share(value)}%`;
      return mark;
    });
    return el(
      "div", { class: "legend" },
      el("span", { class: "legend-name" }, unit ? `${name} (${unit})` : name),
      el("div", { class: "legend-scale" }, bar, el("div", { class: "legend-marks" }, ...marks)),
      el("span", { class: "legend-empty" }, el("i", {}), "empty"),
    );
  }

  drawStrip() {
    const choices = [null, ...Array(this.depth.bins).keys()];
    this.strip.replaceChildren(...choices.map((slice) => this.thumbnail(slice)));
  }

  thumbnail(slice) {
    const best = projection(this.page.elites, slice);
    const dot = 4;
    const canvas = el("canvas", { width: this.columns.bins * dot, height: this.rows.bins * dot });
    const context = canvas.getContext("2d");
    for (const elite of best.values()) {
      const [row, column = 0] = elite.bins;
      context.fillStyle = heat(this.share(elite.fitness));
      context.fillRect(column * dot, (this.rows.bins - 1 - row) * dot, dot, dot);
    }
    const from = slice === null ? null : number(edge(this.depth, slice));
    const name = slice === null ? "all" : slice === this.depth.bins - 1 ? `${from}+` : `${from}\u2013${number(edge(this.depth, slice + 1))}`;
    return el(
      "button",
      {
        type: "button", "aria-pressed": String(slice === this.slice),
        title: slice === null ? `best over all ${this.depth.name}` : rangeText(this.depth, slice),
        onclick: (event) => this.showSlice(slice, event.currentTarget),
      },
      canvas, el("span", {}, name),
    );
  }

  showSlice(slice, button) {
    this.slice = slice;
    for (const other of this.strip.children) other.setAttribute("aria-pressed", String(other === button));
    this.draw();
  }
}
