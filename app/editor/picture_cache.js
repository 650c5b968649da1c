/**
 * The decoded pictures used last, up to so many pixels of four bytes each; one is always kept. Those that go are closed
 * at once: the collector does not see how large they are, and would let them pile up.
 *
 * @typedef {{width: number, height: number, close: () => void}} Picture an ImageBitmap, or what holds one
 */
class PictureCache {
  /** @param {number} mostPixels */
  constructor(mostPixels) {
    this.mostPixels = mostPixels;
    this.pixels = 0;
    this.pictures = new Map(); // key → picture, oldest use first
  }

  has(key) {
    return this.pictures.has(key);
  }

  keys() {
    return [...this.pictures.keys()];
  }

  /** The picture of that key, which is now the newest, or undefined. */
  get(key) {
    const picture = this.pictures.get(key);
    if (picture) {
      this.pictures.delete(key);
      this.pictures.set(key, picture);
    }
    return picture;
  }

  /** @param {any} key @param {any} picture a `Picture`, the cache's own from now on */
  put(key, picture) {
    this.delete(key);
    this.pictures.set(key, picture);
    this.pixels += picture.width * picture.height;
    for (const oldest of this.pictures.keys()) {
      if (this.pixels <= this.mostPixels || this.pictures.size === 1) break;
      this.delete(oldest);
    }
  }

  delete(key) {
    const picture = this.pictures.get(key);
    if (!picture) return;
    this.pictures.delete(key);
    this.pixels -= picture.width * picture.height;
    picture.close();
  }

  /** @param {any} spared a picture that is still shown: it leaves the cache unclosed */
  clear(spared = null) {
    for (const [key, picture] of [...this.pictures]) {
      if (picture === spared) this.pictures.delete(key);
      else this.delete(key);
    }
    this.pixels = 0;
  }
}
