// The drawing pad: white on black, as the network's training pictures are.
export class Pad {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.at = { x: 140, y: 140 };
    this.down = false;
    this.clear();
    canvas.addEventListener("pointerdown", e => { canvas.setPointerCapture(e.pointerId); this.from = this.place(e); this.line(this.from, this.from); e.preventDefault(); canvas.focus({ preventScroll: true }); });
    canvas.addEventListener("pointermove", e => {
      if (!this.from) return;
      for (const one of e.getCoalescedEvents?.().length ? e.getCoalescedEvents() : [e]) {
        const to = this.place(one);
        this.line(this.from, to);
        this.from = to;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { this.from = null; });
    canvas.addEventListener("keydown", e => this.key(e));
    canvas.addEventListener("blur", () => { this.down = false; });
  }

  place(e) {
    const b = this.canvas.getBoundingClientRect();
    return { x: (e.clientX - b.left) * 280 / b.width, y: (e.clientY - b.top) * 280 / b.height };
  }

  key(e) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[e.key]) {
      const [dx, dy] = steps[e.key].map(v => v * (e.shiftKey ? 24 : 8));
      const to = { x: Math.min(268, Math.max(12, this.at.x + dx)), y: Math.min(268, Math.max(12, this.at.y + dy)) };
      if (this.down) this.line(this.at, to);
      this.at = to;
      if (!this.down) this.canvas.style.cursor = "crosshair";
    } else if (e.key === " ") {
      this.down = !this.down;
      if (this.down) this.line(this.at, this.at);
    } else if (e.key === "Delete" || e.key === "Backspace") {
      this.clear();
      this.changed();
    } else return;
    e.preventDefault();
  }

  line(from, to) {
    const p = this.pen;
    p.strokeStyle = p.fillStyle = "#fff";
    p.lineWidth = 20;
    p.lineCap = p.lineJoin = "round";
    p.beginPath();
    p.moveTo(from.x, from.y);
    p.lineTo(to.x + 0.01, to.y);
    p.stroke();
    this.empty = false;
    this.changed();
  }

  clear() {
    this.pen.fillStyle = "#000";
    this.pen.fillRect(0, 0, 280, 280);
    this.empty = true;
    this.down = false;
  }

  show(picture) {
    this.clear();
    const scale = Math.min(280 / picture.width, 280 / picture.height);
    this.pen.imageSmoothingEnabled = picture.width > 100;
    this.pen.drawImage(picture, (280 - picture.width * scale) / 2, (280 - picture.height * scale) / 2, picture.width * scale, picture.height * scale);
  }

  // digit is the drawing as the training pictures are made: scaled to fit 20×20, its centre of mass in the middle of 28×28.
  async digit() {
    const { data } = this.pen.getImageData(0, 0, 280, 280);
    let left = 280, right = -1, top = 280, bottom = -1;
    for (let i = 0; i < 280 * 280; i++) {
      if (data[4 * i] < 8) continue;
      const x = i % 280, y = (i - x) / 280;
      left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y);
    }
    if (right < 0) return null;
    const w = right - left + 1, h = bottom - top + 1, scale = 20 / Math.max(w, h);
    const paint = (x, y) => {
      const c = document.createElement("canvas");
      c.width = c.height = 28;
      const p = c.getContext("2d", { willReadFrequently: true });
      p.fillRect(0, 0, 28, 28);
      p.imageSmoothingQuality = "high";
      p.drawImage(this.canvas, left, top, w, h, x, y, w * scale, h * scale);
      return { c, p };
    };
    const x = 14 - w * scale / 2, y = 14 - h * scale / 2;
    const { data: small } = paint(x, y).p.getImageData(0, 0, 28, 28);
    let sum = 0, sx = 0, sy = 0;
    for (let i = 0; i < 784; i++) {
      sum += small[4 * i];
      sx += small[4 * i] * (i % 28 + 0.5);
      sy += small[4 * i] * (Math.floor(i / 28) + 0.5);
    }
    const { c } = paint(x + Math.round(14 - sx / sum), y + Math.round(14 - sy / sum));
    return new Promise(done => c.toBlob(done, "image/png"));
  }
}
