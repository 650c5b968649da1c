/**
 * The page's one store and bus. Several parts of the page are separate scripts (the stage, the list of
 * objects, the effects, the export); they share what is known here and hear of every change.
 *
 * @typedef {{points: Array<[number, number, 0|1]>, box: number[]|null, choice?: number|null}} PromptOfFrame
 * @typedef {{id: number, name: string, color: string, visible: boolean, locked: boolean, prompts: Record<string, PromptOfFrame>}} EditedObject
 */
function openStudio() {
  if (window.maskletStudio) return window.maskletStudio;
  /** @type {Map<string, Map<string, Function>>} event → part of the page → listener */
  const listeners = new Map();
  const studio = {
    state: {
      session: null, // its id: who knows it may edit it
      notice: null, // {text, button, act}: something went wrong, and the one button that helps
      wanted: null, // the name of the clip that an opened project still wants
      marks: null, // [first frame, the one after the last] of the marked range
      clip: null, // what the server said of the clip
      objects: /** @type {EditedObject[]} */ ([]),
      layers: [], // as in project.json: one a target
      selected: null, // the object that clicks belong to
      view: "masks", // or "result"
      frame: 0, // the playhead
      solo: null, // the one object that is shown, or null for all that are visible
      lanes: new Map(), // object id → Uint8Array, one a frame: 0 unknown, 1 absent, 2 visible; 3 and 4: the same, out of date
      sure: new Map(), // object id → Uint8Array, one a frame: 0-9
      doubts: new Map(), // object id → rising frames where a correction pays
      cuts: [], // first frames of the scenes after the first
      cut: null, // the scene before which tracking has stopped
      task: null, // {kind: "open"|"track"|"render", done, total, rate, left}
      staleFrom: null, // the first frame that tracking would have to do again, or null
      cost: null, // what tracking would take: {frames, seconds, memory [GB]}
      tracked: false, // whether tracking has found anything yet
      output: null, // the rendered file
      models: null,
      history: { undo: null, redo: null }, // what each would do: {what, subject}
    },
    /** The editor puts the one way to the server here. */
    ask: async (_channel, _data) => ({ error: t("error.loading") }),
    /** Resolves once every change has reached the server; the editor puts it here too. */
    settled: async () => {},
    /** One listener a part and event: a part that is mounted again replaces its old self. */
    on(part, event, listener) {
      if (!listeners.has(event)) listeners.set(event, new Map());
      listeners.get(event).set(part, listener);
    },
    emit(event, detail) {
      for (const listener of listeners.get(event)?.values() ?? []) listener(detail);
    },
    set(patch) {
      Object.assign(studio.state, patch);
      studio.emit("change", Object.keys(patch));
    },
    /** One sentence for the person, or the `{key, …values}` of one. kind: "info" | "error" */
    say(text, kind = "info") {
      studio.emit("say", { text: spoken(text), kind });
    },
    object(id) {
      return studio.state.objects.find((object) => object.id === id);
    },
    /** The address of a file that the server allows the page to read. */
    fileUrl(path) {
      const root = window.gradio_config?.root ?? "";
      return `${root}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
    },
  };
  window.maskletStudio = studio;
  return studio;
}
const studio = openStudio();
