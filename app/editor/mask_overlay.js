/**
 * Paints the masks of a frame over one another into one picture: a soft fill and a firm edge in each object's colour.
 * All of this runs in a worker, which is made of the text of these functions (`masks.js`): they name nothing else.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 * @typedef {{width: number, height: number, box: Box, rows: Uint8Array}} Bits a mask: the clip's size, where the mask is
 *   in it, and from the box's first row on the rows of the whole width, eight pixels a byte
 * @typedef {{box: Box, width: number, height: number, pixels: Uint32Array<ArrayBuffer>}} Overlay what to lay over the `box` of the
 *   clip: RGBA of `width` × `height`
 */

/** @param {string} png one bit a pixel, not interlaced, in base64 @returns {Promise<Bits>} */
async function readMask(png) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const numbers = new DataView(bytes.buffer);
  const [width, height] = [numbers.getUint32(16), numbers.getUint32(20)];
  let box = { x: 0, y: 0, width, height };
  const unpacking = new DecompressionStream("deflate");
  const packed = unpacking.writable.getWriter();
  for (let at = 8; at < bytes.length; at += 12 + numbers.getUint32(at)) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + numbers.getUint32(at));
    if (kind === "tEXt") box = notedBox(String.fromCharCode(...content)) ?? box;
    if (kind === "IDAT") packed.write(content).catch(() => {}); // what is wrong with it shows at the other end
  }
  packed.close().catch(() => {});
  const lines = new Uint8Array(await new Response(unpacking.readable).arrayBuffer());
  return { width, height, box, rows: unfilter(lines, Math.ceil(width / 8), box) };
}

/** Where a mask is by its own note; null where nothing is noted. @param {string} note @returns {Box|null} */
function notedBox(note) {
  const edges = /"box":\[(\d+),(\d+),(\d+),(\d+)\]/.exec(note);
  if (!edges) return null;
  const [x, y, right, bottom] = edges.slice(1).map(Number);
  return { x, y, width: right - x, height: bottom - y };
}

/**
 * The rows of a box out of a PNG's lines. A line's first byte says from what its bytes were taken away: nothing, the byte
 * on the left, the one above, the mean of both, or the one of them that Paeth's rule picks.
 *
 * @param {Uint8Array} lines @param {number} stride bytes a row @param {Box} box above it all is clear
 */
function unfilter(lines, stride, { y: first, height }) {
  const rows = new Uint8Array(stride * height);
  for (let row = 0; row < height; row += 1) {
    const from = (first + row) * (stride + 1);
    const to = row * stride;
    const kind = lines[from];
    for (let x = 0; x < stride; x += 1) {
      const above = row ? rows[to + x - stride] : 0;
      let guess = kind === 2 ? above : 0;
      if (kind !== 0 && kind !== 2) {
        const left = x ? rows[to + x - 1] : 0;
        const corner = row && x ? rows[to + x - stride - 1] : 0;
        const [byLeft, byAbove, byCorner] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs);
        if (kind === 1) guess = left;
        else if (kind === 3) guess = (left + above) >> 1;
        else if (byLeft <= byAbove && byLeft <= byCorner) guess = left;
        else guess = byAbove <= byCorner ? above : corner;
      }
      rows[to + x] = lines[from + 1 + x] + guess;
    }
  }
  return rows;
}

/** From where to where a row of the clip is set: [start, end, start, end, …]. @param {Bits} mask */
function runsOfRow({ width, box, rows }, y) {
  const start = (y - box.y) * Math.ceil(width / 8);
  const end = box.x + box.width;
  const runs = [];
  let isSet = false;
  for (let x = box.x; x < end; ) {
    const byte = rows[start + (x >> 3)];
    if (!(x & 7) && byte === (isSet ? 255 : 0)) {
      x += 8; // nothing changes in these
      continue;
    }
    if (Boolean(byte & (128 >> (x & 7))) !== isSet) {
      runs.push(x);
      isSet = !isSet;
    }
    x += 1;
  }
  if (isSet) runs.push(end);
  return runs;
}

/** A box with some room around it, on whole pixels of a picture shrunk so much, and inside of it. @returns {Box} */
function roomAround({ x, y, width, height }, room, shrink, size) {
  const [left, top] = [Math.max(0, Math.floor(x * shrink) - room), Math.max(0, Math.floor(y * shrink) - room)];
  const right = Math.min(Math.ceil(size.width * shrink), Math.ceil((x + width) * shrink) + room);
  const bottom = Math.min(Math.ceil(size.height * shrink), Math.ceil((y + height) * shrink) + room);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** What a mask does to each pixel of a part of the picture: 0 nothing, 1 the edge beside it, 2 the fill. */
function drawShape(bits, part, shrink) {
  const reach = [1, 2, 2, 2, 1]; // px that the edge stands out on the rows from two above to two below
  const shape = new Uint8Array(part.width * part.height);
  const insides = [];
  for (let y = 0; y < part.height; y += 1) {
    const row = Math.floor((part.y + y + 0.5) / shrink);
    if (row < bits.box.y || row >= bits.box.y + bits.box.height) continue;
    const runs = runsOfRow(bits, row).map((x) => Math.round(x * shrink) - part.x);
    for (let each = 0; each < runs.length; each += 2) {
      insides.push([y * part.width + runs[each], y * part.width + runs[each + 1]]);
      for (let beside = -2; beside <= 2; beside += 1) {
        if (y + beside < 0 || y + beside >= part.height) continue;
        const from = Math.max(0, runs[each] - reach[beside + 2]);
        const to = Math.min(part.width, runs[each + 1] + reach[beside + 2]);
        shape.fill(1, (y + beside) * part.width + from, (y + beside) * part.width + to);
      }
    }
  }
  for (const [from, to] of insides) shape.fill(2, from, to);
  return shape;
}

/** One colour over another, RGBA in one number each, its lowest byte first. */
function blend(over, under) {
  const [above, below] = [over >>> 24, under >>> 24];
  const alpha = above + (below * (255 - above)) / 255;
  let mixed = Math.round(alpha) << 24;
  for (let shift = 0; shift < 24; shift += 8) {
    const rest = (((under >>> shift) & 255) * below * (255 - above)) / 255;
    mixed |= Math.round((((over >>> shift) & 255) * above + rest) / alpha) << shift;
  }
  return mixed >>> 0;
}

/** Lays a shape in its colour (#rrggbb) over what is painted: opaque at the edge, 42 % inside. */
function layOver(pixels, width, start, shape, shapeWidth, color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const bare = (blue << 16) | (green << 8) | red;
  const inks = new Uint32Array([0, (255 << 24) | bare, (107 << 24) | bare]);
  let ink = 0;
  let under = 0;
  let mixed = 0; // of these two: all is flat, mostly it is the same again
  for (let from = 0, row = start; from < shape.length; row += width) {
    for (let to = row; to < row + shapeWidth; to += 1, from += 1) {
      if (shape[from] === 0) continue;
      if (inks[shape[from]] !== ink || pixels[to] !== under) {
        ink = inks[shape[from]];
        under = pixels[to];
        mixed = under ? blend(ink, under) : ink;
      }
      pixels[to] = mixed;
    }
  }
}

/**
 * @param {Array<{bits: Bits, color: string}>} masks of one frame, the lowest first; colours as #rrggbb
 * @param {number} mostSide a larger clip is shrunk to so many pixels
 * @returns {Overlay}
 */
function paintMasks(masks, mostSide = 1280) {
  const size = masks[0].bits;
  const shrink = Math.min(1, mostSide / Math.max(size.width, size.height));
  const parts = masks.map(({ bits }) => roomAround(bits.box, 2, shrink, size));
  const [left, top] = [Math.min(...parts.map(({ x }) => x)), Math.min(...parts.map(({ y }) => y))];
  const width = Math.max(1, ...parts.map((part) => part.x + part.width - left));
  const height = Math.max(1, ...parts.map((part) => part.y + part.height - top));
  const pixels = new Uint32Array(width * height);
  masks.forEach(({ bits, color }, each) => {
    const part = parts[each];
    const start = (part.y - top) * width + part.x - left;
    layOver(pixels, width, start, drawShape(bits, part, shrink), part.width, color);
  });
  return { box: { x: left / shrink, y: top / shrink, width: width / shrink, height: height / shrink }, width, height, pixels };
}

/** In the worker: paints what it is asked for. */
async function answerPaint({ data: { number, masks } }) {
  try {
    const read = []; // one after the other: at once they are a third slower
    for (const { png, color } of masks) read.push({ bits: await readMask(png), color });
    const { pixels, ...overlay } = paintMasks(read);
    const bytes = new Uint8ClampedArray(pixels.buffer);
    const image = await createImageBitmap(new ImageData(bytes, overlay.width, overlay.height));
    postMessage({ number, ...overlay, image }, { transfer: [image] });
  } catch (error) {
    postMessage({ number, error: String(error) });
  }
}
