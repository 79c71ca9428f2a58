// The report, put together from the data in the page.

import { duration, el, number, percent, section, withUnit } from "./dom.js";
import { curvesView } from "./curves.js";
import { FilmView } from "./film.js";
import { galleryView } from "./gallery.js";
import { binsOf, HeatMap } from "./heatmap.js";
import { World } from "./physics.js";
import { sourceView } from "./source.js";
import { playButton, Stage } from "./stage.js";
import { manifestView, operatorsView, partsView } from "./tables.js";

function headerView(page) {
  const { config = {}, identity = {}, versions = {}, created } = page.manifest;
  const operators = Object.entries(config.operators ?? {}).map(([name, weight]) => `${name} ${weight}`).join(", ");
  const facts = [
    ["seed", config.seed ?? identity.seed], ["operators", operators],
    ...Object.entries(page.facts),
    ["ulmus", versions.ulmus], ["started", created?.slice?.(0, 16).replace("T", " ")],
  ].filter(([, value]) => value !== undefined && value !== null && value !== "");
  return el("header", {},
    el("p", { class: "brand" }, "ulmus"),
    el("h1", {}, config.problem ?? "A run", el("span", { class: "quiet" }, ` ${page.name}`)),
    el("dl", { class: "facts" }, ...facts.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, String(value))))),
    figuresView(page));
}

function figuresView(page) {
  const { figures, fitness } = page;
  const figure = (value, name, more) => el("div", { class: "figure" }, el("b", {}, value), el("span", {}, name), more ? el("small", {}, more) : null);
  return el("div", { class: "figures" },
    figure(withUnit(figures.best_fitness, fitness.unit), `best ${fitness.name}`),
    figure(number(figures.cells), "cells", `of ${number(figures.num_cells)} (${percent(figures.cells / figures.num_cells)})`),
    figure(number(figures.qd_score), "QD score"),
    figure(number(figures.evaluations), "evaluations", `in ${duration(figures.elapsed_s)}, ${number(figures.evaluations_per_s)} per second`),
    figure(percent(figures.valid_share), "valid"),
    figures.server_requests ? figure(number(figures.server_tokens), "tokens of servers", `in ${number(figures.server_requests)} requests`) : null);
}

class Detail {
  constructor(page, world) {
    this.page = page;
    this.stage = world ? new Stage(world, { label: "the walker of the chosen cell" }) : null;
    this.words = el("div", { "aria-live": "polite" });
    this.code = el("div", { class: "code" });
    const controls = this.stage ? el("div", { class: "controls" }, playButton([this.stage])) : null;
    this.node = el("div", { class: "detail", id: "detail" }, this.words, this.stage?.canvas, controls, this.code);
  }

  show(elite) {
    const { fitness, measures, sources, bodies, name } = this.page;
    const made = elite.note ? `${elite.operator}: ${elite.note}` : elite.operator;
    this.words.replaceChildren(
      el("h3", {}, `Cell ${elite.cell}`, el("span", {}, withUnit(elite.fitness, fitness.unit))),
      el("p", { class: "quiet" }, measures.map((measure, k) => `${measure.name} ${withUnit(elite.measures[k], measure.unit)}`).join(" \u00b7 "),
        ` \u00b7 step ${number(elite.step)}`),
      el("p", { class: "note" }, made));
    if (this.stage) this.stage.show(bodies[elite.program] ?? null);
    const lines = sources.texts[elite.program].map((line) => sources.lines[line]);
    this.code.replaceChildren(
      el("p", { class: "quiet" }, `${number(elite.length)} characters, `, el("code", {}, `ulmus show ${name} ${elite.cell}`)),
      sourceView(lines, `program of cell ${elite.cell}`));
  }
}

function mapSection(page, world) {
  const detail = new Detail(page, world);
  const map = new HeatMap(page, (elite) => detail.show(elite));
  const choose = (elite) => {
    map.pick(elite);
    map.node.scrollIntoView({ behavior: "smooth", block: "start" });
  };
  const champion = page.elites.reduce((best, elite) => (elite.fitness > best.fitness ? elite : best));
  map.pick(champion);
  const axes = page.measures.map((measure) => measure.name).join(", ");
  const lead = `Each square is a kind of program, told apart by ${axes}; its colour is the ${page.fitness.name} of the best one found. Choose a square to see ${world ? "its walker and its program" : "its program"}.`;
  return { node: section("The map", lead, el("div", { class: "pair" }, map.node, detail.node)), choose };
}

function build(page) {
  const main = document.getElementById("page");
  if (!page.elites.length) {
    main.replaceChildren(headerView(page), el("p", {}, "The map is empty: no program was valid yet."), aboutSection(page));
    return;
  }
  for (const elite of page.elites) elite.bins = binsOf(page.measures, elite.cell);
  const world = page.world && Object.keys(page.bodies).length ? new World(page.world) : null;
  const map = mapSection(page, world);
  const generations = page.descent.length - 1;
  main.replaceChildren(
    headerView(page), map.node,
    section("The film of descent", generations ? `From the seed to the best program in ${number(generations)} ${generations === 1 ? "step" : "steps"}, along first parents. The curve is the ${page.fitness.name}; drag along it.` : "The best program has no parents in this run.", new FilmView(page, world).node),
    section(world ? "The best walkers" : "The best programs", "The best of regions of the map that lie apart.", galleryView(page, world, map.choose)),
    section("How the map filled", null, curvesView(page)),
    section("Operators", null, operatorsView(page.operators)),
    section("Where the time went", "Seconds summed over all workers.", partsView(page)),
    aboutSection(page));
  if (world && page.num_bodies_left_out) {
    main.append(el("p", { class: "quiet" }, `${number(page.num_bodies_left_out)} walkers are left out to keep this page small; ulmus show finds them.`));
  }
}

function aboutSection(page) {
  return section("About this run", null, el("details", {}, el("summary", {}, "configuration, identity and versions"), manifestView(page.manifest)));
}

build(JSON.parse(document.getElementById("data").textContent));
