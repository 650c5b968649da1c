// The buttons and words around the stage, kept in step with the state.

let label = 1; // what a plain click means

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
  undo,
  redo,
  wipe: () => place(() => ({ points: [], box: null })),
  "zoom-in": () => zoom(1.4),
  "zoom-out": () => zoom(1 / 1.4),
  help: toggleHelp,
  compare: toggleCompare,
  previous: () => step(-1),
  next: () => step(1),
  play: () => (playing ? pause() : play()),
  loop: toggleLoop,
  "mark-in": () => markHere("in"),
  "mark-out": () => markHere("out"),
  "mark-none": () => setMarks(null),
  doubt: goToDoubt,
  "time-in": () => zoomTimeline(1.6),
  "time-out": () => zoomTimeline(1 / 1.6),
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

function hintText() {
  if (!isReady() || state.view === "result") return "";
  const object = studio.object(state.selected);
  if (!object) return "";
  const isFresh = !Object.keys(object.prompts).length && !lane(object.id).some(Boolean);
  if (!isFresh) return "";
  return state.objects.length === 1 ? t("hint.first") : t("hint.next", { name: object.name });
}

/** A button's words: what exactly it would take back or make again. */
function nameStep(action, keys) {
  const step = state.history[action];
  const button = find(`[data-do=${action}]`);
  const what = step && (words.has(`step.${step.what}`) ? t(`step.${step.what}`, { name: step.subject }) : t("step.change"));
  const name = step ? t(`${action}.step`, { what }) : t(action);
  button.disabled = !step;
  button.title = `${name} (${keys})`;
  button.setAttribute("aria-label", name);
}

/** Puts the controls in step with the state. */
function refresh() {
  const prompt = promptOf(studio.object(state.selected), frame);
  nameStep("undo", "Ctrl+Z");
  nameStep("redo", "Ctrl+Shift+Z");
  find("[data-do=wipe]").disabled = !prompt.points.length && !prompt.box;
  for (const button of element.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.mode) === label));
  }
  for (const button of element.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  }
  find("[data-do=doubt]").disabled = !doubtfulFrames().length;
  find("[data-do=mark-none]").hidden = !state.marks;
  refreshSizes();
  find(".ms-play").classList.toggle("is-playing", Boolean(playing));
  find(".ms-play").setAttribute("aria-label", t(playing ? "time.pause" : "time.play"));
  stage.classList.toggle("takes-away", label === 0);
  const hint = hintText();
  find(".ms-hint").textContent = hint;
  find(".ms-hint").hidden = !hint;
  stage.classList.toggle("is-busy", requests.isBusy("prompt"));
  stage.dataset.frame = String(frame);
}

studio.on("editor", "change", (keys) => {
  if (keys.includes("task")) noticeTask();
  refresh();
  if (["objects", "lanes", "selected", "solo", "marks", "cuts"].some((key) => keys.includes(key))) drawLanes();
  redraw();
});

studio.on("editor", "say", ({ text, kind }) => {
  const status = find(".ms-status");
  status.textContent = text;
  status.dataset.kind = kind;
});

refresh();
