// Picture with the cursor at the selected time.

const byId = (id) => document.getElementById(id);

/** Duration of playing a whole life, in seconds. */
const PLAY_TIME = 24;

export function createPicture(playground, onLook) {
  return new Picture(playground, onLook);
}

class Picture {
  constructor(playground, onLook) {
    this.playground = playground;
    this.onLook = onLook;
    this.seconds = 0;
    this.life = null;
    this.stage = byId("stage");
    this.slider = byId("when");
    this.listen();
  }

  listen() {
    this.slider.addEventListener("input", () => this.dragTo(this.slider.valueAsNumber));
    this.slider.addEventListener("keydown", (event) => this.key(event));
    byId("back").addEventListener("click", () => this.step(-1));
    byId("forth").addEventListener("click", () => this.step(1));
    byId("run").addEventListener("click", () => this.toggle());
    const drag = (event) => this.dragTo(event.clientX - this.stage.getBoundingClientRect().left);
    this.stage.addEventListener("pointerdown", (event) => event.button === 0 && drag(event));
    this.stage.addEventListener("pointermove", (event) => event.buttons === 1 && drag(event));
    new ResizeObserver(() => this.resize()).observe(this.stage);
  }

  width() {
    return Math.max(320, Math.floor(this.stage.clientWidth));
  }

  show(life) {
    this.stage.classList.toggle("old", !life);
    if (!life) return;
    this.life = life;
    this.drawn = this.width();
    byId("picture").innerHTML = life.svg;
    Object.assign(this.slider, { min: life.left, max: life.right });
    const half = 8;
    this.slider.style.marginLeft = `${life.left - half}px`;
    this.slider.style.width = `${life.right - life.left + 2 * half}px`;
    this.goTo(Math.min(this.seconds, life.length));
  }

  resize() {
    if (this.life && this.width() !== this.drawn) this.show(JSON.parse(this.playground.draw(this.width())));
  }

  /** Returns the time that is selected first. */
  defaultTime() {
    return Math.round((this.life?.length ?? 0) / 2);
  }

  dragTo(x) {
    const seconds = this.playground.secondsAt(x, this.width());
    const pixel = Math.abs(this.playground.secondsAt(x + 1, this.width()) - seconds);
    // Snaps to a change that is within 3 px; other times are rounded.
    const near = this.life?.moments.find((moment) => Math.abs(moment - seconds) < 3 * pixel);
    const grain = pixel > 1 ? 1 : 10;
    this.goTo(near ?? Math.round(seconds * grain) / grain);
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (by) this.step(by);
    else if (event.key === "Home") this.goTo(0);
    else if (event.key === "End") this.goTo(this.life?.length ?? 0);
    else return;
    event.preventDefault();
  }

  /** Goes to the n-th change from here. */
  step(by) {
    const moments = this.life?.moments ?? [];
    const passed = moments.findLastIndex((moment) => moment <= this.seconds + 1e-7);
    const isBetween = by < 0 && moments[passed] < this.seconds - 1e-7;
    const place = Math.max(0, Math.min(passed + by + (isBetween ? 1 : 0), moments.length - 1));
    if (moments.length) this.goTo(moments[place]);
  }

  goTo(seconds) {
    if (!this.life) return;
    this.seconds = Math.max(0, Math.min(seconds, this.life.length));
    const x = this.playground.x(this.seconds, this.width());
    this.slider.value = String(x);
    const cursor = byId("cursor");
    cursor.hidden = false;
    cursor.style.transform = `translateX(${x}px)`;
    this.onLook(this.seconds);
  }

  /** Starts or stops playing. */
  toggle() {
    const isRunning = byId("run").getAttribute("aria-pressed") === "true";
    byId("run").setAttribute("aria-pressed", String(!isRunning));
    byId("run").textContent = isRunning ? "▶▶" : "❚❚";
    if (isRunning) return cancelAnimationFrame(this.frame);
    if (this.seconds >= this.life.length) this.goTo(0);
    let before = performance.now();
    const frame = (now) => {
      // At the speed of the picture: skipped time passes quickly.
      const x = this.slider.valueAsNumber + ((this.life.right - this.life.left) * (now - before)) / 1000 / PLAY_TIME;
      before = now;
      this.goTo(x >= this.life.right ? this.life.length : this.playground.secondsAt(x, this.width()));
      if (this.seconds >= this.life.length) this.toggle();
      else this.frame = requestAnimationFrame(frame);
    };
    this.frame = requestAnimationFrame(frame);
  }
}
