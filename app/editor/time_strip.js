// The timeline as it is drawn: ruler, filmstrip, marks, scene cuts, and a lane for each object.

const strip = find(".ms-strip");
const stripFace = strip.getContext("2d");
const stillStrip = document.createElement("canvas"); // all but the playhead, which alone moves from frame to frame
const stripPen = stillStrip.getContext("2d");
const RULER = 16; // px
const FILM = 40;
const LANE = 9;
const SURE = 5; // tenths; below it a lane turns amber
const AMBER = "#e8940c";

let time = wholeTime(1); // the stretch that is shown
let filmPictures = null; // {image, frames}: the sprite of the filmstrip
let isStripDrawing = false;
let stillInk = ""; // the colour that the still part was drawn in; empty where it has to be drawn anew
let stripGesture = null; // "scrub" | "in" | "out" | "pan"

const stripWidth = () => strip.clientWidth;

function showTime(index) {
  const before = time;
  time = timeWith(time, lastFrame() + 1, index);
  drawStrip(time !== before);
}

function zoomTimeline(factor, anchor = frame) {
  time = zoomTime(time, lastFrame() + 1, factor, anchor);
  drawStrip();
}

/** What the server found by looking at the whole clip: the filmstrip, the scene cuts, the sound. */
async function receiveTimeline({ cuts, strip: film, sound: path }) {
  studio.set({ cuts: cuts ?? [] });
  if (path) sound.src = studio.fileUrl(path);
  else sound.removeAttribute("src");
  if (film) {
    const bytes = Uint8Array.from(atob(film.picture), (letter) => letter.charCodeAt(0));
    filmPictures = { image: await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })), frames: film.frames };
  }
  drawStrip();
}

/** For another clip. */
function clearTimeline() {
  time = wholeTime(lastFrame() + 1);
  filmPictures = null;
  sound.removeAttribute("src");
  studio.set({ cuts: [] });
}

function resizeLanes() {
  const density = window.devicePixelRatio || 1;
  const height = RULER + FILM + 6 + Math.max(1, state.objects.length) * LANE + 4;
  strip.style.height = `${height}px`;
  for (const each of [strip, stillStrip]) {
    each.width = Math.max(1, Math.round(stripWidth() * density));
    each.height = Math.round(height * density);
  }
  stillInk = "";
  paintStrip();
}

function drawStrip(isStale = true) {
  if (isStale) stillInk = "";
  if (isStripDrawing) return;
  isStripDrawing = true;
  requestAnimationFrame(() => {
    isStripDrawing = false;
    paintStrip();
  });
}

/** The lanes changed, in number or in what they say. */
const drawLanes = () => resizeLanes();

function paintStrip() {
  const density = window.devicePixelRatio || 1;
  for (const pen of [stripFace, stripPen]) pen.setTransform(density, 0, 0, density, 0, 0);
  stripFace.clearRect(0, 0, strip.width, strip.height);
  if (!state.clip) return;
  const ink = getComputedStyle(strip).color;
  if (ink !== stillInk) paintStill(ink);
  stripFace.drawImage(stillStrip, 0, 0, strip.width / density, strip.height / density);
  paintPlayhead(ink);
}

function paintStill(ink) {
  stillInk = ink;
  stripPen.clearRect(0, 0, strip.width, strip.height);
  paintRuler(ink);
  paintFilm();
  state.objects.forEach((object, row) => paintLane(object, RULER + FILM + 6 + row * LANE, ink));
  paintCuts(ink);
  paintMarks();
}

function paintRuler(ink) {
  const { fps, frames: total } = state.clip;
  const stepSeconds = labelStep(time, stripWidth(), fps, 64);
  stripPen.fillStyle = ink;
  stripPen.font = "11px ui-sans-serif, system-ui, sans-serif";
  stripPen.textBaseline = "middle";
  stripPen.globalAlpha = 0.75;
  const last = secondsOf(total - 1);
  for (let at = Math.ceil(time.first / fps / stepSeconds) * stepSeconds; at <= last; at += stepSeconds) {
    const x = xOfFrame(time, frameAtTime(state.clip.times, at), stripWidth());
    const minutes = Math.floor(at / 60);
    const text = `${minutes}:${(at % 60).toFixed(stepSeconds < 1 ? 1 : 0).padStart(stepSeconds < 1 ? 4 : 2, "0")}`;
    if (x + 4 + stripPen.measureText(text).width > stripWidth()) break;
    stripPen.fillRect(Math.round(x), RULER - 5, 1, 5);
    stripPen.fillText(text, x + 4, RULER / 2);
  }
  stripPen.globalAlpha = 1;
}

function paintFilm() {
  stripPen.save();
  stripPen.beginPath();
  stripPen.roundRect(0, RULER, stripWidth(), FILM, 6);
  stripPen.clip();
  stripPen.fillStyle = "#17181b";
  stripPen.fillRect(0, RULER, stripWidth(), FILM);
  if (filmPictures) {
    const { image, frames: shownFrames } = filmPictures;
    const from = image.width / shownFrames.length;
    const width = FILM * (state.clip.size[1] / state.clip.size[0]);
    for (let x = 0; x < stripWidth(); x += width) {
      const middle = frameAtX(time, x + width / 2, stripWidth(), state.clip.frames);
      const at = nearestIndex(shownFrames, middle);
      stripPen.drawImage(image, at * from, 0, from, image.height, x, RULER, width, FILM);
    }
  }
  stripPen.restore();
}

/** Index of the value nearest to `wanted` in rising `values`. */
function nearestIndex(values, wanted) {
  let best = 0;
  values.forEach((value, index) => {
    if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = index;
  });
  return best;
}

function paintLane(object, y, ink) {
  const seen = lane(object.id);
  const sure = state.sure.get(object.id);
  const tall = LANE - 3;
  const from = Math.max(0, Math.floor(time.first));
  const to = Math.min(seen.length, Math.ceil(time.first + time.span));
  const isSelected = object.id === state.selected;
  const fade = isShown(object) ? 1 : 0.3;
  // One value a frame that says all that is drawn: kind · 10 + confidence.
  const values = Array.from(seen, (kind, index) => kind * 10 + (kind === 2 || kind === 4 ? Math.min(9, sure?.[index] ?? 9) : 0));
  for (const [value, start, end] of runsOf(values, from, to)) {
    const kind = Math.floor(value / 10);
    if (!kind) continue;
    const x = xOfFrame(time, start - 0.5, stripWidth());
    const width = Math.max(1, xOfFrame(time, end - 0.5, stripWidth()) - x);
    const isSeen = kind === 2 || kind === 4;
    stripPen.fillStyle = !isSeen ? ink : value % 10 >= SURE ? object.color : AMBER;
    stripPen.globalAlpha = fade * (isSeen ? (kind === 4 ? 0.35 : value % 10 >= SURE ? 0.95 : 0.85) : 0.3);
    if (isSeen) stripPen.fillRect(x, y, width, tall);
    else stripPen.fillRect(x, y + tall / 2 - 0.5, width, 1);
  }
  stripPen.globalAlpha = fade;
  for (const index of state.doubts.get(object.id) ?? []) paintDoubt(xOfFrame(time, index, stripWidth()), y + tall);
  for (const index of Object.keys(object.prompts)) {
    stripPen.beginPath();
    stripPen.arc(wholeDot(xOfFrame(time, Number(index), stripWidth()), 6), y + tall / 2, isSelected ? 5 : 4, 0, 2 * Math.PI);
    stripPen.fillStyle = object.color;
    stripPen.fill();
    stripPen.lineWidth = 1.5;
    stripPen.strokeStyle = "#fff";
    stripPen.stroke();
  }
  stripPen.globalAlpha = 1;
}

/** The middle of a dot that stands at `x`: at the ends of the clip it moves in, so that it is not cut off. */
function wholeDot(x, radius) {
  const isShown = x >= 0 && x <= stripWidth();
  return isShown ? Math.min(Math.max(x, radius), stripWidth() - radius) : x;
}

function paintDoubt(x, y) {
  stripPen.beginPath();
  stripPen.moveTo(x, y - 5);
  stripPen.lineTo(x + 4, y + 2);
  stripPen.lineTo(x - 4, y + 2);
  stripPen.closePath();
  stripPen.fillStyle = "#d3392f";
  stripPen.fill();
  stripPen.lineWidth = 1;
  stripPen.strokeStyle = "#fff";
  stripPen.stroke();
}

function paintCuts(ink) {
  stripPen.strokeStyle = "#fff";
  stripPen.lineWidth = 2;
  for (const cut of state.cuts) {
    const x = Math.round(xOfFrame(time, cut - 0.5, stripWidth()));
    stripPen.beginPath();
    stripPen.moveTo(x, RULER);
    stripPen.lineTo(x, RULER + FILM);
    stripPen.stroke();
    stripPen.fillStyle = ink;
    stripPen.fillRect(x - 1, RULER + FILM, 2, strip.clientHeight);
    stripPen.beginPath();
    stripPen.moveTo(x - 5, RULER);
    stripPen.lineTo(x + 5, RULER);
    stripPen.lineTo(x, RULER + 7);
    stripPen.fillStyle = "#fff";
    stripPen.fill();
  }
}

function paintMarks() {
  if (!state.marks) return;
  const [start, stop] = state.marks;
  const left = xOfFrame(time, start - 0.5, stripWidth());
  const right = xOfFrame(time, stop - 0.5, stripWidth());
  stripPen.fillStyle = "rgb(0 0 0 / .55)";
  stripPen.fillRect(0, RULER, Math.max(0, left), FILM);
  stripPen.fillRect(right, RULER, Math.max(0, stripWidth() - right), FILM);
  const accent = getComputedStyle(strip).getPropertyValue("--ms-mark") || "#0b7468";
  stripPen.strokeStyle = accent;
  stripPen.lineWidth = 2;
  stripPen.strokeRect(left, RULER + 1, right - left, FILM - 2);
  stripPen.fillStyle = accent;
  for (const x of [left, right - 7]) {
    stripPen.beginPath();
    stripPen.roundRect(x, RULER, 7, FILM, 2);
    stripPen.fill();
  }
}

function paintPlayhead(ink) {
  const x = Math.round(xOfFrame(time, frame, stripWidth()));
  stripFace.fillStyle = ink;
  stripFace.fillRect(x - 1, 6, 2, strip.clientHeight - 6);
  stripFace.beginPath();
  stripFace.arc(wholeDot(x, 6), 8, 6, 0, 2 * Math.PI);
  stripFace.fill();
}

const stripAt = (event) => {
  const edge = strip.getBoundingClientRect();
  return { x: event.clientX - edge.left, y: event.clientY - edge.top };
};

/** Which end of the marked range is under the pointer, if any. */
function markAt({ x, y }) {
  if (!state.marks || y < RULER || y > RULER + FILM) return null;
  const [start, stop] = state.marks;
  if (Math.abs(x - xOfFrame(time, start - 0.5, stripWidth()) - 3) < 9) return "in";
  return Math.abs(x - xOfFrame(time, stop - 0.5, stripWidth()) + 3) < 9 ? "out" : null;
}

function moveStrip(at) {
  const index = frameAtX(time, at.x, stripWidth(), lastFrame() + 1);
  if (stripGesture === "scrub") {
    if (index !== frame) goTo(index);
  } else if (stripGesture === "in") {
    studio.set({ marks: [Math.min(index, state.marks[1] - 1), state.marks[1]] });
  } else if (stripGesture === "out") {
    studio.set({ marks: [state.marks[0], Math.max(index + 1, state.marks[0] + 1)] });
  }
}

strip.addEventListener("pointerdown", (event) => {
  if (!isReady() || event.button !== 0) return;
  const at = stripAt(event);
  isFollowing = false;
  pause();
  stripGesture = markAt(at) ?? "scrub";
  strip.setPointerCapture(event.pointerId);
  const row = Math.floor((at.y - RULER - FILM - 6) / LANE);
  if (state.objects[row]) studio.set({ selected: state.objects[row].id });
  if (stripGesture === "scrub") moveStrip(at);
});
strip.addEventListener("pointermove", (event) => {
  strip.style.cursor = markAt(stripAt(event)) ? "ew-resize" : "pointer";
  if (stripGesture) moveStrip(stripAt(event));
});
for (const end of ["pointerup", "pointercancel"]) {
  strip.addEventListener(end, () => {
    if (stripGesture === "in" || stripGesture === "out") setMarks(state.marks);
    stripGesture = null;
  });
}
strip.addEventListener(
  "wheel",
  (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoomTimeline(Math.exp(-event.deltaY / 300), frameAtX(time, stripAt(event).x, stripWidth(), lastFrame() + 1));
    } else if (time.span < lastFrame() + 1) {
      event.preventDefault();
      const by = ((event.deltaX || event.deltaY) / stripWidth()) * time.span;
      time = clampTime({ first: time.first + by, span: time.span }, lastFrame() + 1);
      drawStrip();
    }
  },
  { passive: false },
);
