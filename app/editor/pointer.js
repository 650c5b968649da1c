// Mouse and fingers on the stage: click, drag a box, move or delete a click, long press, pinch, wheel.

/** @type {any} */
let gesture = null; // the one in progress
const pointers = new Map(); // pointer id → where it is on the stage

const onStage = (event) => {
  const edge = stage.getBoundingClientRect();
  return { x: event.clientX - edge.left - stage.clientLeft, y: event.clientY - edge.top - stage.clientTop };
};

canvas.addEventListener("contextmenu", (event) => event.preventDefault());

canvas.addEventListener("pointerdown", (event) => {
  if (!isReady() || event.button === 1) return;
  if (isCutShown) {
    pause();
    return;
  }
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
      studio.say(t("error.box"), "error");
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
