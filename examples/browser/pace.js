// The size of live paintings: as large as the wanted time of a frame allows, and steady. It follows
// the median of a few frames, leaves sizes alone that are about right, and takes ever longer to try
// again a size that was too slow.

const STEP = 16; // pixels
const LEAST = 64; // pixels, of the longer side
const SKIPPED = 2; // frames after a change, which are slower
const COUNTED = 8;
const SLOWER = 1.15; // times the wanted time: a smaller size
const FASTER = 0.95; // at most this of the wanted time is expected of a larger size
const [FIRST_WAIT, LAST_WAIT] = [5000, 120000]; // milliseconds

export class Pace {
  side = 160; // longer side, pixels

  #times = [];
  #tooSlow = Infinity; // the size that was, until #again
  #again = 0;
  #wait = FIRST_WAIT;

  constructor(milliseconds, most) {
    this.wanted = milliseconds;
    this.limit(most);
  }

  limit(most) {
    this.most = Math.max(LEAST, most - (most % STEP));
    this.#change(this.side);
  }

  // Takes the time of a frame, and sets the size of the next.
  add(milliseconds, now) {
    this.#times.push(milliseconds);
    if (this.#times.length < SKIPPED + COUNTED) return;
    const median = this.#times.slice(SKIPPED).sort((a, b) => a - b)[COUNTED / 2];
    this.#times.splice(SKIPPED, 1);
    const sideFor = (time) => this.side * Math.sqrt(time / median); // time goes with the area
    if (median > SLOWER * this.wanted && this.side > LEAST) {
      this.#tooSlow = this.side;
      this.#again = now + this.#wait;
      this.#wait = Math.min(2 * this.#wait, LAST_WAIT);
      this.#change(Math.min(this.side - STEP, sideFor(this.wanted)));
      return;
    }
    if (now >= this.#again) this.#tooSlow = Infinity;
    const larger = Math.min(1.5 * this.side, sideFor(FASTER * this.wanted), this.#tooSlow - STEP, this.most);
    if (larger >= this.side + STEP) this.#change(larger);
  }

  #change(side) {
    this.side = Math.max(LEAST, Math.min(this.most, side - (side % STEP)));
    this.#times = [];
  }
}
