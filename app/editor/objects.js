// The list of objects, and tracking: what is followed, and the button that follows it.
// `timescale.js` and `object_rows.js` come before this script.

const find = (selector) => element.querySelector(selector);
const state = studio.state;

function renderList() {
  const list = find(".ms-object-list");
  // Names are being typed in place: what has the focus stays.
  if (list.contains(document.activeElement) && document.activeElement.matches("input:not([type=color])")) {
    for (const [index, row] of [...list.children].entries()) row.classList.toggle("is-selected", state.objects[index]?.id === state.selected);
    return;
  }
  const label = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  list.replaceChildren(...state.objects.map(objectRow));
  if (label) [...list.querySelectorAll("button, input")].find((each) => each.getAttribute("aria-label") === label)?.focus();
}

/** What tracking would do now: {text, note}; `note` is empty where all is said by the text. */
function describeRun() {
  const [start, stop] = state.marks ?? [0, state.clip?.frames ?? 0];
  const followed = state.objects.filter((object) => !object.locked && Object.keys(object.prompts).length);
  const due = followed.map((object) => ({ object, ...(dueOf(state.lanes.get(object.id) ?? [], start, stop) ?? { count: 0 }) })).filter(({ count }) => count);
  if (!state.tracked) return { text: t("track.start"), note: state.marks ? t("track.only_marked", { first: start + 1, last: stop }) : "" };
  if (!due.length) return { text: t("track.again"), note: "" };
  const from = Math.min(...due.map(({ first }) => first));
  const count = Math.max(...due.map(({ count: frames }) => frames));
  const names = due.length > 2 ? t("objects.others", { n: due.length }) : due.map(({ object }) => ownName(object.name)).join(", ");
  const said = [t("track.due", { names, n: count })];
  if (from > start) said.push(t("track.before_stay", { frame: from + 1 }));
  if (due.length < followed.length) said.push(t("track.others_stay"));
  return { text: t("track.from", { frame: from + 1 }), note: said.join(" ") };
}

function renderTracking() {
  const isTracking = state.task?.kind === "track";
  const { text, note } = describeRun();
  const button = find(".ms-track-start");
  const hasPrompts = state.objects.some((object) => Object.keys(object.prompts).length);
  button.textContent = text;
  button.disabled = Boolean(state.task) || !hasPrompts;
  button.classList.toggle("ms-primary", hasPrompts && (!state.tracked || state.staleFrom !== null));
  find(".ms-actions").hidden = isTracking;
  find(".ms-track-note").textContent = note;
  find(".ms-track-ways").hidden = !hasPrompts;
  for (const way of element.querySelectorAll("[data-way]")) way.disabled = Boolean(state.task);
  find(".ms-track-run").hidden = !isTracking;
  if (isTracking) showProgress(find(".ms-track-run"), state.task);
  find(".ms-cut").hidden = isTracking || state.cut === null;
  if (state.cut !== null) find(".ms-cut p").textContent = t("track.cut", { frame: state.cut + 1 });
}

async function track(wish) {
  if (state.task) return;
  studio.set({ view: "masks", cut: null, task: { kind: "track", done: 0, total: 0 } });
  const answer = await studio.ask("track", { ...wish, frame: state.frame });
  if (studio.state.task?.kind === "track") studio.set({ task: null });
  if (answer.error) studio.say(answer.error, "error");
}

find(".ms-add").addEventListener("click", () => studio.emit("add-object"));
find(".ms-track-start").addEventListener("click", () => track({ direction: "missing" }));
for (const way of element.querySelectorAll("[data-way]")) way.addEventListener("click", () => track({ direction: way.dataset.way }));
find(".ms-cut-on").addEventListener("click", () => track({ direction: "missing", across_cuts: true }));
find(".ms-cut-go").addEventListener("click", () => studio.emit("go", state.cut));
find(".ms-track-stop").addEventListener("click", () => {
  find(".ms-track-run .ms-progress-text").textContent = t("stopping");
  studio.ask("stop_track");
});

studio.on("objects", "change", (keys) => {
  const concerns = ["objects", "selected", "lanes", "tracked", "task", "solo", "cut", "marks", "clip", "thumbnails"];
  if (!concerns.some((key) => keys.includes(key))) return;
  // While it tracks, lanes change many times a second: the rows are written when it ends.
  if (state.task?.kind !== "track" || keys.includes("objects") || keys.includes("selected")) renderList();
  renderTracking();
});
renderTracking();
