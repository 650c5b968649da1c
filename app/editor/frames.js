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
    this.here = new Set(); // the numbers of those that have arrived
    this.pictures = new PictureCache(12e6); // 13 frames of 720p
    this.pending = new Map(); // frame → Promise<ImageBitmap>
    this.isClosed = false;
  }

  /** Another clip takes its place. */
  close() {
    this.isClosed = true;
    this.pictures.clear();
    this.chunks.clear();
    this.here.clear();
  }

  /** The decoded frame if it is at hand, else undefined. */
  peek(index) {
    return this.pictures.get(index);
  }

  /** The decoded frame. One whose chunk is not here comes by itself: over a slow line a chunk takes seconds. */
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
      if (next < 0 || next >= this.pack.offsets.length - 1 || this.peek(next)) continue;
      this.#chunk(this.#numberOf(next)).then(() => this.isClosed || this.picture(next)).catch(() => {});
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
    const number = this.#numberOf(index);
    const [first, end] = this.here.has(number) ? this.#rangeOf(number) : [offsets[index], offsets[index + 1]];
    const bytes = await (this.here.has(number) ? this.#chunk(number) : this.#fetch(first, end));
    const jpeg = new Uint8Array(bytes, offsets[index] - first, offsets[index + 1] - offsets[index]);
    const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    if (this.isClosed) picture.close();
    else this.pictures.put(index, picture);
    return picture;
  }

  /** The chunk that a frame is in. */
  #numberOf(index) {
    return Math.floor(index / this.chunkFrames);
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
    const bytes = this.#fetch(start, end);
    this.chunks.set(number, bytes);
    bytes.then(
      () => this.chunks.get(number) === bytes && this.here.add(number),
      () => this.#forget(number), // the next ask tries again
    );
    this.bytes += end - start;
    for (const oldest of [...this.chunks.keys()]) {
      if (this.bytes <= this.mostBytes || this.chunks.size === 1) break;
      this.#forget(oldest);
    }
    return bytes;
  }

  async #fetch(start, end) {
    const answer = await fetch(this.pack.url, { headers: { Range: `bytes=${start}-${end - 1}` } });
    if (!answer.ok) throw new Error(String(answer.status));
    const body = await answer.arrayBuffer();
    return answer.status === 206 ? body : body.slice(start, end); // a proxy may drop the Range
  }

  #forget(number) {
    this.here.delete(number);
    if (this.chunks.delete(number)) this.bytes -= this.#sizeOf(number);
  }
}
