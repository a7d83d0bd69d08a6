// The size of live paintings: as large as the wanted time of a frame allows, and steady. It looks at
// the median of some frames at a time, of more after each change, leaves sizes alone that are about
// right, and takes ever longer to try again a size that was too slow.

const STEP = 16; // pixels
const LEAST = 96; // pixels, of the longer side
const SKIPPED = 2; // frames after a change, which are slower
const [COUNTED_FIRST, COUNTED_LAST] = [8, 32];
const SLOWER = 1.15; // times the wanted time: a smaller size
const EXPECTED = 0.9; // of the wanted time, at a new size
const LARGER = 1.1; // times the size, at least
const LARGEST = 1.5; // times the size, at once
const [FIRST_WAIT, LAST_WAIT] = [5000, 120000]; // milliseconds

export class Pace {
  side = 160; // longer side, pixels

  #times = [];
  #counted = COUNTED_FIRST;
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
    this.#counted = COUNTED_FIRST;
  }

  // Takes the time of a frame, and sets the size of the next.
  add(milliseconds, now) {
    this.#times.push(milliseconds);
    if (this.#times.length < SKIPPED + this.#counted) return;
    const median = this.#times.splice(SKIPPED).sort((a, b) => a - b)[this.#counted / 2];
    const fitting = this.side * Math.sqrt((EXPECTED * this.wanted) / median); // time goes with the area
    if (now >= this.#again) this.#tooSlow = Infinity;
    if (median > SLOWER * this.wanted && this.side > LEAST) {
      this.#tooSlow = this.side;
      this.#again = now + this.#wait;
      this.#wait = Math.min(2 * this.#wait, LAST_WAIT);
      this.#change(fitting);
    } else {
      const larger = Math.min(fitting, LARGEST * this.side, this.#tooSlow - STEP);
      if (larger >= LARGER * this.side && this.side < this.most) this.#change(larger);
    }
  }

  #change(side) {
    this.side = Math.max(LEAST, Math.min(this.most, side - (side % STEP)));
    this.#times = [];
    this.#counted = Math.min(this.#counted + 4, COUNTED_LAST);
  }
}
