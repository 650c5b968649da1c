/**
 * The clip's frames for scrubbing: one file of concatenated JPEGs, read in chunks by Range. Exact to the frame,
 * which seeking a <video> is not, and bounded in memory: bytes and decoded pictures each have a ceiling.
 */
class FrameStore {
  /** @param {{url: string, offsets: number[]}} pack byte offsets, one more than there are frames */
  constructor(pack) {
    this.pack = pack;
    this.chunkFrames = 12;
    this.mostBytes = 48e6; // a short clip as a whole
    this.bytes = 0;
    this.chunks = new Map(); // chunk number → Promise<ArrayBuffer>, oldest use first
    this.pictures = new PictureCache(12e6); // 13 frames of 720p
    this.pending = new Map(); // frame → Promise<ImageBitmap>
    this.isClosed = false;
  }

  /** Another clip takes its place. */
  close() {
    this.isClosed = true;
    this.pictures.clear();
    this.chunks.clear();
  }

  /** The decoded frame if it is at hand, else undefined. */
  peek(index) {
    return this.pictures.get(index);
  }

  async picture(index) {
    const known = this.peek(index);
    if (known) return known;
    if (!this.pending.has(index)) {
      this.pending.set(index, this.#decode(index).finally(() => this.pending.delete(index)));
    }
    return this.pending.get(index);
  }

  /** Decodes the frames that come next in the direction of `step`; failures show when one is really asked for. */
  prefetch(index, step, count = 6) {
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const next = index + step * ahead;
      if (next >= 0 && next < this.pack.offsets.length - 1) this.picture(next).catch(() => {});
    }
  }

  /** Brings the bytes of the clip here, as many as there is room for, so that a jump costs no more than decoding. */
  async fill() {
    const last = Math.floor((this.pack.offsets.length - 2) / this.chunkFrames);
    for (let number = 0; number <= last && !this.isClosed; number += 1) {
      if (this.chunks.has(number)) continue;
      if (this.bytes + this.#sizeOf(number) > this.mostBytes) return;
      await this.#chunk(number).catch(() => {});
    }
  }

  async #decode(index) {
    const { offsets } = this.pack;
    const number = Math.floor(index / this.chunkFrames);
    const bytes = await this.#chunk(number);
    const start = offsets[index] - offsets[number * this.chunkFrames];
    const jpeg = new Uint8Array(bytes, start, offsets[index + 1] - offsets[index]);
    const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    if (this.isClosed) picture.close();
    else this.pictures.put(index, picture);
    return picture;
  }

  /** [first byte, the one after the last] of a chunk. */
  #rangeOf(number) {
    const { offsets } = this.pack;
    const stop = Math.min((number + 1) * this.chunkFrames, offsets.length - 1);
    return [offsets[number * this.chunkFrames], offsets[stop]];
  }

  #sizeOf(number) {
    const [start, end] = this.#rangeOf(number);
    return end - start;
  }

  #chunk(number) {
    const known = this.chunks.get(number);
    this.chunks.delete(number); // and in again, as the newest
    if (known) {
      this.chunks.set(number, known);
      return known;
    }
    const [start, end] = this.#rangeOf(number);
    const bytes = fetch(this.pack.url, { headers: { Range: `bytes=${start}-${end - 1}` } }).then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      const body = await answer.arrayBuffer();
      return answer.status === 206 ? body : body.slice(start, end); // a proxy may drop the Range
    });
    bytes.catch(() => this.#forget(number)); // the next ask tries again
    this.chunks.set(number, bytes);
    this.bytes += end - start;
    for (const oldest of [...this.chunks.keys()]) {
      if (this.bytes <= this.mostBytes || this.chunks.size === 1) break;
      this.#forget(oldest);
    }
    return bytes;
  }

  #forget(number) {
    if (this.chunks.delete(number)) this.bytes -= this.#sizeOf(number);
  }
}
