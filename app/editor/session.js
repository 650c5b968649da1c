// Which session this page edits: kept in the address and for the tab, so that a reload brings everything back.

const SESSION_KEY = "masklet-session";

/** The tab's memory; null where the browser forbids it. */
function tabMemory() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

function rememberSession(id) {
  studio.set({ session: id });
  history.replaceState(history.state, "", `${location.pathname}${location.search}${id ? `#s=${id}` : ""}`);
  if (id) tabMemory()?.setItem(SESSION_KEY, id);
  else tabMemory()?.removeItem(SESSION_KEY);
}

function knownSession() {
  const named = /^#s=([0-9a-f]{32})$/.exec(location.hash)?.[1];
  return named ?? tabMemory()?.getItem(SESSION_KEY) ?? null;
}

/** Where the person was: the frame, the object and the view, for the next visit of this tab. */
function rememberPlace() {
  if (!state.session || !state.clip) return;
  const place = { session: state.session, frame, selected: state.selected, view: state.view };
  tabMemory()?.setItem(`${SESSION_KEY}-place`, JSON.stringify(place));
}

function returnToPlace() {
  const place = JSON.parse(tabMemory()?.getItem(`${SESSION_KEY}-place`) ?? "null");
  if (place?.session !== state.session) return;
  studio.set({ view: place.view, ...(studio.object(place.selected) ? { selected: place.selected } : {}) });
  goTo(place.frame);
}

async function resume() {
  const id = knownSession();
  if (!id) return;
  studio.set({ session: id, task: { kind: "open", text: { key: "start.again" } } });
  const answer = await studio.ask("resume");
  if (answer.error) {
    rememberSession(null);
    studio.set({ task: null });
    studio.say(answer.error, "error");
    return;
  }
  returnToPlace();
}

window.addEventListener("pagehide", rememberPlace);

/** The server has deleted the session: the page still knows what was said, so only the clip is wanted again. */
function offerClipAgain(text) {
  const startAgain = async () => {
    studio.set({ notice: null });
    await studio.ask("project", { project: describeProject(), clip: state.clip.name });
    rememberSession(null);
    document.body.classList.remove("ms-editing");
  };
  studio.set({ notice: { text: t("error.gone", { why: text }), button: t("error.clip_again"), act: startAgain } });
}

/** The project as far as the page knows it, in the words of project.json. */
function describeProject() {
  const prompts = state.objects.flatMap((object) =>
    Object.entries(object.prompts).map(([index, { points, box, choice }]) => ({
      object: object.id,
      frame: Number(index),
      points: points.map(([x, y]) => [x, y]),
      labels: points.map((point) => point[2]),
      ...(box ? { box } : {}),
      ...(choice === null || choice === undefined ? {} : { choice }),
    })),
  );
  const objects = state.objects.map(({ id, name, color, visible, locked }) => ({ id, name, color, visible, locked }));
  return { version: 2, clip: state.clip.name, model: state.models.current, objects, prompts, layers: state.layers, marks: state.marks };
}

// The way to the server is watched while an answer is waited for.
const connection = new Connection({
  ping: async () => (await fetch(`${window.gradio_config?.root ?? ""}/gradio_api/app_id`, { cache: "no-store", signal: AbortSignal.timeout(4000) })).ok,
  isWaiting: () => requests.isAnyBusy(),
  onLost: () => {
    document.body.classList.add("ms-lost");
    studio.set({ notice: { text: t("error.lost"), button: t("error.try_now"), act: () => connection.check() } });
  },
  onBack: () => {
    rememberPlace();
    location.reload(); // the server may be another one by now: the session is opened afresh
  },
});
window.addEventListener("offline", () => connection.check());
window.addEventListener("online", () => connection.check());
