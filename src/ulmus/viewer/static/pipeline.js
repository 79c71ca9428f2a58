// The report of a pipeline, put together from the data in the page. What is not there is said so.

import { heat } from "./colour.js";
import { duration, el, number, percent, section, withUnit } from "./dom.js";
import { binsOf, HeatMap } from "./heatmap.js";
import { World } from "./physics.js";
import { seriesChart } from "./series.js";
import { sourceView } from "./source.js";
import { playButton, Stage } from "./stage.js";
import { manifestView } from "./tables.js";

const STAGE_NAMES = {
  runs: "Runs", tuning: "Operator tuning", "tuned-runs": "Runs with the tuned operator", dataset: "Data sets",
  inventor: "Inventor", samples: "Samples", conditional: "Conditional inventor",
};

function done(page, stage) {
  return page.parts.filter((part) => part.stage === stage && part.state === "done");
}

function headerOfPipeline(page) {
  const facts = [["preset", page.preset], ["ulmus", page.ulmus], ["seeds", page.values.seed_programs.join(", ")], ["terrains", page.values.terrains.join(", ")]];
  return el("header", {},
    el("p", { class: "brand" }, "ulmus"),
    el("h1", {}, "From seeds to inventions", el("span", { class: "quiet" }, ` ${page.name}`)),
    el("dl", { class: "facts" }, ...facts.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, String(value))))),
    figuresOfPipeline(page));
}

function figuresOfPipeline(page) {
  const sum = (stage, key) => done(page, stage).reduce((total, part) => total + part.figures[key], 0);
  const all = page.parts.filter((part) => part.state === "done").length;
  const samples = done(page, "samples")[0], inventor = done(page, "inventor")[0];
  const after = Object.entries(page.cross.after);
  const own = after.map(([name, row]) => row[name][0]);
  const figure = (value, name, more) => el("div", { class: "figure" }, el("b", {}, value), el("span", {}, name), more ? el("small", {}, more) : null);
  return el("div", { class: "figures" },
    figure(`${all} of ${page.parts.length}`, "tasks done", duration(page.parts.reduce((total, part) => total + part.seconds, 0))),
    figure(number(sum("runs", "evaluations") + sum("tuned-runs", "evaluations")), "evaluations"),
    figure(inventor ? number(inventor.figures.programs) : "\u2013", "programs learned from"),
    figure(samples ? percent(samples.figures.valid) : "\u2013", "of the samples valid", samples ? `${number(samples.figures.cells)} cells` : null),
    figure(own.length ? withUnit(own.reduce((a, b) => a + b, 0) / own.length, page.fitness.unit) : "\u2013", "mean score", "on the terrain written for"));
}

function missing(text) {
  return el("p", { class: "quiet missing" }, text);
}

const NAMED = [
  ["evaluations", "evaluations", number], ["edits", "accepted edits", number], ["programs", "programs", number], ["samples", "samples", number],
  ["steps", "steps", number], ["iterations", "iterations", number], ["valid", "valid", percent], ["new", "not in the data set", percent],
  ["cells", "cells", number], ["qd_score", "QD score", number], ["best", "best", number], ["loss", "loss", number], ["test_loss", "test loss", number],
];

function figuresInWords(figures) {
  return NAMED.filter(([key]) => figures[key] !== undefined && figures[key] !== null)
    .map(([key, name, format]) => (["QD score", "best", "loss", "test loss"].includes(name) ? `${name} ${format(figures[key])}` : `${format(figures[key])} ${name}`)).join(", ");
}

function stagesView(page) {
  const head = el("tr", {}, ...["stage", "folder", "what came of it", "time"].map((name, k) => el("th", { scope: "col", class: k === 3 ? "num" : null }, name)));
  const rows = page.parts.map((part, k) => el("tr", { class: `state-${part.state.replace(" ", "-")}` },
    el("th", { scope: "row" }, part.stage === page.parts[k - 1]?.stage ? "" : STAGE_NAMES[part.stage] ?? part.stage),
    el("td", {}, el("code", {}, part.folder)),
    el("td", {}, part.state === "done" ? figuresInWords(part.figures) : el("em", {}, part.state === "stopped" ? "not finished; the same command goes on with it" : "not begun")),
    el("td", { class: "num" }, part.seconds ? duration(part.seconds) : "\u2013")));
  return el("div", { class: "scroll" }, el("table", { class: "stages" }, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function mapsView(page) {
  if (!page.maps.length) return missing("No map yet: the data sets are not made.");
  const values = page.maps.flatMap((map) => map.cells.map((cell) => cell[1]));
  const low = values.reduce((a, b) => Math.min(a, b), 0), high = values.reduce((a, b) => Math.max(a, b), low + 1e-9);
  return el("div", { class: "maps" }, ...page.maps.map((map) => {
    const elites = map.cells.map(([cell, fitness]) => ({ cell, fitness, bins: binsOf(page.measures, cell) }));
    const view = new HeatMap({ measures: page.measures, fitness: page.fitness, elites, low, high }, () => {});
    return el("figure", {},
      el("figcaption", {}, map.title),
      el("p", { class: "quiet" }, `${number(map.programs)} programs, ${number(map.cells.length)} cells, QD score ${number(map.qd_score)}`),
      map.cells.length ? view.node : missing("No program was valid, so the map is empty."));
  }));
}

function lossesView(page) {
  if (!page.losses.length) return missing("No training has begun.");
  return el("div", { class: "charts" }, ...page.losses.map((training) => {
    const test = training.points.filter((point) => point[2] !== null).map(([step, , loss]) => [step, loss]);
    const curves = [{ name: "training", points: training.points.map(([step, loss]) => [step, loss]) }];
    if (test.length) curves.push({ name: "test", points: test });
    return seriesChart(`${STAGE_NAMES[training.stage] ?? training.stage}: loss in nats per token`, "steps", curves, { low: 0 });
  }));
}

function rewardsView(page) {
  const curves = Object.entries(page.rewards).map(([name, points]) => ({ name, points }));
  if (!curves.length) return missing("The conditional inventor has not begun.");
  const unit = page.fitness.unit ? ` (${page.fitness.unit})` : "";
  return el("div", { class: "charts wide" }, seriesChart(`Mean ${page.fitness.name}${unit}, invalid programs count 0`, "iterations", curves, { low: 0 }));
}

function crossView(page) {
  const tables = [["before", "Before the training"], ["after", "After it"]].filter(([when]) => Object.keys(page.cross[when]).length);
  if (!tables.length) return missing("There is no table yet: the conditional inventor has not been judged.");
  const values = tables.flatMap(([when]) => Object.values(page.cross[when]).flatMap((row) => Object.values(row).map((cell) => cell[0])));
  const high = values.reduce((a, b) => Math.max(a, b), 1e-9);
  const figures = tables.map(([when, title]) => el("figure", {}, el("figcaption", {}, title), crossTable(page, page.cross[when], high)));
  if (tables.length < 2) figures.push(el("figure", {}, missing("After the training: not there yet.")));
  return el("div", { class: "crosses" }, ...figures);
}

function crossTable(page, cross, high) {
  const names = Object.keys(cross);
  const head = el("tr", {}, el("th", { scope: "col" }, "written for"), ...names.map((name) => el("th", { scope: "col", class: "num" }, `on ${name}`)));
  const rows = names.map((name) => el("tr", {}, el("th", { scope: "row" }, name), ...names.map((other) => {
    const [mean, low, top] = cross[name][other];
    const dot = el("i", { class: "swatch", "aria-hidden": "true" });
    dot.style.background = heat(Math.max(0, mean) / high);
    return el("td", { class: name === other ? "num own" : "num", title: `seeds from ${number(low)} to ${number(top)}` }, dot, number(mean),
      low === top ? null : el("small", {}, ` ${number(low)}\u2013${number(top)}`));
  })));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function walkersView(page, chosen, none) {
  if (!chosen.length) return missing(none);
  const stages = [];
  const cards = chosen.map((walker) => {
    const body = page.bodies[walker.program] ?? null, world = page.worlds[walker.terrain];
    const stage = body && world ? new Stage(new World(world), { compact: true, label: `walker on ${walker.terrain}` }) : null;
    if (stage) {
      stage.show(body);
      stages.push(stage);
    }
    return el("div", { class: "card invented" }, stage ? stage.canvas : missing("no picture for this program"),
      el("div", { class: "card-text" }, el("b", {}, withUnit(walker.score, page.fitness.unit)), ` ${walker.terrain}`, el("small", {}, walker.origin),
        el("details", {}, el("summary", {}, "program"), sourceView(walker.lines, `program for ${walker.terrain}`))));
  });
  return el("div", {}, stages.length ? el("p", { class: "controls" }, playButton(stages)) : null, el("div", { class: "gallery" }, ...cards));
}

function inventedView(page) {
  const invented = page.walkers.filter((walker) => walker.origin.startsWith("6-"));
  return el("div", {}, ...page.values.terrains.map((terrain) => el("div", { class: "ground" }, el("h3", {}, terrain),
    walkersView(page, invented.filter((walker) => walker.terrain === terrain),
      done(page, "conditional").length ? "None of the programs that were written for it was valid." : "Nothing was written for it yet."))));
}

function buildPipeline(page) {
  const { name } = page.fitness;
  const sampled = page.walkers.filter((walker) => walker.origin.startsWith("5-"));
  const axes = page.measures.map((measure) => measure.name).join(", ");
  document.getElementById("page").replaceChildren(
    headerOfPipeline(page),
    section("Invented for each terrain", `The best program that each seed of the conditional inventor wrote for each terrain, and the ${name} it came there.`, inventedView(page)),
    section("Who walks where", `Mean ${name} of what was written for one terrain, on every terrain, over the seeds; the small numbers are the lowest and the highest seed. A model that heeds the terrain is best on the diagonal.`, crossView(page)),
    section("Reward over the iterations", "Mean over the seeds; the band reaches from the lowest seed to the highest.", rewardsView(page)),
    section("Maps: the data and the samples", `Each square is a kind of program, told apart by ${axes}; its colour is the ${name} of the best one. One scale of colours for all.`, mapsView(page)),
    section("The inventor's walkers", "The best samples of regions of the map that lie apart, written from nothing.", walkersView(page, sampled, "There is no valid sample yet.")),
    section("Losses", null, lossesView(page)),
    section("The stages", "What was done, where it is, and how long it took.", stagesView(page)),
    section("About this pipeline", null, el("details", {}, el("summary", {}, "all numbers of the preset"), manifestView({ values: page.values }))));
}

buildPipeline(JSON.parse(document.getElementById("data").textContent));
