// Colour scales: fitness on viridis (perceptually uniform, readable without colour vision), and
// muscles from contracting (warm) over rest to stretching (cool).

const VIRIDIS = [
  [68, 1, 84], [71, 24, 106], [71, 45, 123], [66, 64, 134], [59, 82, 139], [51, 99, 141],
  [44, 114, 142], [38, 130, 142], [33, 145, 140], [31, 160, 136], [40, 174, 128], [63, 188, 115],
  [94, 201, 98], [132, 212, 75], [173, 220, 48], [216, 226, 25], [253, 231, 37],
];

function mixed(stops, share) {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const k = Math.min(stops.length - 2, Math.floor(place));
  const t = place - k;
  const [from, to] = [stops[k], stops[k + 1]];
  return `rgb(${from.map((value, c) => Math.round(value + t * (to[c] - value))).join(" ")})`;
}

export function heat(share) {
  return mixed(VIRIDIS, share);
}

export function heatGradient() {
  return `linear-gradient(to right, ${VIRIDIS.map((_, k) => heat(k / (VIRIDIS.length - 1))).join(",")})`;
}

const MUSCLE = { light: [[214, 60, 40], [173, 128, 168], [38, 112, 214]], dark: [[255, 112, 84], [178, 150, 190], [96, 170, 255]] };

// Tension in [-1, 1]: -1 is fully contracted, 1 is fully stretched.
export function muscleColour(tension, dark) {
  return mixed(dark ? MUSCLE.dark : MUSCLE.light, (tension + 1) / 2);
}

const darkScheme = matchMedia("(prefers-color-scheme: dark)");

export function isDark() {
  return darkScheme.matches;
}

export function onSchemeChange(listener) {
  darkScheme.addEventListener("change", listener);
}
