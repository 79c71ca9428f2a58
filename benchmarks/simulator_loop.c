/* The arithmetic of the simulator as a plain C loop: the yardstick for the compiled kernel.
 * gcc -O2 -ffp-contract=off -shared -fPIC; called through ctypes by simulator.py. */
#include <math.h>
#include <stdint.h>

#define RADIUS 0.25
#define REACH 1.0
#define PROJECTION 0.2
#define SHORTEST 1e-9
#define BUCKETS 400

typedef struct { double x, y, vx, vy; } Joint;
typedef struct { double rest, alpha, beta, as, ac; } Link;
typedef struct { double x, y, tx, ty, length; } Face;
typedef struct { double x, y, ix, iy, ox, oy; } Vertex;
typedef struct { double h, fall, factor, friction, top_speed; } Laws;

static void touch(Joint *p, double mx, double my, double gap, const Laws *laws)
{
    double vn = p->vx * mx + p->vy * my;
    double target = gap >= 0.0 ? -gap / laws->h : 0.0;
    if (vn >= target)
        return;
    double push = target - vn;
    double change = -(p->vx * my - p->vy * mx);
    double limit = laws->friction * push;
    if (change > limit)
        change = limit;
    if (change < -limit)
        change = -limit;
    p->vx += push * mx + change * my;
    p->vy += push * my - change * mx;
}

static int bucket(double x)
{
    double place = (x + 400.0) * 0.5;
    return place < 1.0 ? 0 : place >= BUCKETS - 1 ? BUCKETS - 1 : (int)place;
}

static void move(Joint *p, const int64_t *face_start, const Face *faces,
                 const int64_t *vertex_start, const Vertex *vertices, const Laws *laws)
{
    int b = bucket(p->x);
    for (int64_t f = face_start[b]; f < face_start[b + 1]; f++) {
        const Face *s = &faces[f];
        double qx = p->x - s->x, qy = p->y - s->y;
        double along = qx * s->tx + qy * s->ty, dist = qy * s->tx - qx * s->ty;
        if (along >= 0.0 && along <= s->length && fabs(dist) <= REACH)
            touch(p, -s->ty, s->tx, dist - RADIUS, laws);
    }
    for (int64_t f = vertex_start[b]; f < vertex_start[b + 1]; f++) {
        const Vertex *s = &vertices[f];
        double qx = p->x - s->x, qy = p->y - s->y;
        double dist = sqrt(qx * qx + qy * qy);
        if (qx * s->ix + qy * s->iy > 0.0 && qx * s->ox + qy * s->oy < 0.0 && dist <= REACH)
            touch(p, qx / dist, qy / dist, dist - RADIUS, laws);
    }
    p->x += laws->h * p->vx;
    p->y += laws->h * p->vy;
    for (int64_t f = face_start[b]; f < face_start[b + 1]; f++) {
        const Face *s = &faces[f];
        double qx = p->x - s->x, qy = p->y - s->y;
        double along = qx * s->tx + qy * s->ty, dist = qy * s->tx - qx * s->ty;
        if (along >= 0.0 && along <= s->length && fabs(dist) <= REACH && dist < RADIUS) {
            double depth = PROJECTION * (RADIUS - dist);
            p->x -= depth * s->ty;
            p->y += depth * s->tx;
        }
    }
}

/* Advances one walker by as many substeps as the wave has rows; returns the number of clamps. */
int64_t advance(Joint *joints, int64_t num_joints, const int64_t *low, const int64_t *high,
                const Link *links, int64_t num_links, const double *wave, int64_t num_substeps,
                const int64_t *face_start, const Face *faces, const int64_t *vertex_start,
                const Vertex *vertices, const Laws *laws)
{
    int64_t clamps = 0;
    for (int64_t n = 0; n < num_substeps; n++) {
        double sine = wave[2 * n], cosine = wave[2 * n + 1];
        for (int64_t k = 0; k < num_joints; k++) {
            joints[k].vx *= laws->factor;
            joints[k].vy = (joints[k].vy - laws->fall) * laws->factor;
        }
        for (int64_t c = 0; c < num_links; c++) {
            Joint *a = &joints[low[c]], *b = &joints[high[c]];
            const Link *s = &links[c];
            double ex = b->x - a->x, ey = b->y - a->y;
            double length = sqrt(ex * ex + ey * ey);
            if (length < SHORTEST)
                continue;
            double nx = ex / length, ny = ey / length;
            double rest = s->rest * (1.0 + s->as * sine + s->ac * cosine);
            double speed = nx * (b->vx - a->vx) + ny * (b->vy - a->vy);
            double impulse = -(s->alpha * speed + s->beta * (length - rest));
            a->vx -= impulse * nx;
            a->vy -= impulse * ny;
            b->vx += impulse * nx;
            b->vy += impulse * ny;
        }
        for (int64_t k = 0; k < num_joints; k++) {
            Joint *p = &joints[k];
            double square = p->vx * p->vx + p->vy * p->vy;
            if (square > laws->top_speed * laws->top_speed) {
                double scale = laws->top_speed / sqrt(square);
                p->vx *= scale;
                p->vy *= scale;
                clamps++;
            }
            move(p, face_start, faces, vertex_start, vertices, laws);
        }
    }
    return clamps;
}
