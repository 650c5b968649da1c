// Pure changes of the stack of layers. A stack is a list as in project.json, the lowest layer first; none is changed
// in place, so that the one before can be shown again.

/** @typedef {{target: "background"|"everything"|number[], effect: {name: string}, keyframes?: object}} StackLayer */

/** @param {StackLayer[]} stack */
const layerAdded = (stack, layer) => [...stack, layer];
const layerRemoved = (stack, at) => stack.filter((_, index) => index !== at);
const layerChanged = (stack, at, patch) => stack.map((layer, index) => (index === at ? { ...layer, ...patch } : layer));

/** Takes the layer at `from` out and puts it in so that it ends at place `to`. */
function layerMoved(stack, from, to) {
  const rest = layerRemoved(stack, from);
  const place = Math.min(Math.max(to, 0), rest.length);
  return [...rest.slice(0, place), stack[from], ...rest.slice(place)];
}

/** Adds or takes away one aim; `objects` are combined, background and everything stand alone. Never empty. */
function aimToggled(target, choice) {
  if (typeof choice === "string") return choice;
  if (!Array.isArray(target)) return [choice];
  if (!target.includes(choice)) return [...target, choice];
  return target.length > 1 ? target.filter((each) => each !== choice) : target;
}

/** @typedef {[number, number, "linear"|"ease"]} Keyframe frame, value, how it goes on from there */

/** The value at a frame: as `effects/keyframes.py` has it. @param {Keyframe[]} keyframes rising frames, at least one */
function keyframedValue(keyframes, frame) {
  const next = keyframes.findIndex((each) => each[0] > frame);
  if (next === 0) return keyframes[0][1];
  if (next === -1) return keyframes[keyframes.length - 1][1];
  const [from, before, easing] = keyframes[next - 1];
  const [to, after] = keyframes[next];
  let share = (frame - from) / (to - from);
  if (easing === "ease") share = share * share * (3 - 2 * share);
  return before + (after - before) * share;
}

/** Sets the value on a frame, which makes or moves a keyframe. */
function keyframeSet(keyframes, frame, value) {
  const easing = keyframes.find((each) => each[0] === frame)?.[2] ?? "ease";
  return [...keyframes.filter((each) => each[0] !== frame), [frame, value, easing]].sort((a, b) => a[0] - b[0]);
}

const keyframeDropped = (keyframes, frame) => keyframes.filter((each) => each[0] !== frame);
