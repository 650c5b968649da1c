// The result: frames with their effects, composed by the server and kept until anything they depend on changes.

let composed = new Map(); // frame → ImageBitmap
let lookVersion = 0; // an answer to an older look comes too late

function forgetResults() {
  lookVersion += 1;
  composed = new Map();
}

/** Anything that the result depends on has changed. */
function restyle() {
  forgetResults();
  if (state.view === "result") compose();
}

function compose(index = frame) {
  if (!isReady() || composed.has(index)) return;
  studio.ask("look", { frame: index, version: lookVersion }, "look");
}

async function receiveComposed({ frame: index, jpeg, version }) {
  if (version !== lookVersion) return;
  const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
  composed.set(index, await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })));
  if (composed.size > 60) composed.delete(composed.keys().next().value);
  if (index === frame) redraw();
}

studio.on("editor", "layers", (layers) => {
  forgetResults();
  studio.set({ layers, view: "result" });
  studio.ask("look", { frame, version: lookVersion, layers }, "layers");
});
