/**
 * The clip's frames for scrubbing: one file of concatenated JPEGs, read in chunks by Range. Exact to the frame,
 * which seeking a <video> is not, and bounded in memory: bytes and decoded pictures each have a ceiling.
 */
class FrameStore {
  /** @param {{url: string, offsets: number[]}} pack byte offsets, one more than there are frames */
  constructor(pack) {
    this.pack = pack;
    this.chunkFrames = 12;
    this.chunks = new Map(); // chunk number → Promise<ArrayBuffer>
    this.pictures = new Map(); // frame → ImageBitmap, oldest use first
    this.pending = new Map(); // frame → Promise<ImageBitmap>
    this.mostPictures = 40;
    this.mostChunks = 60;
  }

  /** The decoded frame if it is at hand, else undefined. */
  peek(index) {
    const picture = this.pictures.get(index);
    if (picture) {
      this.pictures.delete(index);
      this.pictures.set(index, picture);
    }
    return picture;
  }

  async picture(index) {
    const known = this.peek(index);
    if (known) return known;
    if (!this.pending.has(index)) {
      this.pending.set(index, this.#decode(index).finally(() => this.pending.delete(index)));
    }
    return this.pending.get(index);
  }

  /** Decodes ahead of the playhead; failures show when the frame is really asked for. */
  prefetch(index, count = 6) {
    const last = Math.min(this.pack.offsets.length - 2, index + count);
    for (let next = index + 1; next <= last; next += 1) this.picture(next).catch(() => {});
  }

  async #decode(index) {
    const { offsets } = this.pack;
    const number = Math.floor(index / this.chunkFrames);
    const bytes = await this.#chunk(number);
    const base = offsets[number * this.chunkFrames];
    const jpeg = new Blob([bytes.slice(offsets[index] - base, offsets[index + 1] - base)], { type: "image/jpeg" });
    const picture = await createImageBitmap(jpeg);
    this.pictures.set(index, picture);
    while (this.pictures.size > this.mostPictures) {
      // Not closed: the stage may still be drawing it. The collector frees it.
      this.pictures.delete(this.pictures.keys().next().value);
    }
    return picture;
  }

  #chunk(number) {
    if (!this.chunks.has(number)) {
      const { url, offsets } = this.pack;
      const start = offsets[number * this.chunkFrames];
      const end = offsets[Math.min((number + 1) * this.chunkFrames, offsets.length - 1)];
      const bytes = fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` } }).then(async (answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        const body = await answer.arrayBuffer();
        return answer.status === 206 ? body : body.slice(start, end); // a proxy may drop the Range
      });
      bytes.catch(() => this.chunks.delete(number)); // the next ask tries again
      this.chunks.set(number, bytes);
      if (this.chunks.size > this.mostChunks) this.chunks.delete(this.chunks.keys().next().value);
    }
    return this.chunks.get(number);
  }
}
