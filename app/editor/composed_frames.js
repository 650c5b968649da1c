/**
 * Composed frames: sharp ones that were asked for one by one, and the low-resolution ones of playback, which come in
 * chunks. JPEGs of the whole clip are kept; decoded pictures only around the playhead.
 */
class ComposedFrames {
  /** @param {() => void} onReady a picture that was asked for can now be drawn */
  constructor(onReady) {
    this.onReady = onReady;
    this.pictures = new PictureCache(8e6); // frame → ImageBitmap
    this.clear();
  }

  /** @param {ImageBitmap|null} spared a picture that is still shown */
  clear(spared = null) {
    this.age = {}; // answers to older questions are told by it
    this.pictures.clear(spared);
    this.sharp = new Set(); // frames whose picture, if it is still here, is not of the low resolution
    this.jpegs = new Map(); // frame → Blob, low resolution
    this.decoding = new Map(); // frame → promise
  }

  has(index) {
    return this.pictures.has(index);
  }

  get(index) {
    return this.pictures.get(index);
  }

  isSharp(index) {
    return this.sharp.has(index) && this.pictures.has(index);
  }

  delete(index) {
    this.pictures.delete(index);
    this.sharp.delete(index);
    this.jpegs.delete(index);
  }

  /** @param {Blob} jpeg a sharp frame */
  async putSharp(index, jpeg) {
    const { age } = this;
    const picture = await createImageBitmap(jpeg);
    if (age !== this.age) {
      picture.close();
      return;
    }
    this.sharp.add(index);
    this.#keep(index, picture);
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
    return this.pictures.has(index) || this.jpegs.has(index);
  }

  async #decode(index) {
    const jpeg = this.jpegs.get(index);
    if (!jpeg || this.pictures.has(index) || this.decoding.has(index)) return;
    const { age } = this;
    this.decoding.set(index, true);
    const picture = await createImageBitmap(jpeg);
    if (age === this.age) this.decoding.delete(index);
    if (age !== this.age || this.isSharp(index)) picture.close();
    else this.#keep(index, picture);
  }

  #keep(index, picture) {
    this.pictures.put(index, picture);
    this.onReady();
  }
}
