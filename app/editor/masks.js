/**
 * The masks that the server sent (one-bit PNGs of the clip's size, base64), and the tinted pictures drawn from them.
 * The PNGs of the whole clip are kept (1-2 KB each); decoded ones only around the playhead.
 */
class MaskStore {
  /** @param {() => void} onReady a picture that was asked for can now be drawn */
  constructor(onReady) {
    this.onReady = onReady;
    this.pngs = new Map(); // "object:frame" → base64 PNG
    this.tinted = new Map(); // "object:frame:color" → canvas, oldest use first
    this.decoding = new Map(); // the same key → promise
    this.most = 60;
  }

  put(object, frame, png) {
    const key = `${object}:${frame}`;
    for (const tint of [...this.tinted.keys()]) if (tint.startsWith(`${key}:`)) this.tinted.delete(tint);
    if (png) this.pngs.set(key, png);
    else this.pngs.delete(key);
  }

  has(object, frame) {
    return this.pngs.has(`${object}:${frame}`);
  }

  /** Forgets all masks of an object. */
  drop(object) {
    const start = `${object}:`;
    for (const store of [this.pngs, this.tinted]) {
      for (const key of [...store.keys()]) if (key.startsWith(start)) store.delete(key);
    }
  }

  /** Forgets an object's masks on the frames from `start` up to, but not including, `stop`. */
  forget(object, start, stop) {
    for (const key of [...this.pngs.keys()]) {
      const [owner, frame] = key.split(":").map(Number);
      if (owner === object && frame >= start && frame < stop) this.put(owner, frame, null);
    }
  }

  clear() {
    this.pngs.clear();
    this.tinted.clear();
  }

  /** The mask in the object's colour (a soft fill, a firm edge), or null while it is being decoded or unknown. */
  picture(object, frame, color) {
    const png = this.pngs.get(`${object}:${frame}`);
    if (!png) return null;
    const key = `${object}:${frame}:${color}`;
    const known = this.tinted.get(key);
    if (known) {
      this.tinted.delete(key);
      this.tinted.set(key, known);
      return known;
    }
    this.load(object, frame, color).then(this.onReady);
    return null;
  }

  /** Resolves when the mask can be drawn at once (also where there is none). */
  load(object, frame, color) {
    const png = this.pngs.get(`${object}:${frame}`);
    const key = `${object}:${frame}:${color}`;
    if (!png || this.tinted.has(key)) return Promise.resolve();
    if (!this.decoding.has(key)) {
      this.decoding.set(key, this.#decode(key, `${object}:${frame}`, png, color).finally(() => this.decoding.delete(key)));
    }
    return this.decoding.get(key);
  }

  /** The mask as it came, opaque on clear; null where there is none. */
  async bitmap(object, frame) {
    const png = this.pngs.get(`${object}:${frame}`);
    return png ? decodeMask(png) : null;
  }

  /** The tinted mask, once it is decoded. */
  async tint(object, frame, color) {
    await this.load(object, frame, color);
    return this.tinted.get(`${object}:${frame}:${color}`) ?? null;
  }

  async #decode(key, place, png, color) {
    const mask = await decodeMask(png);
    if (this.pngs.get(place) !== png) return; // a newer mask came while this one was decoded
    this.tinted.set(key, tintMask(mask, color));
    while (this.tinted.size > this.most) this.tinted.delete(this.tinted.keys().next().value);
  }
}

/** @param {string} png base64 */
function decodeMask(png) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

/** Paints an opaque-on-clear mask in `color`: 42 % inside, a firm edge two pixels wide; at most 1280 px on a side. */
function tintMask(mask, color) {
  const shrink = Math.min(1, 1280 / Math.max(mask.width, mask.height));
  const width = Math.max(1, Math.round(mask.width * shrink));
  const height = Math.max(1, Math.round(mask.height * shrink));
  /** @returns {[HTMLCanvasElement, CanvasRenderingContext2D]} */
  const fresh = () => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    return [canvas, canvas.getContext("2d")];
  };
  const [flat, flatPen] = fresh();
  flatPen.drawImage(mask, 0, 0, width, height);
  flatPen.globalCompositeOperation = "source-in";
  flatPen.fillStyle = color;
  flatPen.fillRect(0, 0, flat.width, flat.height);

  const [edge, edgePen] = fresh();
  for (let turn = 0; turn < 8; turn += 1) {
    edgePen.drawImage(flat, 2 * Math.cos((turn * Math.PI) / 4), 2 * Math.sin((turn * Math.PI) / 4));
  }
  edgePen.globalCompositeOperation = "destination-out";
  edgePen.drawImage(flat, 0, 0);

  const [picture, pen] = fresh();
  pen.globalAlpha = 0.42;
  pen.drawImage(flat, 0, 0);
  pen.globalAlpha = 1;
  pen.drawImage(edge, 0, 0);
  return picture;
}
