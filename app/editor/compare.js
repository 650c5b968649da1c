// Before and after: a divider to drag over the result, and a key to hold for the picture as it was.

const divider = find(".ms-divider");
let isComparing = false;
let dividedAt = 0.5; // share of the stage's width; left of it the picture as it was
let isBeforeHeld = false;

// {clip, frame, picture, isCut, kept}: shown until the next look of the same frame is there, or it would flicker
let lastResult = null;
let isCutShown = false; // the picture on the stage is cut: no click would find its place in it

function resultNow() {
  const isPlaying = Boolean(playing);
  const picture = composed.get(frame, isPlaying);
  const isCut = composed.isCut && isPlaying;
  if (picture) lastResult = { clip: state.clip, frame, picture, isCut, kept: isCut ? undefined : composed.keptBox(frame) };
  const isOfNow = lastResult?.clip === state.clip && lastResult.frame === frame && lastResult.picture.width;
  return isOfNow ? lastResult : undefined; // one that was closed has no width
}

/** Whether the result alone is seen, once it is there. */
const isCovered = () => state.view === "result" && !isBeforeHeld && !isComparing;

/** Draws the frame: the result, the picture as it was, or both parted by the divider. */
function drawPicture(width, height) {
  const before = frames?.peek(frame);
  const after = state.view === "result" && !isBeforeHeld ? resultNow() : undefined;
  const base = after?.picture ?? before;
  if (!before && (!after || isComparing)) frames?.picture(frame).then(redraw, () => {}); // while it plays it is left out
  if (base) {
    shown = base;
    isCutShown = Boolean(after?.isCut);
  }
  if (!shown?.width) return;
  pen.drawImage(shown, 0, 0, width, height);
  if (after?.kept) drawKept(after.kept, width, height);
  if (!after || !before || !isComparing) return;
  pen.save();
  pen.beginPath();
  pen.rect(-1e6, -1e6, toPicture(view, { x: dividedAt * room().width, y: 0 }).x + 1e6, 2e6);
  pen.clip();
  pen.drawImage(before, 0, 0, width, height);
  pen.restore();
}

/** Dims what reframing leaves out. It stays in sight, so that it can be clicked. */
function drawKept([x0, y0, x1, y1], width, height) {
  pen.fillStyle = "rgb(11 12 14 / .68)";
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(x0, y0, x1 - x0, y1 - y0);
  pen.fill("evenodd");
  for (const line of [{ ink: "rgb(11 12 14 / .6)", thickness: 3.5 }, { ink: "#fff", thickness: 1.5 }]) {
    pen.strokeStyle = line.ink;
    pen.lineWidth = line.thickness / view.scale;
    pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }
}

function showDivider() {
  const isShown = isComparing && state.view === "result" && isReady();
  divider.hidden = !isShown;
  divider.style.left = `${dividedAt * 100}%`;
  divider.setAttribute("aria-valuenow", String(Math.round(dividedAt * 100)));
  const button = find("[data-do=compare]");
  button.setAttribute("aria-pressed", String(isShown));
  button.disabled = state.view !== "result";
}

function divideAt(share) {
  dividedAt = Math.min(Math.max(share, 0.02), 0.98);
  showDivider();
  redraw();
}

function toggleCompare() {
  isComparing = !isComparing;
  showDivider();
  redraw();
}

divider.addEventListener("pointerdown", (event) => {
  event.stopPropagation();
  divider.setPointerCapture(event.pointerId);
});
divider.addEventListener("pointermove", (event) => {
  if (divider.hasPointerCapture(event.pointerId)) divideAt(onStage(event).x / room().width);
});
divider.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  divideAt(dividedAt + by);
});

function holdBefore(isHeld) {
  if (isHeld === isBeforeHeld) return;
  isBeforeHeld = isHeld;
  stage.classList.toggle("shows-before", isHeld);
  redraw();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "b" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (element.isConnected && isReady() && state.view === "result") holdBefore(true);
});
document.addEventListener("keyup", (event) => event.key.toLowerCase() === "b" && holdBefore(false));
window.addEventListener("blur", () => holdBefore(false));

studio.on("compare", "change", (keys) => {
  if (keys.includes("view") || keys.includes("clip")) showDivider();
});
