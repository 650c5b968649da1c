// Pure arithmetic of the timeline. A time view is the stretch of the clip that is shown: {first, span} in frames.

/** The view of a whole clip of `total` frames. */
function wholeTime(total) {
  return { first: 0, span: Math.max(1, total) };
}

/** Where a frame's middle lies, in px of a timeline `width` px wide. */
function xOfFrame(view, index, width) {
  return ((index + 0.5 - view.first) / view.span) * width;
}

/** The frame under `x`, kept within the clip. */
function frameAtX(view, x, width, total) {
  const index = Math.floor(view.first + (x / Math.max(1, width)) * view.span);
  return Math.min(Math.max(0, index), total - 1);
}

/** Keeps a view within the clip; at least 8 frames are shown. */
function clampTime(view, total) {
  const span = Math.min(Math.max(view.span, Math.min(8, total)), total);
  return { first: Math.min(Math.max(0, view.first), total - span), span };
}

/** Zooms by `factor` so that the frame `anchor` stays where it is. */
function zoomTime(view, total, factor, anchor) {
  const span = view.span / factor;
  const share = (anchor + 0.5 - view.first) / view.span;
  return clampTime({ first: anchor + 0.5 - share * Math.min(Math.max(span, Math.min(8, total)), total), span }, total);
}

/** Turns the page when the playhead leaves the view. */
function timeWith(view, total, index) {
  if (index >= view.first && index < view.first + view.span) return view;
  const first = index < view.first ? index - view.span * 0.1 : index - view.span * 0.9;
  return clampTime({ first, span: view.span }, total);
}

/** A round step in seconds between two labels that are at least `apart` px away from each other. */
function labelStep(view, width, fps, apart) {
  const secondsPerPixel = view.span / fps / Math.max(1, width);
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
  return steps.find((step) => step >= apart * secondsPerPixel) ?? 600;
}

/** Runs of equal values: [[value, from, to), …]; few rectangles instead of one a frame. */
function runsOf(values, from, to) {
  const runs = [];
  for (let index = from; index < to; index += 1) {
    const last = runs[runs.length - 1];
    if (last && last[0] === values[index]) last[2] = index + 1;
    else runs.push([values[index], index, index + 1]);
  }
  return runs;
}

/** The next of the rising `frames` after `index`, around the end; null where there is none. */
function nextOf(frames, index) {
  return frames.find((each) => each > index) ?? frames[0] ?? null;
}

const DUE = { unknown: 0, oldAbsent: 3, oldSeen: 4 };

/**
 * What tracking an object still has to do within [start, stop): {count, first} or null.
 * `seen` is its lane: 0 no mask, 1 not visible, 2 visible, 3 and 4 the same but older than the newest clicks.
 */
function dueOf(seen, start, stop) {
  let count = 0;
  let first = null;
  for (let index = start; index < Math.min(stop, seen.length); index += 1) {
    if (seen[index] !== DUE.unknown && seen[index] !== DUE.oldAbsent && seen[index] !== DUE.oldSeen) continue;
    count += 1;
    first ??= index;
  }
  return count ? { count, first } : null;
}
