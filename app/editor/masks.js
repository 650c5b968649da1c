/**
 * The masks that the server sent (one-bit PNGs of the clip's size, base64), and the pictures painted from them. The PNGs
 * of the whole clip are kept (1-2 KB each); of the pictures only those around the playhead. All masks of a frame are one
 * picture, painted by a worker: twenty objects cost the page one drawing.
 *
 * @typedef {{image: ImageBitmap, box: Box, width: number, height: number, close: () => void}} Patch a part of the picture
 * @typedef {{id: number, color: string}} Shown an object whose mask is wanted
 */
class MaskStore {
  /** @param {() => void} onReady a picture that was asked for can now be drawn */
  constructor(onReady) {
    this.onReady = onReady;
    this.pngs = new Map(); // "object:frame" → {png in base64, age}
    this.age = 0; // of the mask that came last
    this.painted = new PictureCache(8e6); // what is in it → Patch
    this.painting = new Map(); // the same key → promise
    this.drawn = { frame: -1, key: "" }; // what `picture` gave last
  }

  put(object, frame, png) {
    if (png) this.pngs.set(`${object}:${frame}`, { png, age: (this.age += 1) });
    else this.pngs.delete(`${object}:${frame}`);
  }

  has(object, frame) {
    return this.pngs.has(`${object}:${frame}`);
  }

  /** Forgets all masks of an object. */
  drop(object) {
    for (const key of [...this.pngs.keys()]) if (key.startsWith(`${object}:`)) this.pngs.delete(key);
  }

  /** Forgets an object's masks on the frames from `start` up to, but not including, `stop`. */
  forget(object, start, stop) {
    for (const key of [...this.pngs.keys()]) {
      const [owner, frame] = key.split(":").map(Number);
      if (owner === object && frame >= start && frame < stop) this.pngs.delete(key);
    }
  }

  clear() {
    this.pngs.clear();
    this.painted.clear();
  }

  /** Whether the masks of these objects can be drawn at once (also where there are none). @param {Shown[]} shown */
  isReady(frame, shown) {
    const key = this.#key(frame, shown);
    return !key || this.painted.has(key);
  }

  /**
   * The masks of these objects as one picture; while it is being painted the one that was drawn last on this frame.
   *
   * @param {Shown[]} shown the lowest first @returns {Patch|null}
   */
  picture(frame, shown) {
    const key = this.#key(frame, shown);
    if (!key) return null;
    if (this.painted.has(key)) this.drawn = { frame, key };
    else this.load(frame, shown).then(this.onReady, () => {}); // that it cannot be painted is said where it was loaded
    return this.drawn.frame === frame ? (this.painted.get(this.drawn.key) ?? null) : null;
  }

  /** The masks of these objects as one picture, once it is painted; null where there are none. @param {Shown[]} shown */
  async load(frame, shown) {
    const key = this.#key(frame, shown);
    if (!key) return null;
    if (!this.painted.has(key) && !this.painting.has(key)) {
      const masks = this.#known(frame, shown).map(({ id, color }) => ({ color, png: this.pngs.get(`${id}:${frame}`).png }));
      const painting = paintOverlay(masks).then((patch) => this.painted.put(key, patch));
      this.painting.set(key, painting.finally(() => this.painting.delete(key)));
    }
    await this.painting.get(key);
    return this.painted.get(key) ?? null;
  }

  #known(frame, shown) {
    return shown.filter(({ id }) => this.has(id, frame));
  }

  /** Names a picture by all that is in it, so that a newer mask is another picture; empty where there is none. */
  #key(frame, shown) {
    return this.#known(frame, shown).map(({ id, color }) => `${this.pngs.get(`${id}:${frame}`).age}${color}`).join();
  }
}

/** The worker that paints, and who waits for what. */
const painter = (() => {
  const does = [answerPaint, readMask, notedBox, unfilter, runsOfRow, roomAround, drawShape, blend, layOver, paintMasks];
  const script = `${does.join("\n")}\nonmessage = answerPaint;`;
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const waiting = new Map(); // number of the request → {resolve, reject}
  worker.addEventListener("message", ({ data: { number, error, ...overlay } }) => {
    const { resolve, reject } = waiting.get(number);
    waiting.delete(number);
    if (error) reject(new Error(error));
    else resolve(overlay);
  });
  return { worker, waiting, asked: 0 };
})();

/**
 * Masks, opaque on clear, painted over one another: 42 % inside, a firm edge.
 *
 * @param {Array<{png: string, color: string}>} masks the lowest first; PNGs in base64
 * @returns {Promise<Patch>}
 */
async function paintOverlay(masks) {
  const number = (painter.asked += 1);
  const overlay = await new Promise((resolve, reject) => {
    painter.waiting.set(number, { resolve, reject });
    painter.worker.postMessage({ number, masks });
  });
  return { ...overlay, close: () => overlay.image.close() };
}
