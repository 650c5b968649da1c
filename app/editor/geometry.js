// Pure geometry of the stage. Picture coordinates are pixels of the clip's frame, stage coordinates CSS pixels.

/** Largest placing of the picture that shows all of it, centred. */
function fitPicture(stage, picture) {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return {
    scale,
    x: (stage.width - picture.width * scale) / 2,
    y: (stage.height - picture.height * scale) / 2,
  };
}

function toPicture(view, at) {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}

function toStage(view, at) {
  return { x: at.x * view.scale + view.x, y: at.y * view.scale + view.y };
}

function isInside(picture, at) {
  return at.x >= 0 && at.y >= 0 && at.x < picture.width && at.y < picture.height;
}

/** Keeps the picture from being dragged off the stage; at the smallest zoom it is the fitted view. */
function clampView(view, stage, picture) {
  const fitted = fitPicture(stage, picture);
  if (view.scale <= fitted.scale) return fitted;
  const side = (offset, length, room) => (length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset)));
  return {
    scale: view.scale,
    x: side(view.x, picture.width * view.scale, stage.width),
    y: side(view.y, picture.height * view.scale, stage.height),
  };
}

/** Zooms by `factor` so that the picture point under `anchor` stays where it is. */
function zoomAt(view, stage, picture, factor, anchor) {
  const fitted = fitPicture(stage, picture);
  const scale = Math.min(Math.max(view.scale * factor, fitted.scale), fitted.scale * 12);
  const under = toPicture(view, anchor);
  return clampView({ scale, x: anchor.x - under.x * scale, y: anchor.y - under.y * scale }, stage, picture);
}

/** Index of the nearest of `points` [x, y, label] within `reach` CSS px of `at` (stage), or -1. */
function nearestPoint(points, view, at, reach) {
  let found = -1;
  let best = reach;
  points.forEach(([x, y], index) => {
    const on = toStage(view, { x, y });
    const distance = Math.hypot(on.x - at.x, on.y - at.y);
    if (distance <= best) {
      best = distance;
      found = index;
    }
  });
  return found;
}

/**
 * The box between two picture points, cut to the picture: [x0, y0, x1, y1].
 * @returns {[number, number, number, number]}
 */
function boxBetween(a, b, picture) {
  const clip = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10;
  return [
    clip(Math.min(a.x, b.x), picture.width),
    clip(Math.min(a.y, b.y), picture.height),
    clip(Math.max(a.x, b.x), picture.width),
    clip(Math.max(a.y, b.y), picture.height),
  ];
}

/** Index of the frame shown at `seconds` after the first frame; `times` are seconds, rising. */
function frameAtTime(times, seconds) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] - times[0] <= seconds + 1e-6) low = middle;
    else high = middle - 1;
  }
  return low;
}
