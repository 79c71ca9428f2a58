// The simulator of ulmus once more, for the page: the same sums in the same order, so a walker
// moves here exactly, to the last bit, as it did when its distance was measured. Numbers in
// JavaScript are IEEE doubles, and only + - * / and square roots occur.

const SINE = [-1 / 1307674368000, 1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1];
const COSINE = [1 / 20922789888000, -1 / 87178291200, 1 / 479001600, -1 / 3628800, 1 / 40320, -1 / 720, 1 / 24, -0.5, 1];
const TAU = 6.283185307179586;
const BUCKET = 4; // u

function polynomial(coefficients, x) {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}

export function sincosTurns(turns) {
  const fraction = turns - Math.floor(turns);
  const quarter = Math.floor(4 * fraction + 0.5);
  const angle = (fraction - 0.25 * quarter) * TAU;
  const sine = polynomial(SINE, angle * angle) * angle;
  const cosine = polynomial(COSINE, angle * angle);
  if (quarter === 1) return [cosine, -sine];
  if (quarter === 2) return [-sine, -cosine];
  if (quarter === 3) return [-cosine, sine];
  return [sine, cosine];
}

// The ground: faces and convex corners, found by x.
class Ground {
  constructor(outlines, reach) {
    this.reach = reach + 1;
    this.faces = outlines.flatMap(facesOf);
    this.corners = outlines.flatMap(cornersOf);
    this.near = new Map();
  }

  around(x) {
    const bucket = Math.floor(x / BUCKET);
    let found = this.near.get(bucket);
    if (!found) {
      const low = bucket * BUCKET - this.reach;
      const high = (bucket + 1) * BUCKET + this.reach;
      const inside = (from, to) => Math.min(from, to) <= high && Math.max(from, to) >= low;
      found = {
        faces: this.faces.filter((f) => inside(f.x, f.x + f.tx * f.length)),
        corners: this.corners.filter((c) => inside(c.x, c.x)),
      };
      this.near.set(bucket, found);
    }
    return found;
  }
}

function facesOf(outline) {
  const faces = [];
  for (let k = 0; k + 1 < outline.length; k++) {
    const [x, y] = outline[k];
    const dx = outline[k + 1][0] - x;
    const dy = outline[k + 1][1] - y;
    const length = Math.sqrt(dx * dx + dy * dy);
    faces.push({ x, y, tx: dx / length, ty: dy / length, length });
  }
  return faces;
}

function cornersOf(outline) {
  const faces = facesOf(outline);
  const last = outline[outline.length - 1];
  const closed = outline[0][0] === last[0] && outline[0][1] === last[1];
  const corners = [];
  for (let k = closed ? 0 : 1; k < faces.length; k++) {
    const before = faces[(k || faces.length) - 1];
    const after = faces[k];
    if (before.tx * after.ty - before.ty * after.tx < 0) {
      corners.push({ x: after.x, y: after.y, ix: before.tx, iy: before.ty, ox: after.tx, oy: after.ty });
    }
  }
  // A closed outline has its first corner last, as the simulator numbers them.
  if (closed && corners.length && corners[0].x === outline[0][0] && corners[0].y === outline[0][1]) {
    corners.push(corners.shift());
  }
  return corners;
}

export class World {
  // laws: see WalkerView in walkers.py.
  constructor({ laws, ground }) {
    this.laws = laws;
    this.outlines = ground;
    this.ground = new Ground(ground, laws.contact_reach);
    this.h = 1 / laws.substeps_hz;
    this.fall = laws.gravity * this.h;
    this.factor = 1 / (1 + laws.drag * this.h);
    this.settleSteps = Math.round(laws.settle_s * laws.substeps_hz);
    this.runSteps = Math.round(laws.run_s * laws.substeps_hz);
  }

  // Ramped sine and cosine of the muscle wave, n substeps after the clock started.
  wave(n) {
    const turns = (n * this.h) / this.laws.wave_period_s;
    const [sine, cosine] = sincosTurns(turns - Math.floor(turns));
    const ramp = Math.min(1, (n * this.h) / this.laws.ramp_s);
    return [ramp * sine, ramp * cosine];
  }
}

// One walker. Bodies come with joints and connections in canonical order:
// joints x, y, x, y, ...; links i, j, stroke, phase, i, j, ...; a stroke of 0 is a bone.
export class Walker {
  constructor(world, body) {
    this.world = world;
    this.body = body;
    this.numJoints = body.joints.length / 2;
    this.numLinks = body.links.length / 4;
    this.links = new Float64Array(7 * this.numLinks); // i, j, rest, alpha, beta, A cos, A sin
    this.start = this.placed(body.joints);
    this.connect(body.links);
    this.tension = new Float64Array(this.numLinks);
    this.settled = null;
    this.reset();
  }

  placed(joints) {
    const state = new Float64Array(4 * this.numJoints);
    let low = Infinity, left = Infinity, right = -Infinity;
    for (let k = 0; k < joints.length; k += 2) {
      left = Math.min(left, joints[k]);
      right = Math.max(right, joints[k]);
      low = Math.min(low, joints[k + 1]);
    }
    const centre = (left + right) / 2;
    const floor = low - this.world.laws.joint_radius;
    for (let k = 0; k < this.numJoints; k++) {
      state[4 * k] = joints[2 * k] - centre;
      state[4 * k + 1] = joints[2 * k + 1] - floor;
    }
    return state;
  }

  connect(links) {
    const { bone, muscle } = this.world.laws;
    for (let c = 0; c < this.numLinks; c++) {
      const [i, j, stroke, phase] = links.slice(4 * c, 4 * c + 4);
      const dx = this.start[4 * j] - this.start[4 * i];
      const dy = this.start[4 * j + 1] - this.start[4 * i + 1];
      const [alpha, beta] = stroke === 0 ? bone : muscle;
      const [sine, cosine] = sincosTurns(phase);
      this.links.set([i, j, Math.sqrt(dx * dx + dy * dy), alpha, beta, stroke * cosine, stroke * sine], 7 * c);
    }
  }

  // Back to the moment at which the clock starts, after the settling.
  reset() {
    if (!this.settled) {
      this.state = this.start.slice();
      this.broken = false;
      for (let n = 0; n < this.world.settleSteps; n++) this.substep(0, 0);
      this.settled = this.state.slice();
      this.brokenBefore = this.broken;
    }
    this.state = this.settled.slice();
    this.broken = this.brokenBefore;
    this.tension.fill(0);
    this.steps = 0;
    this.origin = this.meanX();
  }

  advance(count) {
    for (let n = 0; n < count && !this.broken; n++) {
      const [sine, cosine] = this.world.wave(this.steps);
      this.substep(sine, cosine);
      this.steps++;
    }
    this.noteTension();
  }

  meanX() {
    let sum = 0;
    for (let k = 0; k < this.numJoints; k++) sum += this.state[4 * k];
    return sum / this.numJoints;
  }

  displacement() {
    return this.meanX() - this.origin;
  }

  noteTension() {
    const [sine, cosine] = this.world.wave(this.steps);
    for (let c = 0; c < this.numLinks; c++) {
      const stroke = this.body.links[4 * c + 2];
      const change = this.links[7 * c + 5] * sine + this.links[7 * c + 6] * cosine;
      this.tension[c] = stroke === 0 ? 0 : change / 0.3;
    }
  }

  substep(sine, cosine) {
    const { state, world } = this;
    for (let k = 0; k < state.length; k += 4) {
      state[k + 2] *= world.factor;
      state[k + 3] = (state[k + 3] - world.fall) * world.factor;
    }
    this.pull(sine, cosine);
    for (let k = 0; k < state.length && !this.broken; k += 4) {
      this.slow(k);
      if (!this.broken) this.move(k);
    }
  }

  pull(sine, cosine) {
    const { state, links } = this;
    const shortest = this.world.laws.shortest_length;
    for (let c = 0; c < links.length; c += 7) {
      const i = 4 * links[c], j = 4 * links[c + 1];
      const ex = state[j] - state[i], ey = state[j + 1] - state[i + 1];
      const length = Math.sqrt(ex * ex + ey * ey);
      if (length < shortest) continue;
      const nx = ex / length, ny = ey / length;
      const rest = links[c + 2] * (1 + links[c + 5] * sine + links[c + 6] * cosine);
      const speed = nx * (state[j + 2] - state[i + 2]) + ny * (state[j + 3] - state[i + 3]);
      const impulse = links[c + 3] * speed + links[c + 4] * (length - rest);
      state[i + 2] += impulse * nx;
      state[i + 3] += impulse * ny;
      state[j + 2] -= impulse * nx;
      state[j + 3] -= impulse * ny;
    }
  }

  slow(k) {
    const { state } = this;
    const top = this.world.laws.top_speed;
    const vx = state[k + 2], vy = state[k + 3];
    const square = vx * vx + vy * vy;
    if (square <= top * top) return;
    const scale = top / Math.sqrt(square);
    state[k + 2] = vx * scale;
    state[k + 3] = vy * scale;
    if (!(Math.abs(state[k + 2]) + Math.abs(state[k + 3]) <= 2 * top)) this.broken = true;
  }

  move(k) {
    const { state } = this;
    const { contact_reach: reach, joint_radius: radius, projection } = this.world.laws;
    const near = this.world.ground.around(state[k]);
    for (const f of near.faces) {
      const qx = state[k] - f.x, qy = state[k + 1] - f.y;
      const along = qx * f.tx + qy * f.ty, dist = qy * f.tx - qx * f.ty;
      if (along >= 0 && along <= f.length && Math.abs(dist) <= reach) this.touch(k, -f.ty, f.tx, dist - radius);
    }
    for (const c of near.corners) {
      const qx = state[k] - c.x, qy = state[k + 1] - c.y;
      if (!(qx * c.ix + qy * c.iy > 0 && qx * c.ox + qy * c.oy < 0)) continue;
      const dist = Math.sqrt(qx * qx + qy * qy);
      if (dist <= reach) this.touch(k, qx / dist, qy / dist, dist - radius);
    }
    state[k] += this.world.h * state[k + 2];
    state[k + 1] += this.world.h * state[k + 3];
    for (const f of near.faces) {
      const qx = state[k] - f.x, qy = state[k + 1] - f.y;
      const along = qx * f.tx + qy * f.ty, dist = qy * f.tx - qx * f.ty;
      if (along >= 0 && along <= f.length && dist < radius && dist >= -reach) {
        const depth = projection * (radius - dist);
        state[k] -= depth * f.ty;
        state[k + 1] += depth * f.tx;
      }
    }
  }

  touch(k, mx, my, gap) {
    const { state } = this;
    const vx = state[k + 2], vy = state[k + 3];
    const normal = vx * mx + vy * my;
    const target = gap >= 0 ? -gap / this.world.h : 0;
    if (normal >= target) return;
    const push = target - normal;
    const limit = this.world.laws.friction * push;
    const change = Math.max(-limit, Math.min(limit, -(vx * my - vy * mx)));
    state[k + 2] = vx + (push * mx + change * my);
    state[k + 3] = vy + (push * my - change * mx);
  }
}
