// The stage: the frame, its masks, its clicks and the gesture in progress, drawn on one canvas that can be zoomed.

const canvas = stage.querySelector("canvas");
const pen = canvas.getContext("2d");

let view = { scale: 1, x: 0, y: 0 }; // from picture to stage
let isZoomed = false;
let shown = null; // the last picture drawn, kept while the next one is decoded
let isDrawing = false;

const room = () => ({ width: stage.clientWidth, height: stage.clientHeight });

function redraw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function resize() {
  const { width, height } = room();
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * density));
  canvas.height = Math.max(1, Math.round(height * density));
  view = isZoomed ? clampView(view, room(), picture()) : fitPicture(room(), picture());
  draw();
  resizeLanes();
}

/** For another clip: nothing is shown, and the next picture is fitted. */
function clearStage() {
  shown = null;
  isZoomed = false;
}

function zoom(factor, anchor = { x: room().width / 2, y: room().height / 2 }) {
  if (!state.clip) return;
  view = zoomAt(view, room(), picture(), factor, anchor);
  isZoomed = view.scale > fitPicture(room(), picture()).scale * 1.001;
  redraw();
}

function draw() {
  const density = window.devicePixelRatio || 1;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!state.clip) return;
  const { width, height } = picture();
  pen.setTransform(density * view.scale, 0, 0, density * view.scale, density * view.x, density * view.y);
  pen.imageSmoothingQuality = "high";
  drawPicture(width, height);
  if (state.view === "masks") {
    drawMasks();
    drawSuggestion();
  }
  pen.setTransform(density, 0, 0, density, 0, 0);
  if (state.view === "masks" && !playing) drawPrompts();
  drawGesture();
}

function drawMasks() {
  const patch = masks.picture(frame, shownOn(frame));
  if (patch) drawPatch(patch);
}

/** @param {Patch} patch */
function drawPatch({ image, box }) {
  pen.drawImage(image, box.x, box.y, box.width, box.height);
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

new ResizeObserver(resize).observe(stage);
