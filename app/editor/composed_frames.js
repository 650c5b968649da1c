/**
 * Composed frames: sharp ones that were asked for one by one, and the low-resolution ones of playback, which come in
 * chunks. JPEGs of the whole clip are kept; decoded pictures only around the playhead.
 */
class ComposedFrames {
  /** @param {() => void} onReady a picture that was asked for can now be drawn */
  constructor(onReady) {
    this.onReady = onReady;
    this.sharp = new PictureCache(4e6); // frame → ImageBitmap: 4 frames of 720p
    this.quick = new PictureCache(4e6); // the same in the low resolution
    this.clear();
  }

  /** @param {ImageBitmap|null} spared a picture that is still shown */
  clear(spared = null) {
    this.age = {}; // answers to older questions are told by it
    this.sharp.clear(spared);
    this.quick.clear(spared);
    this.boxes = new Map(); // frame → the part of it [px] that reframing keeps
    this.isCut = false; // what plays is that part alone, in which nothing lies where it lies on the frame
    this.jpegs = new Map(); // frame → Blob, low resolution
    this.decoding = new Map(); // frame → promise
  }

  has(index, isPlaying) {
    return this.#caches(isPlaying).some((cache) => cache.has(index));
  }

  get(index, isPlaying) {
    return this.#caches(isPlaying).find((cache) => cache.has(index))?.get(index);
  }

  /** Those in which a picture may be, the best first: a picture that is cut is for playing alone. */
  #caches(isPlaying) {
    if (!this.isCut) return [this.sharp, this.quick];
    return [isPlaying ? this.quick : this.sharp];
  }

  isSharp(index) {
    return this.sharp.has(index);
  }

  /** The part of a sharp frame that reframing keeps [px of the clip]; undefined where that is all of it. */
  keptBox(index) {
    return this.boxes.get(index);
  }

  delete(index) {
    this.sharp.delete(index);
    this.quick.delete(index);
    this.jpegs.delete(index);
  }

  /** @param {Blob} jpeg a sharp frame @param {number[]|null} kept the part of it that reframing keeps: x0 y0 x1 y1 */
  async putSharp(index, jpeg, kept) {
    const { age } = this;
    const picture = await createImageBitmap(jpeg);
    if (age !== this.age) {
      picture.close();
      return;
    }
    if (kept) this.boxes.set(index, kept);
    this.sharp.put(index, picture);
    this.onReady();
  }

  /** Low-resolution frames as concatenated JPEGs. */
  putChunk(first, bytes, offsets) {
    for (let each = 0; each + 1 < offsets.length; each += 1) {
      this.jpegs.set(first + each, new Blob([bytes.slice(offsets[each], offsets[each + 1])], { type: "image/jpeg" }));
    }
    this.onReady();
  }

  /** Makes a frame ready to be drawn if its JPEG is here, and some after it; says whether it is or will be. */
  prepare(index, ahead = 8) {
    for (let each = index; each <= index + ahead; each += 1) this.#decode(each);
    return this.has(index, true) || this.jpegs.has(index);
  }

  async #decode(index) {
    const jpeg = this.jpegs.get(index);
    if (!jpeg || this.has(index, true) || this.decoding.has(index)) return;
    const { age } = this;
    this.decoding.set(index, true);
    const picture = await createImageBitmap(jpeg);
    if (age === this.age) this.decoding.delete(index);
    if (age !== this.age || this.has(index, true)) {
      picture.close();
      return;
    }
    this.quick.put(index, picture);
    this.onReady();
  }
}
