/** Paints white strokes on a transparent mask, by pointer or keyboard, over a canvas that shows it. */
export class Brush {
  erases = false;
  at = null;
  #view;
  #mask;
  #changed;
  #radius = 1;
  #listening = new AbortController();

  constructor(view, mask, changed) {
    [this.#view, this.#mask, this.#changed] = [view, mask.getContext("2d"), changed];
    const on = (name, handle) => view.addEventListener(name, handle.bind(this), { signal: this.#listening.signal });
    on("pointerdown", this.#press);
    on("pointermove", this.#move);
    on("pointerleave", this.#leave);
    on("keydown", this.#key);
    on("focus", () => this.#changed());
  }

  /** @param size Diameter in percent of the longer side. */
  setSize(size) {
    this.#radius = (size / 200) * Math.max(this.#view.width, this.#view.height);
    this.#changed();
  }

  clear() {
    this.#mask.clearRect(0, 0, this.#view.width, this.#view.height);
    this.#changed();
  }

  invert() {
    this.#mask.globalCompositeOperation = "source-out";
    this.#mask.fillStyle = "#fff";
    this.#mask.fillRect(0, 0, this.#view.width, this.#view.height);
    this.#changed();
  }

  outline(context) {
    for (const [color, width] of [["#000", 4], ["#fff", 2]]) {
      context.beginPath();
      context.arc(this.at.x, this.at.y, this.#radius, 0, 2 * Math.PI);
      context.strokeStyle = color;
      context.lineWidth = width;
      context.stroke();
    }
  }

  stop() {
    this.#listening.abort();
  }

  #press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#view.focus({ preventScroll: true });
    this.#view.setPointerCapture(event.pointerId);
    this.at = this.#point(event);
    this.#stroke(this.at);
  }

  #move(event) {
    const paints = this.#view.hasPointerCapture(event.pointerId);
    // Fast strokes have more points than events.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const point of (events.length > 0 ? events : [event]).map(e => this.#point(e))) {
      if (paints) this.#stroke(point);
      this.at = point;
    }
    this.#changed();
  }

  #leave() {
    this.at = null;
    this.#changed();
  }

  #key(event) {
    const step = event.shiftKey ? 2 : this.#radius;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    const { width, height } = this.#view;
    this.at ??= { x: width / 2, y: height / 2 };
    if (move) this.at = { x: clamp(this.at.x + move[0], width), y: clamp(this.at.y + move[1], height) };
    else this.#stroke(this.at);
    this.#changed();
  }

  #stroke(to) {
    const mask = this.#mask;
    mask.globalCompositeOperation = this.erases ? "destination-out" : "source-over";
    mask.strokeStyle = mask.fillStyle = "#fff";
    mask.lineWidth = this.#radius * 2;
    mask.lineCap = mask.lineJoin = "round";
    mask.beginPath();
    mask.moveTo(this.at.x, this.at.y);
    mask.lineTo(to.x, to.y);
    mask.stroke();
    // A line of no length, as the keyboard draws it, need not be visible.
    mask.beginPath();
    mask.arc(to.x, to.y, this.#radius, 0, 2 * Math.PI);
    mask.fill();
    this.#changed();
  }

  #point(event) {
    const box = this.#view.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.#view.width,
      y: ((event.clientY - box.top) / box.height) * this.#view.height,
    };
  }
}

const clamp = (value, maximum) => Math.min(Math.max(value, 0), maximum);
