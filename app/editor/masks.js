/**
 * The masks that the server sent (one-bit PNGs of the clip's size, base64), and the tinted pictures drawn from them.
 * The PNGs of the whole clip are kept (1-2 KB each); decoded ones only around the playhead, and of them only the part
 * of the picture where the mask is.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Box in the clip's pixels
 * @typedef {{image: ImageBitmap, box: Box, width: number, height: number, close: () => void}} Patch a part of the picture
 */
class MaskStore {
  /** @param {() => void} onReady a picture that was asked for can now be drawn */
  constructor(onReady) {
    this.onReady = onReady;
    this.pngs = new Map(); // "object:frame" → base64 PNG
    this.tinted = new PictureCache(12e6); // "object:frame:color" → Patch
    this.decoding = new Map(); // the same key → promise
  }

  put(object, frame, png) {
    const key = `${object}:${frame}`;
    for (const tint of this.tinted.keys()) if (tint.startsWith(`${key}:`)) this.tinted.delete(tint);
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

  /** Whether the mask can be drawn at once (also where there is none). */
  isReady(object, frame, color) {
    return !this.has(object, frame) || this.tinted.has(`${object}:${frame}:${color}`);
  }

  /** The mask in the object's colour (a soft fill, a firm edge), or null while it is being decoded or unknown. */
  picture(object, frame, color) {
    const known = this.tinted.get(`${object}:${frame}:${color}`);
    if (!known && this.has(object, frame)) this.load(object, frame, color).then(this.onReady);
    return known ?? null;
  }

  /** Resolves when the mask can be drawn at once (also where there is none). */
  load(object, frame, color) {
    if (this.isReady(object, frame, color)) return Promise.resolve();
    const key = `${object}:${frame}:${color}`;
    if (!this.decoding.has(key)) {
      this.decoding.set(key, this.#decode(key, `${object}:${frame}`, color).finally(() => this.decoding.delete(key)));
    }
    return this.decoding.get(key);
  }

  /** The tinted mask, once it is decoded; null where there is none. */
  async tint(object, frame, color) {
    await this.load(object, frame, color);
    return this.tinted.get(`${object}:${frame}:${color}`) ?? null;
  }

  async #decode(key, place, color) {
    const png = this.pngs.get(place);
    const patch = await tintedMask(png, color);
    if (this.pngs.get(place) !== png) patch.close(); // a newer mask came while this one was decoded
    else this.tinted.put(key, patch);
  }
}

const TINT_EDGE = 2; // px of the tinted picture

/**
 * A mask, opaque on clear, painted in `color`: 42 % inside, a firm edge; at most 1280 px on a picture's side.
 *
 * @param {string} png base64
 * @returns {Promise<Patch>}
 */
async function tintedMask(png, color) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const box = roomOfMask(bytes);
  const mask = await createImageBitmap(new Blob([bytes], { type: "image/png" }), box.x, box.y, box.width, box.height);
  const image = paintMask(mask, color, Math.min(1, 1280 / Math.max(...sizeOfPng(bytes))));
  mask.close();
  return { image, box, width: image.width, height: image.height, close: () => image.close() };
}

/** [width, height], from the PNG's header. */
function sizeOfPng(bytes) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, 24);
  return [header.getUint32(16), header.getUint32(20)];
}

/** Where a mask is by its own note, with room for the edge around it; the whole picture where nothing is noted. */
function roomOfMask(bytes) {
  const [width, height] = sizeOfPng(bytes);
  const note = /"box":\[(\d+),(\d+),(\d+),(\d+)\]/.exec(String.fromCharCode(...bytes.subarray(0, 512)));
  if (!note) return { x: 0, y: 0, width, height };
  const room = Math.ceil((TINT_EDGE + 1) * Math.max(1, Math.max(width, height) / 1280));
  const [x0, y0, x1, y1] = note.slice(1).map(Number);
  const [x, y] = [Math.max(0, x0 - room), Math.max(0, y0 - room)];
  return { x, y, width: Math.min(width, x1 + room) - x, height: Math.min(height, y1 + room) - y };
}

/** @param {ImageBitmap} mask @param {string} color @param {number} shrink @returns {ImageBitmap} */
function paintMask(mask, color, shrink) {
  const width = Math.max(1, Math.round(mask.width * shrink));
  const height = Math.max(1, Math.round(mask.height * shrink));
  /** @returns {[OffscreenCanvas, OffscreenCanvasRenderingContext2D]} */
  const fresh = () => {
    const canvas = new OffscreenCanvas(width, height);
    return [canvas, canvas.getContext("2d")];
  };
  const [flat, flatPen] = fresh();
  flatPen.drawImage(mask, 0, 0, width, height);
  flatPen.globalCompositeOperation = "source-in";
  flatPen.fillStyle = color;
  flatPen.fillRect(0, 0, width, height);

  const [edge, edgePen] = fresh();
  for (let turn = 0; turn < 8; turn += 1) {
    const angle = (turn * Math.PI) / 4;
    edgePen.drawImage(flat, TINT_EDGE * Math.cos(angle), TINT_EDGE * Math.sin(angle));
  }
  edgePen.globalCompositeOperation = "destination-out";
  edgePen.drawImage(flat, 0, 0);
  edgePen.globalCompositeOperation = "destination-over";
  edgePen.globalAlpha = 0.42;
  edgePen.drawImage(flat, 0, 0);
  return edge.transferToImageBitmap();
}
