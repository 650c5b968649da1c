// The list of objects, and tracking: what is followed, and the button that follows it.

const find = (selector) => element.querySelector(selector);
const state = studio.state;

function objectRow(object) {
  const row = document.createElement("li");
  row.className = "ms-object";
  row.classList.toggle("is-selected", object.id === state.selected);
  row.style.setProperty("--ms-object", object.color);

  const pick = document.createElement("button");
  pick.type = "button";
  pick.className = "ms-object-pick";
  pick.setAttribute("aria-pressed", String(object.id === state.selected));
  pick.setAttribute("aria-label", t("objects.select", { name: object.name }));
  pick.addEventListener("click", () => studio.set({ selected: object.id }));

  const name = document.createElement("input");
  name.value = object.name;
  name.maxLength = 60;
  name.setAttribute("aria-label", t("objects.name_of", { name: object.name }));
  name.addEventListener("focus", () => object.id !== state.selected && studio.set({ selected: object.id }));
  name.addEventListener("change", () => studio.ask("objects", { action: "rename", object: object.id, name: name.value }));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") name.blur();
  });

  const count = document.createElement("span");
  count.className = "ms-object-note";
  count.textContent = describeObject(object);

  row.append(pick, name, count, removeButton(object));
  return row;
}

function describeObject(object) {
  const prompted = Object.keys(object.prompts).length;
  const seen = state.lanes.get(object.id)?.reduce((sum, kind) => sum + (kind === 2), 0) ?? 0;
  if (!prompted && !seen) return t("objects.no_click");
  return t("objects.on_frames", { n: Math.max(1, seen) });
}

/** Removing loses masks, so it asks once more, in place. */
function removeButton(object) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ms-icon ms-object-remove";
  const bin = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7"/></svg>';
  button.innerHTML = bin;
  button.setAttribute("aria-label", t("objects.remove", { name: object.name }));
  button.addEventListener("click", () => {
    if (button.dataset.asked) {
      studio.ask("objects", { action: "remove", object: object.id });
      return;
    }
    button.dataset.asked = "yes";
    button.textContent = t("objects.remove_sure");
    const forget = () => {
      delete button.dataset.asked;
      button.innerHTML = bin;
    };
    setTimeout(forget, 3000);
  });
  return button;
}

function renderList() {
  const list = find(".ms-object-list");
  // Names are being typed in place: what has the focus stays.
  if (list.contains(document.activeElement) && document.activeElement.tagName === "INPUT") {
    for (const [index, row] of [...list.children].entries()) row.classList.toggle("is-selected", state.objects[index]?.id === state.selected);
    return;
  }
  const focused = [...list.children].findIndex((row) => row.contains(document.activeElement));
  list.replaceChildren(...state.objects.map(objectRow));
  if (focused >= 0) list.children[focused]?.querySelector("button").focus();
}

/** What the button would do now: {text, from} with `from` null for the whole clip. */
function nextRun() {
  if (state.tracked && state.staleFrom !== null && state.staleFrom > 0) {
    return { text: t("track.from", { frame: state.staleFrom + 1 }), from: state.staleFrom };
  }
  return { text: t(state.tracked ? "track.again" : "track.start"), from: null };
}

function renderTracking() {
  const isTracking = state.task?.kind === "track";
  const run = nextRun();
  const button = find(".ms-track-start");
  const hasPrompts = state.objects.some((object) => Object.keys(object.prompts).length);
  button.textContent = run.text;
  button.hidden = isTracking;
  button.disabled = Boolean(state.task);
  button.classList.toggle("ms-primary", hasPrompts && (!state.tracked || state.staleFrom !== null));
  find(".ms-track-whole").hidden = isTracking || run.from === null;
  find(".ms-track-whole").disabled = Boolean(state.task);
  find(".ms-track-run").hidden = !isTracking;
  if (isTracking) showProgress(find(".ms-track-run"), state.task);
}

async function track(from) {
  if (state.task) return;
  studio.set({ view: "masks", task: { kind: "track", done: 0, total: 0 } });
  const answer = await studio.ask("track", { from });
  if (studio.state.task?.kind === "track") studio.set({ task: null });
  if (answer.error) studio.say(answer.error, "error");
}

find(".ms-add").addEventListener("click", () => studio.emit("add-object"));
find(".ms-track-start").addEventListener("click", () => track(nextRun().from));
find(".ms-track-whole").addEventListener("click", () => track(null));
find(".ms-track-stop").addEventListener("click", () => {
  find(".ms-track-run .ms-progress-text").textContent = t("stopping");
  studio.ask("stop_track");
});

studio.on("objects", "change", (keys) => {
  if (["objects", "selected", "lanes", "tracked", "task"].some((key) => keys.includes(key))) renderList();
  renderTracking();
});
renderTracking();
