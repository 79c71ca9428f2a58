// The best walkers of regions of the map that lie apart, all moving.

import { el, withUnit } from "./dom.js";
import { playButton, Stage } from "./stage.js";

export function galleryView(page, world, choose) {
  const stages = [];
  const cards = page.best.map((cell) => {
    const elite = page.elites.find((candidate) => candidate.cell === cell);
    const body = page.bodies[elite.program] ?? null;
    const stage = world && body ? new Stage(world, { compact: true, label: `walker of cell ${cell}` }) : null;
    if (stage) {
      stage.show(body);
      stages.push(stage);
    }
    const text = page.measures.map((measure, k) => `${measure.name} ${withUnit(elite.measures[k], measure.unit)}`).join(" \u00b7 ");
    return el(
      "button", { type: "button", class: "card", onclick: () => choose(elite) },
      stage ? stage.canvas : null,
      el("span", { class: "card-text" }, el("b", {}, withUnit(elite.fitness, page.fitness.unit)), ` cell ${cell}`, el("small", {}, text)),
    );
  });
  const controls = stages.length ? el("p", { class: "controls" }, playButton(stages)) : null;
  return el("div", {}, controls, el("div", { class: "gallery" }, ...cards));
}
