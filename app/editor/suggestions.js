// Where the model answers at once: the frame that is shown is looked at before a click, and what a click would take is
// shown before it is made. And the three sizes of what a single click may have meant: a part, the whole, or more.

const FRAME_REST = 120; // ms that the playhead has to rest on a frame
const HOVER_REST = 60; // ms that the pointer has to slow down for
const HOVER_PATIENCE = 250; // ms; a server that takes longer is not asked again for this frame

let restTimer = 0;
/** @type {Patch|null} */
let suggestion = null; // of the hovered place
let hoverTimer = 0;
let slowHovers = 0;
let sizes = null; // {object, frame, choices: [{index, area}]}
const SIZE_NAMES = ["size.part", "size.whole", "size.more"];

function clearSuggestion() {
  clearTimeout(hoverTimer);
  if (suggestion) redraw();
  suggestion?.close();
  suggestion = null;
}

/** Where the playhead rests the server looks at the frame, so that the first click there is answered at once. */
function prepareFrame() {
  clearTimeout(restTimer);
  if (!state.clip?.suggests) return;
  restTimer = setTimeout(async () => {
    if (playing || state.task) return;
    const index = frame;
    const answer = await studio.ask("prepare", { frame: index }, "prepare");
    if (!answer.error) stage.dataset.prepared = String(index);
  }, FRAME_REST);
}

/** The pointer rests or moves at a place of the picture. */
function hover(at) {
  clearTimeout(hoverTimer);
  const object = studio.object(state.selected);
  const isWanted = state.clip?.suggests && isReady() && state.view === "masks" && object && !object.locked;
  if (!isWanted || playing || state.task || slowHovers > 2 || !isInside(picture(), at)) {
    clearSuggestion();
    return;
  }
  hoverTimer = setTimeout(() => askSuggestion(object, at), HOVER_REST);
}

async function askSuggestion(object, at) {
  if (requests.isBusy("prompt")) return;
  const prompt = promptOf(object, frame);
  const points = [...prompt.points, [rounded(at.x), rounded(at.y), label]];
  const began = performance.now();
  const asked = frame;
  const answer = await studio.ask("suggest", { object: object.id, frame, points, box: prompt.box }, "hover");
  const took = performance.now() - began;
  stage.dataset.lastHover = String(Math.round(took));
  slowHovers = took > HOVER_PATIENCE ? slowHovers + 1 : 0;
  const found = answer.suggestion?.masks;
  if (!found?.length || asked !== frame || gesture || requests.isBusy("prompt")) return;
  const best = found.length > 1 ? middleOf(found) : found[0];
  const patch = await paintOverlay([{ png: best.png, color: object.color }]);
  if (asked !== frame) {
    patch.close();
    return;
  }
  suggestion?.close();
  suggestion = patch;
  redraw();
}

/** Of three candidates the one of middle area: hovering says what, not how much of it. */
function middleOf(found) {
  return [...found].sort((a, b) => a.area - b.area)[Math.floor(found.length / 2)];
}

function drawSuggestion() {
  if (!suggestion) return;
  pen.globalAlpha = 0.55;
  drawPatch(suggestion);
  pen.globalAlpha = 1;
}

/** After a single click: the answers it may have meant, as buttons, the smallest first. */
async function offerSizes(object, index) {
  const prompt = promptOf(object, index);
  const answer = await studio.ask("suggest", { object: object.id, frame: index, points: prompt.points.slice(0, 1), box: null }, "sizes");
  const found = answer.suggestion?.masks ?? [];
  const choices = distinctSizes(found);
  sizes = choices.length > 1 && promptOf(object, index).points.length === 1 ? { object: object.id, frame: index, choices } : null;
  refreshSizes();
}

/** Candidates with the model's index, by area; of nearly equal ones and empty ones none. */
function distinctSizes(found) {
  const all = found.map(({ area }, index) => ({ area, index })).filter(({ area }) => area > 0);
  all.sort((a, b) => a.area - b.area);
  return all.filter(({ area }, at) => !at || area > all[at - 1].area * 1.15);
}

function chooseSize(at) {
  const object = studio.object(sizes?.object);
  if (!object || frame !== sizes.frame) return;
  place((prompt) => ({ ...prompt, choice: sizes.choices[at].index }));
  refreshSizes();
}

/** The key C: the next size. */
function cycleSize() {
  if (!sizes || frame !== sizes.frame) return;
  const chosen = promptOf(studio.object(sizes.object), frame).choice;
  chooseSize((sizes.choices.findIndex(({ index }) => index === chosen) + 1) % sizes.choices.length);
}

function refreshSizes() {
  const part = find(".ms-sizes");
  const object = studio.object(sizes?.object);
  const isCurrent = object && frame === sizes.frame && state.selected === object.id && state.view === "masks";
  part.hidden = !isCurrent || promptOf(object, frame).points.length !== 1;
  if (part.hidden) return;
  const chosen = promptOf(object, frame).choice;
  const names = sizes.choices.length === 2 ? [SIZE_NAMES[0], SIZE_NAMES[2]] : SIZE_NAMES;
  part.replaceChildren(
    ...sizes.choices.map((choice, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.size = String(at);
      button.textContent = t(names[at]);
      button.setAttribute("aria-pressed", String(chosen === choice.index));
      button.addEventListener("click", () => chooseSize(at));
      return button;
    }),
  );
}

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && !pointers.size) hover(toPicture(view, onStage(event)));
});
canvas.addEventListener("pointerleave", clearSuggestion);
