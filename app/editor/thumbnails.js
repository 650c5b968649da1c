// Small pictures of the objects: cut out of the frame where each was first clicked.

/** Draws an object into a square canvas: its place on the picture, tinted; nothing where it has no mask yet. */
async function drawThumbnail(object, target) {
  const index = Object.keys(object.prompts).map(Number).sort((a, b) => a - b).find((each) => masks.has(object.id, each));
  const brush = target.getContext("2d");
  brush.clearRect(0, 0, target.width, target.height);
  if (index === undefined || !frames) return;
  const [base, mask] = await Promise.all([frames.picture(index), masks.bitmap(object.id, index)]);
  if (!mask) return;
  const box = squareAround(boundsOf(mask), mask);
  brush.imageSmoothingQuality = "high";
  const toBase = base.width / mask.width;
  brush.drawImage(base, box.x * toBase, box.y * toBase, box.side * toBase, box.side * toBase, 0, 0, target.width, target.height);
  const tinted = await masks.tint(object.id, index, object.color);
  if (!tinted) return;
  const toTint = tinted.width / mask.width;
  brush.drawImage(tinted, box.x * toTint, box.y * toTint, box.side * toTint, box.side * toTint, 0, 0, target.width, target.height);
}

/** Where the opaque pixels of a mask are, looked for in a small copy: {x0, y0, x1, y1} in the mask's pixels. */
function boundsOf(mask) {
  const shrink = Math.min(1, 96 / Math.max(mask.width, mask.height));
  const [width, height] = [Math.max(1, Math.round(mask.width * shrink)), Math.max(1, Math.round(mask.height * shrink))];
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(mask, 0, 0, width, height);
  const { data } = copy.getImageData(0, 0, width, height);
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let at = 0; at < width * height; at += 1) {
    if (data[4 * at + 3] < 40) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
  }
  return x1 > x0 ? { x0: x0 / shrink, y0: y0 / shrink, x1: x1 / shrink, y1: y1 / shrink } : { x0: 0, y0: 0, x1: mask.width, y1: mask.height };
}

/** The square around a box with some air, kept inside the picture as far as it fits. */
function squareAround({ x0, y0, x1, y1 }, { width, height }) {
  const side = Math.min(Math.max(x1 - x0, y1 - y0) * 1.2, width, height);
  const keep = (middle, most) => Math.min(Math.max(0, middle - side / 2), most - side);
  return { x: keep((x0 + x1) / 2, width), y: keep((y0 + y1) / 2, height), side };
}

studio.drawThumbnail = (object, target) => drawThumbnail(object, target).catch(() => {});
