// What the server says: every message is taken apart here, and each part goes to the script that it concerns.

const fetched = new Set(); // frames whose masks were asked for

for (const channel of Object.keys(EVENTS)) {
  watch(`reply_${channel}`, () => {
    const message = props[`reply_${channel}`];
    if (!message) return;
    // What a stopped task sent just before it heard of it: its masks count, its progress no longer does.
    if (message.re && !requests.isAwaited(channel, message)) apply({ masks: message.masks });
    else apply(message);
    // A stopped task never sends its own last message.
    if (channel.startsWith("stop_") && message.done) requests.abandon(channel.slice(5), {});
    if (channel === "stop_track" && state.tracked) {
      studio.set({ staleFrom: lastTracked < lastFrame() ? lastTracked + 1 : 0 });
      restyle();
    }
    requests.answer(channel, message);
  });
}

/** Every message is a set of optional parts; each is applied if present. */
function apply(message) {
  if (message.clip) openClip(message.clip);
  if (message.history) studio.set({ history: message.history });
  for (const [object, start, stop] of message.forget ?? []) {
    masks.forget(object, start, stop);
    fetched.clear();
  }
  if (message.objects && !requests.waiting.get("prompt")?.length) {
    const ids = message.objects.map((object) => object.id);
    for (const object of state.objects) if (!ids.includes(object.id)) forget(object.id);
    const selected = message.select ?? (ids.includes(state.selected) ? state.selected : ids[ids.length - 1] ?? null);
    studio.set({ objects: message.objects, selected });
  }
  if (message.models && !message.clip && message.models.current !== state.models?.current) studio.set({ models: message.models });
  if (message.layers) studio.set({ layers: message.layers });
  if (message.lanes) setLanes(message.lanes);
  if (message.masks) {
    for (const mask of message.masks) receiveMask(mask);
    studio.set({ lanes: state.lanes });
  }
  if (message.composed) receiveComposed(message.composed);
  if ("stale_from" in message) studio.set({ staleFrom: message.stale_from });
  if ("tracked" in message) studio.set({ tracked: message.tracked });
  if ("task" in message) studio.set({ task: message.task });
  if (message.follow !== undefined) follow(message.follow);
  if (message.go !== undefined && message.go !== frame) goTo(message.go);
  else if (message.forget) fetchMasks();
  if ("output" in message) studio.set({ output: message.output });
  if (message.playback) receivePlayback(message.playback);
  if (message.thumbs) studio.emit("thumbs", message.thumbs);
  if (message.error) studio.say(message.error, "error");
  else if (message.status !== undefined) studio.say(message.status);
  else if (message.done && find(".ms-status").dataset.kind === "error") studio.say(""); // it went well again
  refresh();
}

function openClip(clip) {
  pause();
  masks.clear();
  fetched.clear();
  forgetResults();
  clearStage();
  frames = new FrameStore({ url: studio.fileUrl(clip.pack.path), offsets: clip.pack.offsets });
  frame = 0;
  cursor = null;
  scrub.max = clip.frames - 1;
  studio.set({ clip, lanes: new Map(), output: null, view: "masks", tracked: false, staleFrom: null, selected: null, objects: [] });
  stage.style.setProperty("--ms-aspect", `${clip.size[1]} / ${clip.size[0]}`);
  stage.style.setProperty("--ms-ratio", clip.size[1] / clip.size[0]);
  document.body.classList.add("ms-editing");
  requestAnimationFrame(resize);
  goTo(0);
  if (state.models && clip.model !== state.models.current) studio.ask("model", { name: state.models.current });
}

/** `visible` is null where the server did not look: then a picture leaves the lane as it is, and none empties it. */
function receiveMask({ object, frame: index, png, visible }) {
  if (!studio.object(object)) return;
  masks.put(object, index, png);
  if (visible !== null) lane(object)[index] = visible ? 2 : 1;
  else if (!png) lane(object)[index] = 0;
  composed.delete(index);
  if (index === frame) redraw();
}

/** `known`: object id → string with a digit a frame, as in `state.lanes`. */
function setLanes(known) {
  for (const [object, digits] of Object.entries(known)) lane(Number(object)).set([...digits].map(Number));
  studio.set({ lanes: state.lanes });
}

function forget(object) {
  masks.drop(object);
  state.lanes.delete(object);
  restyle();
}

/** Masks of frames that were tracked but never arrived here (an earlier visit, a lost message). */
async function fetchMasks() {
  const missing = state.objects.some((object) => lane(object.id)[frame] === 2 && !masks.has(object.id, frame));
  if (!missing || fetched.has(frame)) return;
  const first = frame;
  const wanted = [];
  for (let index = first; index <= Math.min(lastFrame(), first + 24); index += 1) wanted.push(index);
  for (const index of wanted) fetched.add(index);
  await studio.ask("masks", { frames: wanted }, "masks");
}
