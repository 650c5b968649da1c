// The clicks: what is said about the selected object on this frame, how it reaches the server, and undo and redo.

let adding = null; // promise of an object being added: clicks wait for it

const CHANGES = ["prompt", "objects", "layers", "marks", "model"]; // what changes the project, each a step of its history

/** Resolves once every change has reached the server. */
studio.settled = () => requests.settled(CHANGES);

const rounded = (value) => Math.round(value * 10) / 10;

const busyText = () => t(state.task.kind === "render" ? "error.rendering" : "error.tracking");

async function place(change) {
  if (!isReady()) return;
  if (adding) await adding;
  await requests.settled(["history"]);
  if (state.task) {
    studio.say(busyText(), "error");
    return;
  }
  const object = studio.object(state.selected);
  if (!object) {
    studio.say(t("error.no_object"), "error");
    return;
  }
  if (object.locked) {
    studio.say(t("error.locked", { name: object.name }), "error");
    return;
  }
  pause();
  studio.set({ view: "masks" });
  sendPrompt(object, frame, change(promptOf(object, frame)));
}

function sendPrompt(object, index, prompt) {
  if (prompt.points.length || prompt.box) object.prompts[index] = prompt;
  else delete object.prompts[index];
  redraw();
  drawLanes();
  refresh();
  clearSuggestion();
  const body = { object: object.id, frame: index, points: prompt.points, box: prompt.box, choice: prompt.choice ?? null };
  const started = performance.now();
  studio.ask("prompt", body, `${object.id}:${index}`).then((answer) => {
    stage.dataset.lastClick = String(Math.round(performance.now() - started));
    restyle();
    refresh();
  });
}

function addPoint(at, sign) {
  if (!isInside(picture(), at)) {
    studio.say(t("error.outside"), "error");
    return;
  }
  place((prompt) => ({ ...prompt, points: [...prompt.points, [rounded(at.x), rounded(at.y), sign]] }));
}

/** One step of the server's history back or forward; changes that are on their way count first. */
async function travel(action) {
  if (!isReady()) return;
  if (state.task) {
    studio.say(busyText(), "error");
    return;
  }
  pause();
  await requests.settled(CHANGES);
  await studio.ask("history", { action, frame });
  restyle();
}

const undo = () => travel("undo");
const redo = () => travel("redo");

function addObject() {
  if (!isReady() || adding) return;
  adding = studio.ask("objects", { action: "add" }).finally(() => {
    adding = null;
  });
}

studio.on("editor", "add-object", addObject);
studio.on("editor", "go", (index) => step(index - frame));
