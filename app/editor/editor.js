// The stage: shows the frame, its masks and its clicks; takes clicks, boxes and keys; scrubs and plays.
// `element`, `trigger`, `props` and `watch` are given by gr.HTML, `EVENTS` (channel → event) by frame_editor.py.

const requests = new Requests((channel, data) => trigger(EVENTS[channel], data));
const state = studio.state;
const find = (selector) => element.querySelector(selector);
const stage = find(".ms-stage");
const canvas = stage.querySelector("canvas");
const pen = canvas.getContext("2d");
const scrub = find(".ms-scrub");
const lanes = find(".ms-lanes");
const masks = new MaskStore(() => redraw());

let frames = null; // FrameStore
let frame = 0;
let label = 1; // what a plain click means
let view = { scale: 1, x: 0, y: 0 };
let isZoomed = false;
let cursor = null; // keyboard cursor in picture coordinates
let gesture = null; // pointer gesture in progress
let playing = null; // {since, from}
let shown = null; // the last picture drawn, kept while the next one is decoded
let composed = new Map(); // frame → ImageBitmap of the result; emptied when anything changes
let undoable = [];
let redoable = [];
let isFollowing = false; // while tracking, the stage goes along until somebody takes the playhead
let lastTracked = 0;
let adding = null; // promise of an object being added: clicks wait for it
const fetched = new Set(); // frames whose masks were asked for

const picture = () => ({ width: state.clip?.size[1] ?? 16, height: state.clip?.size[0] ?? 9 });
const room = () => ({ width: stage.clientWidth, height: stage.clientHeight });
const lastFrame = () => (state.clip ? state.clip.frames - 1 : 0);
const promptOf = (object, index) => object?.prompts[index] ?? { points: [], box: null };
const isReady = () => Boolean(frames);

/* ---------------------------------------------------------------- the server */

studio.ask = (channel, data = {}, key = null) => requests.send(channel, data, key);

for (const channel of Object.keys(EVENTS)) {
  watch(`reply_${channel}`, () => {
    const message = props[`reply_${channel}`];
    if (!message) return;
    // What a stopped task sent just before it heard of it: its masks count, its progress no longer does.
    if (message.re && !requests.isAwaited(channel, message)) apply({ masks: message.masks });
    else apply(message);
    // A stopped task never sends its own last message.
    if (channel.startsWith("stop_") && message.done) requests.abandon(channel.slice(5), {});
    if (channel === "stop_track" && state.tracked) {
      studio.set({ staleFrom: lastTracked < lastFrame() ? lastTracked + 1 : 0 });
      restyle();
    }
    requests.answer(channel, message);
  });
}

/** Every message is a set of optional parts; each is applied if present. */
function apply(message) {
  if (message.clip) openClip(message.clip);
  if (message.objects && !requests.waiting.get("prompt")?.length) {
    const ids = message.objects.map((object) => object.id);
    for (const object of state.objects) if (!ids.includes(object.id)) forget(object.id);
    const selected = message.select ?? (ids.includes(state.selected) ? state.selected : ids[ids.length - 1] ?? null);
    studio.set({ objects: message.objects, selected });
  }
  if (message.models && !message.clip) studio.set({ models: message.models });
  if (message.layers) studio.set({ layers: message.layers });
  if (message.lanes) setLanes(message.lanes);
  if (message.masks) {
    for (const mask of message.masks) receiveMask(mask);
    studio.set({ lanes: state.lanes });
  }
  if (message.composed) receiveComposed(message.composed);
  if ("stale_from" in message) studio.set({ staleFrom: message.stale_from });
  if ("tracked" in message) studio.set({ tracked: message.tracked });
  if ("task" in message) studio.set({ task: message.task });
  if (message.follow !== undefined) {
    lastTracked = message.follow;
    if (isFollowing && !playing) goTo(message.follow);
  }
  if ("output" in message) studio.set({ output: message.output });
  if (message.error) studio.say(message.error, "error");
  else if (message.status !== undefined) studio.say(message.status);
  else if (message.done && find(".ms-status").dataset.kind === "error") studio.say(""); // it went well again
  refresh();
}

function openClip(clip) {
  pause();
  masks.clear();
  composed = new Map();
  fetched.clear();
  undoable = [];
  redoable = [];
  shown = null;
  frames = new FrameStore({ url: studio.fileUrl(clip.pack.path), offsets: clip.pack.offsets });
  frame = 0;
  isZoomed = false;
  cursor = null;
  scrub.max = clip.frames - 1;
  studio.set({ clip, lanes: new Map(), output: null, view: "masks", tracked: false, staleFrom: null, selected: null, objects: [] });
  stage.style.setProperty("--ms-aspect", `${clip.size[1]} / ${clip.size[0]}`);
  stage.style.setProperty("--ms-ratio", clip.size[1] / clip.size[0]);
  document.body.classList.add("ms-editing");
  requestAnimationFrame(resize);
  goTo(0);
  if (state.models && clip.model !== state.models.current) studio.ask("model", { name: state.models.current });
}

/** `visible` is null where the server did not look: then a picture leaves the lane as it is, and none empties it. */
function receiveMask({ object, frame: index, png, visible }) {
  if (!studio.object(object)) return;
  masks.put(object, index, png);
  if (visible !== null) lane(object)[index] = visible ? 2 : 1;
  else if (!png) lane(object)[index] = 0;
  composed.delete(index);
  if (index === frame) redraw();
}

async function receiveComposed({ frame: index, jpeg, version }) {
  if (version !== lookVersion) return;
  const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
  composed.set(index, await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })));
  if (composed.size > 60) composed.delete(composed.keys().next().value);
  if (index === frame) redraw();
}

function lane(object) {
  if (!state.lanes.has(object)) state.lanes.set(object, new Uint8Array(state.clip.frames));
  return state.lanes.get(object);
}

/** `known`: object id → string with a digit a frame, as in `state.lanes`. */
function setLanes(known) {
  for (const [object, digits] of Object.entries(known)) lane(Number(object)).set([...digits].map(Number));
  drawLanes();
}

function forget(object) {
  masks.drop(object);
  state.lanes.delete(object);
  undoable = undoable.filter((step) => step.object !== object);
  redoable = redoable.filter((step) => step.object !== object);
  restyle();
}

/** Masks of frames that were tracked but never arrived here (an earlier visit, a lost message). */
async function fetchMasks() {
  const missing = state.objects.some((object) => lane(object.id)[frame] === 2 && !masks.has(object.id, frame));
  if (!missing || fetched.has(frame)) return;
  const first = frame;
  const wanted = [];
  for (let index = first; index <= Math.min(lastFrame(), first + 24); index += 1) wanted.push(index);
  for (const index of wanted) fetched.add(index);
  await studio.ask("masks", { frames: wanted }, "masks");
}

/* ---------------------------------------------------------------- drawing */

let drawing = false;
function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function resize() {
  const { width, height } = room();
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * density));
  canvas.height = Math.max(1, Math.round(height * density));
  view = isZoomed ? clampView(view, room(), picture()) : fitPicture(room(), picture());
  lanes.width = Math.max(1, Math.round(lanes.clientWidth * density));
  lanes.height = Math.max(1, Math.round(lanes.clientHeight * density));
  draw();
  drawLanes();
}

function draw() {
  const density = window.devicePixelRatio || 1;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!state.clip) return;
  const { width, height } = picture();
  pen.setTransform(density * view.scale, 0, 0, density * view.scale, density * view.x, density * view.y);
  pen.imageSmoothingQuality = "high";
  const result = state.view === "result" ? composed.get(frame) : undefined;
  const base = result ?? frames?.peek(frame);
  if (base) shown = base;
  if (shown) pen.drawImage(shown, 0, 0, width, height);
  if (state.view === "masks") drawMasks(width, height);
  pen.setTransform(density, 0, 0, density, 0, 0);
  if (state.view === "masks" && !playing) drawPrompts();
  drawGesture();
}

function drawMasks(width, height) {
  for (const object of state.objects) {
    if (lane(object.id)[frame] !== 2) continue;
    const tinted = masks.picture(object.id, frame, object.color);
    if (tinted) pen.drawImage(tinted, 0, 0, width, height);
  }
}

function drawPrompts() {
  for (const object of state.objects) {
    const isSelected = object.id === state.selected;
    const { points, box } = promptOf(object, frame);
    pen.globalAlpha = isSelected ? 1 : 0.55;
    if (box) strokeBox(box, object.color, isSelected ? 2.5 : 1.5);
    for (const [x, y, sign] of points) drawPoint(toStage(view, { x, y }), sign, object.color, isSelected ? 8 : 6);
    pen.globalAlpha = 1;
  }
}

/** A white ring keeps a point readable on any picture; its sign is a shape, not only a colour. */
function drawPoint(at, sign, color, radius) {
  pen.beginPath();
  pen.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  pen.fillStyle = sign ? color : "#16181d";
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = "#fff";
  pen.stroke();
  pen.beginPath();
  const arm = radius * 0.5;
  pen.moveTo(at.x - arm, at.y);
  pen.lineTo(at.x + arm, at.y);
  if (sign) {
    pen.moveTo(at.x, at.y - arm);
    pen.lineTo(at.x, at.y + arm);
  }
  pen.stroke();
}

function strokeBox([x0, y0, x1, y1], color, thickness) {
  const from = toStage(view, { x: x0, y: y0 });
  const to = toStage(view, { x: x1, y: y1 });
  pen.setLineDash([]);
  pen.lineWidth = thickness + 2;
  pen.strokeStyle = "rgba(255,255,255,.85)";
  pen.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  pen.lineWidth = thickness;
  pen.strokeStyle = color;
  pen.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
}

function drawGesture() {
  const color = studio.object(state.selected)?.color ?? "#fff";
  if (gesture?.kind === "box") strokeBox(boxBetween(gesture.from, gesture.to, picture()), color, 2);
  if (gesture?.kind === "move") drawPoint(toStage(view, gesture.to), gesture.sign, color, 10);
  if (!cursor || document.activeElement !== stage) return;
  const at = toStage(view, cursor);
  for (const [ink, thickness] of [["#16181d", 4], ["#fff", 1.5]]) {
    pen.strokeStyle = ink;
    pen.lineWidth = thickness;
    pen.beginPath();
    pen.moveTo(at.x - 14, at.y);
    pen.lineTo(at.x + 14, at.y);
    pen.moveTo(at.x, at.y - 14);
    pen.lineTo(at.x, at.y + 14);
    pen.stroke();
  }
}

/** Under the scrubber: a lane an object shows where it is visible and where it was prompted. */
function drawLanes() {
  const brush = lanes.getContext("2d");
  const { width, height } = lanes;
  brush.clearRect(0, 0, width, height);
  if (!state.clip || !state.objects.length) return;
  const density = window.devicePixelRatio || 1;
  const inset = 8 * density; // half the scrubber's thumb: frame 0 and the last lie under its ends
  const step = (width - 2 * inset) / Math.max(1, lastFrame());
  const at = (index) => inset + index * step;
  const tall = Math.min(6 * density, height / state.objects.length - density);
  state.objects.forEach((object, row) => {
    const y = row * (tall + 2 * density) + density;
    brush.fillStyle = object.color;
    const known = lane(object.id);
    for (let index = 0; index < known.length; index += 1) {
      if (!known[index]) continue;
      brush.globalAlpha = known[index] === 2 ? 0.85 : 0.18;
      brush.fillRect(at(index) - step / 2, y, step + 0.5, tall);
    }
    brush.globalAlpha = 1;
    for (const index of Object.keys(object.prompts)) {
      brush.beginPath();
      brush.arc(at(Number(index)), y + tall / 2, tall / 2 + density, 0, 2 * Math.PI);
      brush.fillStyle = object.color;
      brush.fill();
      brush.lineWidth = 1.5 * density;
      brush.strokeStyle = "#fff";
      brush.stroke();
    }
  });
}

/* ---------------------------------------------------------------- time */

async function goTo(index) {
  frame = Math.min(Math.max(0, index), lastFrame());
  scrub.value = frame;
  const seconds = state.clip ? state.clip.times[frame] - state.clip.times[0] : 0;
  const clock = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
  find(".ms-time").textContent = `${clock}  ·  ${frame + 1} / ${lastFrame() + 1}`;
  scrub.setAttribute("aria-valuetext", `Frame ${frame + 1} of ${lastFrame() + 1}, ${clock}`);
  if (!frames) return;
  fetchMasks();
  refresh();
  const wanted = frame;
  try {
    // The frame and its masks appear together, or the masks would lag behind while it plays.
    await Promise.all([frames.picture(wanted), loadMasks(wanted)]);
    if (playing) {
      frames.prefetch(wanted);
      for (let ahead = wanted + 1; ahead < wanted + 5; ahead += 1) loadMasks(ahead);
    }
  } catch (problem) {
    studio.say(`Frame ${wanted + 1} could not be loaded (${problem.message}). Check the connection and try again.`, "error");
  }
  if (wanted !== frame) return;
  redraw();
  if (state.view === "result") compose();
}

function loadMasks(index) {
  return Promise.all(state.objects.map((object) => masks.load(object.id, index, object.color)));
}

function play() {
  if (!isReady()) return;
  playing = { since: performance.now(), from: frame >= lastFrame() ? 0 : frame };
  if (playing.from !== frame) goTo(playing.from);
  cursor = null;
  refresh();
  requestAnimationFrame(tick);
}

function pause() {
  playing = null;
  refresh();
}

function tick(now) {
  if (!playing) return;
  const { times } = state.clip;
  const elapsed = (now - playing.since) / 1000 + times[playing.from] - times[0];
  const target = frameAtTime(times, elapsed);
  const next = Math.min(frame + 1, lastFrame());
  const isAtHand = frames.peek(next) && (state.view === "masks" || composed.has(next));
  if (target > frame && !isAtHand) {
    // The clock waits for the picture instead of skipping to one that is not there either.
    playing = { since: now, from: frame };
    frames.picture(next).catch(() => pause());
    if (state.view === "result") compose(next);
  } else if (target > frame) {
    goTo(state.view === "masks" && frames.peek(target) ? target : next);
  }
  const isOver = frame >= lastFrame() && elapsed > times[lastFrame()] - times[0] + 0.2;
  if (isOver) {
    pause();
    redraw();
  } else requestAnimationFrame(tick);
}

/* ---------------------------------------------------------------- the result */

let lookVersion = 0;

/** Anything that the result depends on has changed. */
function restyle() {
  lookVersion += 1;
  composed = new Map();
  if (state.view === "result") compose();
}

function compose(index = frame) {
  if (!isReady() || composed.has(index)) return;
  studio.ask("look", { frame: index, version: lookVersion }, "look");
}

studio.on("editor", "layers", (layers) => {
  lookVersion += 1;
  composed = new Map();
  studio.set({ layers, view: "result" });
  studio.ask("look", { frame, version: lookVersion, layers }, "layers");
});

/* ---------------------------------------------------------------- prompts */

async function place(change) {
  if (!isReady()) return;
  if (adding) await adding;
  if (state.task) {
    studio.say(`Wait for the ${state.task.kind === "render" ? "rendering" : "tracking"} to end, or cancel it, before you change clicks.`, "error");
    return;
  }
  const object = studio.object(state.selected);
  if (!object) {
    studio.say("Add an object first.", "error");
    return;
  }
  pause();
  studio.set({ view: "masks" });
  const before = promptOf(object, frame);
  sendPrompt(object, frame, change(before), before, true);
}

function sendPrompt(object, index, prompt, before, record) {
  if (record) {
    undoable.push({ object: object.id, frame: index, before, after: prompt });
    redoable = [];
  }
  if (prompt.points.length || prompt.box) object.prompts[index] = prompt;
  else delete object.prompts[index];
  redraw();
  drawLanes();
  refresh();
  const body = { object: object.id, frame: index, points: prompt.points, box: prompt.box };
  const started = performance.now();
  studio.ask("prompt", body, `${object.id}:${index}`).then((answer) => {
    stage.dataset.lastClick = String(Math.round(performance.now() - started));
    restyle();
    if (answer.refused) undoable = undoable.filter((step) => step.after !== prompt);
    else if (state.tracked) studio.set({ staleFrom: Math.min(index, state.staleFrom ?? index) });
    refresh();
  });
}

const rounded = (value) => Math.round(value * 10) / 10;

function addPoint(at, sign) {
  if (!isInside(picture(), at)) {
    studio.say("That click is outside the picture. Click on the thing you want to follow.", "error");
    return;
  }
  place((prompt) => ({ ...prompt, points: [...prompt.points, [rounded(at.x), rounded(at.y), sign]] }));
}

function replay(from, to, pick) {
  const step = from.pop();
  if (!step) return;
  to.push(step);
  const object = studio.object(step.object);
  if (!object) return;
  studio.set({ selected: step.object, view: "masks" });
  if (frame !== step.frame) goTo(step.frame);
  sendPrompt(object, step.frame, step[pick], null, false);
}

function addObject() {
  if (!isReady() || adding) return;
  adding = studio.ask("objects", { action: "add" }).finally(() => {
    adding = null;
  });
}

studio.on("editor", "add-object", addObject);

/* ---------------------------------------------------------------- pointer */

const pointers = new Map();
const onStage = (event) => {
  const edge = stage.getBoundingClientRect();
  return { x: event.clientX - edge.left - stage.clientLeft, y: event.clientY - edge.top - stage.clientTop };
};

canvas.addEventListener("contextmenu", (event) => event.preventDefault());

canvas.addEventListener("pointerdown", (event) => {
  if (!isReady() || event.button === 1) return;
  hideHelp();
  stage.focus({ preventScroll: true });
  cursor = null;
  canvas.setPointerCapture(event.pointerId);
  const at = onStage(event);
  pointers.set(event.pointerId, at);
  if (pointers.size === 2) {
    startPinch();
    return;
  }
  const takesAway = event.button === 2 || event.altKey || event.ctrlKey;
  const points = promptOf(studio.object(state.selected), frame).points;
  const hit = state.view === "masks" ? nearestPoint(points, view, at, event.pointerType === "touch" ? 18 : 11) : -1;
  gesture = { kind: "press", start: at, from: toPicture(view, at), to: toPicture(view, at), hit, sign: takesAway ? 1 - label : label };
  if (event.pointerType !== "mouse") {
    gesture.timer = setTimeout(() => {
      if (gesture?.kind !== "press") return;
      navigator.vibrate?.(20);
      addPoint(gesture.from, 1 - label);
      gesture = null;
    }, 500);
  }
});

canvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return;
  const at = onStage(event);
  pointers.set(event.pointerId, at);
  if (gesture?.kind === "pinch") {
    pinch();
    return;
  }
  if (!gesture) return;
  gesture.to = toPicture(view, at);
  if (gesture.kind === "press" && Math.hypot(at.x - gesture.start.x, at.y - gesture.start.y) > 6) {
    clearTimeout(gesture.timer);
    gesture.kind = gesture.hit >= 0 ? "move" : "box";
    if (gesture.kind === "move") gesture.sign = promptOf(studio.object(state.selected), frame).points[gesture.hit][2];
  }
  if (gesture.kind !== "press") redraw();
});

function endPointer(event, isCancelled) {
  pointers.delete(event.pointerId);
  const done = gesture;
  if (done?.kind === "pinch" && pointers.size) return;
  gesture = null;
  if (!done) return;
  clearTimeout(done.timer);
  if (!isCancelled) finishGesture(done);
  redraw();
}

function finishGesture(done) {
  const withoutHit = (points) => points.filter((_, index) => index !== done.hit);
  if (done.kind === "press" && done.hit >= 0) {
    place((prompt) => ({ ...prompt, points: withoutHit(prompt.points) }));
  } else if (done.kind === "press") {
    addPoint(done.from, done.sign);
  } else if (done.kind === "move") {
    if (!isInside(picture(), done.to)) return; // dropped outside: it stays where it was
    const moved = [rounded(done.to.x), rounded(done.to.y), done.sign];
    place((prompt) => ({ ...prompt, points: prompt.points.map((point, index) => (index === done.hit ? moved : point)) }));
  } else if (done.kind === "box") {
    const box = boxBetween(done.from, done.to, picture());
    if (box[2] - box[0] < 2 || box[3] - box[1] < 2) {
      studio.say("That box is too small or outside the picture. Drag it around the thing you want to follow.", "error");
      return;
    }
    place((prompt) => ({ ...prompt, box }));
  }
}

canvas.addEventListener("pointerup", (event) => endPointer(event, false));
canvas.addEventListener("pointercancel", (event) => endPointer(event, true));

function startPinch() {
  clearTimeout(gesture?.timer);
  const [a, b] = [...pointers.values()];
  gesture = { kind: "pinch", apart: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
}

function pinch() {
  const [a, b] = [...pointers.values()];
  if (!b) return;
  const apart = Math.hypot(a.x - b.x, a.y - b.y);
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  view = { ...view, x: view.x + middle.x - gesture.middle.x, y: view.y + middle.y - gesture.middle.y };
  zoom(apart / Math.max(1, gesture.apart), middle);
  gesture.apart = apart;
  gesture.middle = middle;
}

function zoom(factor, anchor = { x: room().width / 2, y: room().height / 2 }) {
  if (!state.clip) return;
  view = zoomAt(view, room(), picture(), factor, anchor);
  isZoomed = view.scale > fitPicture(room(), picture()).scale * 1.001;
  redraw();
}

stage.addEventListener(
  "wheel",
  (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), onStage(event));
    } else if (isZoomed) {
      event.preventDefault();
      view = clampView({ ...view, x: view.x - event.deltaX, y: view.y - event.deltaY }, room(), picture());
      redraw();
    }
  },
  { passive: false },
);

/* ---------------------------------------------------------------- keys */

const isTyping = (target) => target.closest?.("input:not([type=range]), textarea, select, [contenteditable]");

function moveCursor(event) {
  const step = event.shiftKey ? 25 : 5;
  const { width, height } = picture();
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const stride = step / view.scale;
  cursor = {
    x: Math.min(Math.max(cursor.x + by[0] * stride, 0), width - 0.5),
    y: Math.min(Math.max(cursor.y + by[1] * stride, 0), height - 0.5),
  };
  redraw();
}

stage.addEventListener("focus", () => {
  // Reached by Tab: show a cursor that the arrow keys move. Reached by a click, arrows step through frames.
  if (!cursor && stage.matches(":focus-visible") && !pointers.size) cursor = { x: picture().width / 2, y: picture().height / 2 };
  redraw();
});
stage.addEventListener("blur", redraw);

const KEYS = {
  " ": () => (playing ? pause() : play()),
  ArrowLeft: (event) => step(event.shiftKey ? -10 : -1),
  ArrowRight: (event) => step(event.shiftKey ? 10 : 1),
  ",": () => step(-1),
  ".": () => step(1),
  Home: () => step(-lastFrame()),
  End: () => step(lastFrame()),
  a: () => setLabel(1),
  r: () => setLabel(0),
  n: () => addObject(),
  "+": () => zoom(1.4),
  "=": () => zoom(1.4),
  "-": () => zoom(1 / 1.4),
  "?": () => toggleHelp(),
  Escape: () => hideHelp(),
};

function onKey(event) {
  if (!element.isConnected) {
    document.removeEventListener("keydown", onKey);
    return;
  }
  if (!state.clip || !document.body.classList.contains("ms-editing") || isTyping(event.target)) return;
  const isOnStage = event.target === stage;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    if (event.shiftKey) replay(redoable, undoable, "after");
    else replay(undoable, redoable, "before");
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (isOnStage && cursor && event.key.startsWith("Arrow")) {
    event.preventDefault();
    moveCursor(event);
    return;
  }
  if (isOnStage && cursor && event.key === "Enter") {
    event.preventDefault();
    addPoint(cursor, event.shiftKey ? 1 - label : label);
    return;
  }
  // A focused button keeps its own Space and Enter, a slider its own arrows.
  const isControl = event.target.closest?.("button, a, summary, input, [role=radio]");
  if (isControl && (event.key === " " || event.key === "Enter" || event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
}
document.addEventListener("keydown", onKey);

/* ---------------------------------------------------------------- controls */

function step(by) {
  isFollowing = false;
  pause();
  goTo(frame + by);
}

function setLabel(sign) {
  label = sign;
  refresh();
}

function hideHelp() {
  find(".ms-help").hidden = true;
  find("[data-do=help]").setAttribute("aria-expanded", "false");
}

function toggleHelp() {
  const help = find(".ms-help");
  help.hidden = !help.hidden;
  find("[data-do=help]").setAttribute("aria-expanded", String(!help.hidden));
}

const ACTIONS = {
  undo: () => replay(undoable, redoable, "before"),
  redo: () => replay(redoable, undoable, "after"),
  wipe: () => place(() => ({ points: [], box: null })),
  "zoom-in": () => zoom(1.4),
  "zoom-out": () => zoom(1 / 1.4),
  help: toggleHelp,
  previous: () => step(-1),
  next: () => step(1),
  play: () => (playing ? pause() : play()),
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.do) ACTIONS[button.dataset.do]();
  if (button.dataset.mode) setLabel(Number(button.dataset.mode));
  if (button.dataset.view) {
    studio.set({ view: button.dataset.view });
    if (button.dataset.view === "result") compose();
  }
});

scrub.addEventListener("input", () => {
  isFollowing = false;
  pause();
  goTo(Number(scrub.value));
});

function hintText() {
  if (!isReady() || state.view === "result") return "";
  const object = studio.object(state.selected);
  if (!object) return "";
  const isFresh = !Object.keys(object.prompts).length && !lane(object.id).some(Boolean);
  if (!isFresh) return "";
  return state.objects.length === 1 ? "Click the thing you want to follow, or drag a box around it" : `Click or box ${object.name}`;
}

/** Puts the controls in step with the state. */
function refresh() {
  const prompt = promptOf(studio.object(state.selected), frame);
  find("[data-do=undo]").disabled = !undoable.length;
  find("[data-do=redo]").disabled = !redoable.length;
  find("[data-do=wipe]").disabled = !prompt.points.length && !prompt.box;
  for (const button of element.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.mode) === label));
  }
  for (const button of element.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  }
  find(".ms-play").classList.toggle("is-playing", Boolean(playing));
  find(".ms-play").setAttribute("aria-label", playing ? "Pause" : "Play");
  stage.classList.toggle("takes-away", label === 0);
  const hint = hintText();
  find(".ms-hint").textContent = hint;
  find(".ms-hint").hidden = !hint;
  stage.classList.toggle("is-busy", requests.isBusy("prompt"));
  stage.dataset.frame = String(frame);
}

let taskBefore = null;
function noticeTask() {
  const kind = state.task?.kind ?? null;
  if (kind === "track" && taskBefore !== "track") isFollowing = true;
  taskBefore = kind;
}

studio.on("editor", "change", (keys) => {
  if (keys.includes("task")) noticeTask();
  refresh();
  if (keys.includes("objects") || keys.includes("lanes")) drawLanes();
  redraw();
});
studio.on("editor", "say", ({ text, kind }) => {
  const status = find(".ms-status");
  status.textContent = text;
  status.dataset.kind = kind;
});
new ResizeObserver(resize).observe(stage);
refresh();
