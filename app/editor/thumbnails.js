// Small pictures of the objects: cut out of the frame where each was first clicked.

/** Draws an object into a square canvas: its place on the picture, tinted; nothing where it has no mask yet. */
async function drawThumbnail(object, target) {
  const index = Object.keys(object.prompts).map(Number).sort((a, b) => a - b).find((each) => masks.has(object.id, each));
  const brush = target.getContext("2d");
  brush.clearRect(0, 0, target.width, target.height);
  if (index === undefined || !frames) return;
  const [base, patch] = await Promise.all([frames.picture(index), masks.load(index, [object])]);
  if (!patch) return;
  const whole = picture();
  const cut = squareAround(patch.box, whole);
  brush.imageSmoothingQuality = "high";
  const toBase = base.width / whole.width;
  brush.drawImage(base, cut.x * toBase, cut.y * toBase, cut.side * toBase, cut.side * toBase, 0, 0, target.width, target.height);
  const { image, box } = patch;
  const scale = target.width / cut.side;
  brush.drawImage(image, (box.x - cut.x) * scale, (box.y - cut.y) * scale, box.width * scale, box.height * scale);
}

/** The square around a box with some air, kept inside the picture as far as it fits. */
function squareAround(box, { width, height }) {
  const side = Math.min(Math.max(box.width, box.height) * 1.2, width, height);
  const keep = (middle, most) => Math.min(Math.max(0, middle - side / 2), most - side);
  return { x: keep(box.x + box.width / 2, width), y: keep(box.y + box.height / 2, height), side };
}

studio.drawThumbnail = (object, target) => drawThumbnail(object, target).catch(() => {});
