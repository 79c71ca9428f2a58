// Building the page: elements, numbers as text, and the one tooltip. Text of programs only ever
// becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

export function section(title, lead, ...children) {
  return el("section", {}, el("h2", {}, title), lead ? el("p", { class: "lead" }, lead) : null, ...children);
}

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export function number(value) {
  if (value === null || value === undefined) return "\u2013";
  return Math.abs(value) >= 100 || Number.isInteger(value) ? WHOLE.format(value) : FINE.format(value);
}

export function percent(share) {
  const value = 100 * share;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)}\u202f%`;
}

export function withUnit(value, unit) {
  return unit ? `${number(value)}\u202f${unit}` : number(value);
}

export function duration(seconds) {
  if (seconds < 120) return `${number(seconds < 10 ? seconds : Math.round(seconds))}\u202fs`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes}\u202fmin` : `${(seconds / 3600).toFixed(1)}\u202fh`;
}

let tip = null;

export function showTip(event, ...lines) {
  tip ??= document.body.appendChild(el("div", { class: "tip", role: "status" }));
  tip.replaceChildren(...lines.map((line, k) => el(k ? "div" : "strong", {}, line)));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const { x, y } = anchor(event);
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18}px`;
}

export function hideTip() {
  if (tip) tip.hidden = true;
}

function anchor(event) {
  if (event.clientX || event.clientY) return { x: event.clientX, y: event.clientY };
  const box = event.target.getBoundingClientRect();
  return { x: box.right, y: box.bottom };
}

export function ticks(low, high, count) {
  const span = high - low || 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9) + 0; k * step <= high + step * 1e-9; k++) found.push(k * step + 0);
  return found;
}
