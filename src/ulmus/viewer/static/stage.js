// A canvas on which one walker walks: the camera follows, the ground carries a scale.

import { isDark, muscleColour, onSchemeChange } from "./colour.js";
import { el } from "./dom.js";
import { Walker } from "./physics.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const stages = new Set();
let lastMs = null;

function tick(ms) {
  const seconds = lastMs === null ? 0 : Math.min(0.1, (ms - lastMs) / 1000);
  lastMs = ms;
  for (const stage of stages) if (stage.visible && stage.playing) stage.play(seconds);
  requestAnimationFrame(tick);
}

const INK = {
  light: { sky: "#f3f5f1", ground: "#d9d5c8", edge: "#8b8672", text: "#55523f", bone: "#343a40", joint: "#14181c", start: "#8b8672" },
  dark: { sky: "#1b1f1c", ground: "#35362d", edge: "#8d8b78", text: "#b4b19c", bone: "#d5dad6", joint: "#ffffff", start: "#75735f" },
};

export class Stage {
  // options: label (of the canvas, for those who cannot see it), compact (no clock), seconds.
  constructor(world, options = {}) {
    this.world = world;
    this.compact = Boolean(options.compact);
    this.seconds = options.seconds ?? world.laws.run_s;
    this.onEnd = options.onEnd ?? null;
    this.canvas = el("canvas", { class: "stage", role: "img", "aria-label": options.label ?? "a walker" });
    this.playing = !calm.matches;
    this.visible = false;
    this.walker = null;
    this.camera = null;
    this.hold = 0;
    stages.add(this);
    if (stages.size === 1) requestAnimationFrame(tick);
    new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting)).observe(this.canvas);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onSchemeChange(() => this.draw());
  }

  see(visible) {
    this.visible = visible;
    if (visible) this.draw();
  }

  // Show another body; null clears the stage.
  show(body) {
    this.body = body;
    this.walker = null;
    this.camera = null;
    this.hold = 0;
    if (this.visible) this.draw();
  }

  awake() {
    if (!this.walker && this.body) this.walker = new Walker(this.world, this.body);
    return this.walker;
  }

  play(seconds) {
    const walker = this.awake();
    if (!walker) return;
    const { substeps_hz: hz } = this.world.laws;
    const end = Math.round(this.seconds * hz);
    if (walker.steps >= end || walker.broken) {
      this.hold += seconds;
      if (this.hold > 0.9) this.restart();
      return;
    }
    this.debt = (this.debt ?? 0) + seconds * hz;
    const count = Math.min(Math.floor(this.debt), end - walker.steps);
    this.debt -= Math.floor(this.debt);
    walker.advance(count);
    this.follow(seconds);
    this.draw();
  }

  restart() {
    this.hold = 0;
    this.camera = null;
    this.walker.reset();
    if (this.onEnd) this.onEnd();
  }

  bounds() {
    const { state } = this.walker;
    const box = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
    for (let k = 0; k < state.length; k += 4) {
      box.left = Math.min(box.left, state[k]);
      box.right = Math.max(box.right, state[k]);
      box.low = Math.min(box.low, state[k + 1]);
      box.high = Math.max(box.high, state[k + 1]);
    }
    return box;
  }

  follow(seconds) {
    const box = this.bounds();
    const target = { x: (box.left + box.right) / 2, y: box.low };
    if (!this.camera) {
      const height = box.high - box.low;
      const aspect = this.canvas.clientWidth / Math.max(1, this.canvas.clientHeight);
      const span = Math.max(18, (box.right - box.left) * 2.2, (height + 4) * 1.45 * aspect);
      this.camera = { x: target.x, y: Math.min(0, box.low), floor: box.low, span };
    }
    const ease = 1 - Math.exp(-5 * seconds);
    this.camera.x += (target.x - this.camera.x) * ease;
    // The ground where the walker is: it sinks with the walker and rises slowly, so hops do not count.
    this.camera.floor = Math.min(target.y, this.camera.floor + 2.5 * seconds);
    const low = Math.abs(this.camera.floor - this.camera.y) > 3 ? this.camera.floor : this.camera.y;
    this.camera.y += (low - this.camera.y) * ease * 0.5;
  }

  draw() {
    if (!this.canvas.clientWidth) return;
    const ratio = Math.min(3, devicePixelRatio || 1);
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.camera = null;
    }
    const context = this.canvas.getContext("2d");
    const ink = isDark() ? INK.dark : INK.light;
    context.fillStyle = ink.sky;
    context.fillRect(0, 0, width, height);
    if (!this.awake()) return this.write(context, ink, ratio, "no picture for this program");
    if (!this.camera) this.follow(0);
    const scale = width / this.camera.span;
    const view = {
      context, ink, ratio, width, height, scale,
      x: (x) => width / 2 + (x - this.camera.x) * scale,
      y: (y) => height * 0.8 - (y - this.camera.y) * scale,
      left: this.camera.x - this.camera.span / 2 - 2,
      right: this.camera.x + this.camera.span / 2 + 2,
    };
    drawGround(view, this.world.outlines);
    drawScale(view, this.compact);
    drawWalker(view, this.walker, this.world.laws.joint_radius);
    this.caption(view);
  }

  caption(view) {
    const { context, ink, ratio } = view;
    const moved = this.walker.displacement();
    context.fillStyle = ink.joint;
    context.textAlign = "left";
    context.textBaseline = "top";
    context.font = `600 ${(this.compact ? 13 : 20) * ratio}px system-ui, sans-serif`;
    context.fillText(`${moved < 0 ? "\u2212" : ""}${Math.abs(moved).toFixed(1)} u`, 12 * ratio, 10 * ratio);
    if (this.compact) return;
    context.fillStyle = ink.text;
    context.font = `${12 * ratio}px system-ui, sans-serif`;
    const seconds = this.walker.steps / this.world.laws.substeps_hz;
    context.fillText(`${seconds.toFixed(1)} s`, 12 * ratio, 36 * ratio);
  }

  write(context, ink, ratio, text) {
    context.fillStyle = ink.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `${13 * ratio}px system-ui, sans-serif`;
    context.fillText(text, this.canvas.width / 2, this.canvas.height / 2);
  }
}

// Solid ground lies on the right of an outline; an open one is closed far below.
function solid(outline) {
  const first = outline[0], last = outline[outline.length - 1];
  if (first[0] === last[0] && first[1] === last[1]) return outline;
  return [...outline, [last[0], -1e3], [first[0], -1e3]];
}

// The part of a polygon between two verticals: far points would not fit a canvas.
export function between(polygon, left, right) {
  const cut = (points, inside, edge) => {
    const kept = [];
    points.forEach((point, k) => {
      const before = points[(k || points.length) - 1];
      if (inside(before) !== inside(point)) {
        const t = (edge - before[0]) / (point[0] - before[0]);
        kept.push([edge, before[1] + t * (point[1] - before[1])]);
      }
      if (inside(point)) kept.push(point);
    });
    return kept;
  };
  return cut(cut(polygon, (p) => p[0] >= left, left), (p) => p[0] <= right, right);
}

function drawGround(view, outlines) {
  const { context, ink } = view;
  for (const outline of outlines) {
    const points = between(solid(outline), view.left, view.right);
    if (points.length < 3) continue;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(view.x(x), Math.min(view.height + 50, Math.max(-50, view.y(y))));
    context.closePath();
    context.fillStyle = ink.ground;
    context.fill();
    context.strokeStyle = ink.edge;
    context.lineWidth = 1.5 * view.ratio;
    context.stroke();
  }
}

function drawScale(view, compact) {
  const { context, ink, ratio } = view;
  const y = view.height - 8 * ratio;
  const level = Math.min(view.y(0), view.height - 32 * ratio); // stays in sight on high ground
  const step = view.right - view.left > 90 ? 20 : view.right - view.left > 45 ? 10 : 5;
  context.strokeStyle = context.fillStyle = ink.text;
  context.lineWidth = ratio;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.font = `${11 * ratio}px system-ui, sans-serif`;
  for (let x = Math.ceil(view.left / 5) * 5; x <= view.right; x += 5) {
    const long = x % step === 0;
    context.beginPath();
    context.moveTo(view.x(x), level);
    context.lineTo(view.x(x), level + (long ? 7 : 4) * ratio);
    context.stroke();
    if (long && !compact) context.fillText(String(x).replace("-", "\u2212"), view.x(x), y);
  }
  context.setLineDash([3 * ratio, 4 * ratio]);
  context.strokeStyle = ink.start;
  context.beginPath();
  context.moveTo(view.x(0), view.y(0));
  context.lineTo(view.x(0), 0);
  context.stroke();
  context.setLineDash([]);
}

function drawWalker(view, walker, radius) {
  const { context, ink, scale, ratio } = view;
  const { state } = walker;
  const dark = isDark();
  const { links } = walker.body;
  const thick = Math.max(1.2 * ratio, Math.min(0.2 * scale, 3 * ratio));
  context.lineCap = "round";
  const order = [...Array(walker.numLinks).keys()].sort((a, b) => (links[4 * a + 2] === 0) - (links[4 * b + 2] === 0));
  for (const c of order) {
    const i = 4 * links[4 * c], j = 4 * links[4 * c + 1];
    const bone = links[4 * c + 2] === 0;
    const tension = walker.tension[c];
    context.strokeStyle = bone ? ink.bone : muscleColour(tension, dark);
    context.lineWidth = bone ? thick * 1.15 : thick * (1.1 - 0.6 * tension);
    context.beginPath();
    context.moveTo(view.x(state[i]), view.y(state[i + 1]));
    context.lineTo(view.x(state[j]), view.y(state[j + 1]));
    context.stroke();
  }
  context.fillStyle = ink.joint;
  for (let k = 0; k < state.length; k += 4) {
    context.beginPath();
    context.arc(view.x(state[k]), view.y(state[k + 1]), Math.max(1.6 * ratio, radius * scale), 0, 7);
    context.fill();
  }
}

// A button that starts and stops a set of stages.
export function playButton(owned) {
  const playing = () => owned.some((stage) => stage.playing);
  const button = el("button", { type: "button", class: "play", onclick: () => turn(!playing()) });
  const turn = (on) => {
    for (const stage of owned) stage.playing = on;
    label();
  };
  const label = () => {
    button.textContent = playing() ? "Pause" : "Play";
    button.setAttribute("aria-pressed", String(playing()));
  };
  label();
  return button;
}
