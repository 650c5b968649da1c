// The keyboard: shortcuts, and a cursor on the stage for those who do not point.

let cursor = null; // in picture coordinates

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
  i: () => markHere("in"),
  o: () => markHere("out"),
  l: () => toggleLoop(),
  d: () => goToDoubt(),
  c: () => cycleSize(),
  s: () => studio.set({ solo: state.solo === state.selected ? null : state.selected }),
  t: () => document.querySelector(".ms-track-start")?.click(),
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
  if (document.querySelector("dialog[open]")) return; // also where nothing in it has the focus
  const isOnStage = event.target === stage;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    if (event.shiftKey) redo();
    else undo();
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
