// The clicks: what is said about the selected object on this frame, how it reaches the server, undo and redo.

let undoable = []; // {object, frame, before, after}
let redoable = [];
let adding = null; // promise of an object being added: clicks wait for it

const rounded = (value) => Math.round(value * 10) / 10;

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

function addPoint(at, sign) {
  if (!isInside(picture(), at)) {
    studio.say("That click is outside the picture. Click on the thing you want to follow.", "error");
    return;
  }
  place((prompt) => ({ ...prompt, points: [...prompt.points, [rounded(at.x), rounded(at.y), sign]] }));
}

/** Takes the last step off `from`, puts it on `to`, and says again what was so `before` or `after` it. */
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

const undo = () => replay(undoable, redoable, "before");
const redo = () => replay(redoable, undoable, "after");

/** Forgets the steps that `isGone` is true of. */
function forgetSteps(isGone) {
  undoable = undoable.filter((step) => !isGone(step));
  redoable = redoable.filter((step) => !isGone(step));
}

function addObject() {
  if (!isReady() || adding) return;
  adding = studio.ask("objects", { action: "add" }).finally(() => {
    adding = null;
  });
}

studio.on("editor", "add-object", addObject);
