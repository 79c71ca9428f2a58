// The film of descent: every generation from the seed to the champion, with its diff and its
// moving walker. The curve of fitness is the scrubber.

import { el, number, svg, withUnit } from "./dom.js";
import { diffView } from "./source.js";
import { playButton, Stage } from "./stage.js";

const SCENE_S = 4;
const NUM_HIGHLIGHTS = 14;

// The generations that gained most, in order, with the seed and the champion.
export function highlights(steps) {
  let best = -Infinity;
  const gains = steps.map((step, k) => {
    const gain = k ? step.fitness - best : Infinity;
    best = Math.max(best, step.fitness);
    return [k, k === steps.length - 1 ? Infinity : gain];
  });
  return gains.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, NUM_HIGHLIGHTS).map(([k]) => k).sort((a, b) => a - b);
}

// A line without length and with round ends: stays round however the chart is stretched.
function dot(x, y) {
  return `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
}

export class FilmView {
  constructor(page, world) {
    this.page = page;
    this.steps = page.descent;
    this.scenes = highlights(this.steps).filter((k) => !world || page.bodies[this.steps[k].program]);
    this.at = this.steps.length - 1;
    this.rolling = false;
    this.stage = world ? new Stage(world, { label: "the walker of this generation", onEnd: () => this.rolling && this.roll() }) : null;
    this.words = el("div", { class: "film-words", "aria-live": "polite" });
    this.diff = el("div", { class: "film-diff" });
    this.slider = el("input", {
      type: "range", min: "0", max: String(this.steps.length - 1), "aria-label": "generation",
      oninput: () => (this.stop(), this.go(Number(this.slider.value))),
    });
    this.chart = this.fitnessChart();
    this.button = el("button", { type: "button", class: "primary", onclick: () => (this.rolling ? this.stop() : this.start()) }, "Play the descent");
    const step = (by, label, text) => el("button", { type: "button", "aria-label": label, onclick: () => (this.stop(), this.go(this.at + by)) }, text);
    const controls = el("div", { class: "controls" },
      this.stage && this.scenes.length ? this.button : null, step(-1, "generation before", "\u2190"), step(1, "next generation", "\u2192"),
      this.stage ? playButton([this.stage]) : null);
    this.node = el("div", { class: "film" },
      el("div", { class: "film-chart" }, this.chart, this.slider), controls,
      el("div", { class: "film-pair" }, el("div", {}, this.words, this.stage?.canvas), this.diff));
    this.go(this.at);
  }

  start() {
    this.rolling = true;
    this.button.textContent = "Stop";
    this.stage.seconds = SCENE_S;
    this.stage.playing = true;
    this.scene = 0;
    this.go(this.scenes[0]);
  }

  roll() {
    this.scene += 1;
    if (this.scene >= this.scenes.length) return this.stop();
    const last = this.scene === this.scenes.length - 1;
    this.stage.seconds = last ? this.stage.world.laws.run_s : SCENE_S;
    return this.go(this.scenes[this.scene]);
  }

  stop() {
    if (!this.stage) return;
    this.rolling = false;
    this.button.textContent = "Play the descent";
    this.stage.seconds = this.stage.world.laws.run_s;
  }

  go(wanted) {
    this.at = Math.min(this.steps.length - 1, Math.max(0, wanted));
    const step = this.steps[this.at];
    const { fitness, measures } = this.page;
    this.slider.value = String(this.at);
    this.slider.setAttribute("aria-valuetext", `generation ${this.at}, ${fitness.name} ${withUnit(step.fitness, fitness.unit)}`);
    this.marker.setAttribute("d", dot(this.px(this.at), this.py(step.fitness)));
    const made = this.at ? `${step.operator}${step.note ? `: ${step.note}` : ""}` : "the seed program";
    this.words.replaceChildren(
      el("h3", {}, `Generation ${this.at} of ${this.steps.length - 1}`, el("span", {}, withUnit(step.fitness, fitness.unit))),
      el("p", { class: "note" }, made),
      el("p", { class: "quiet" }, measures.map((measure, k) => `${measure.name} ${withUnit(step.measures[k], measure.unit)}`).join(" \u00b7 "),
        ` \u00b7 cell ${step.cell} \u00b7 step ${number(step.number)}`),
    );
    this.diff.replaceChildren(step.diff.length
      ? diffView(step.diff, this.at ? "changes against the generation before" : "the seed program")
      : el("p", { class: "quiet" }, "The text did not change."));
    if (this.stage) this.stage.show(this.page.bodies[step.program] ?? null);
  }

  fitnessChart() {
    const values = this.steps.map((step) => step.fitness);
    const low = Math.min(0, ...values), high = Math.max(...values, low + 1e-9);
    const width = 1000, height = 120, pad = 10;
    this.px = (k) => pad + (k / Math.max(1, this.steps.length - 1)) * (width - 2 * pad);
    this.py = (value) => height - pad - ((value - low) / (high - low)) * (height - 2 * pad);
    const path = values.map((value, k) => `${k ? "L" : "M"}${this.px(k).toFixed(1)} ${this.py(value).toFixed(1)}`).join("");
    this.marker = svg("path", { class: "spot here", "vector-effect": "non-scaling-stroke" });
    const seek = (event) => {
      const box = picture.getBoundingClientRect();
      const place = (((event.clientX - box.left) / box.width) * width - pad) / (width - 2 * pad);
      this.stop();
      this.go(Math.round(place * (this.steps.length - 1)));
    };
    const picture = svg("svg", {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true", onpointerdown: seek,
      onpointermove: (event) => event.buttons && seek(event),
    }, svg("path", { d: `${path}L${this.px(values.length - 1)} ${height - pad}L${this.px(0)} ${height - pad}Z`, class: "area" }),
    svg("path", { d: path, class: "curve", "vector-effect": "non-scaling-stroke" }),
    ...this.scenes.map((k) => svg("path", { d: dot(this.px(k), this.py(values[k])), class: "spot", "vector-effect": "non-scaling-stroke" })), this.marker);
    return picture;
  }
}
