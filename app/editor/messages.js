// What the server says: every message is taken apart here, and each part goes to the script that it concerns.

// Before there is a clip only these have anything to say; whatever else was asked for had nothing to work on.
const OPENING = ["open", "resume", "project", "model"];
const fetched = new Set(); // frames whose masks were asked for
let hasStoppedOpening = false;

for (const channel of Object.keys(EVENTS)) {
  watch(`reply_${channel}`, () => {
    const given = props[`reply_${channel}`];
    if (given) receive(channel, given);
  });
}

function receive(channel, given) {
  if (isOfAnother(channel, given)) {
    requests.answer(channel, given);
    return;
  }
  // An upload's progress may arrive after the word that it has stopped, and answers no request by whose number to tell it.
  if (channel === "stop_open" && given.done) hasStoppedOpening = true;
  if (channel === "open" && hasStoppedOpening) {
    if (given.task && !given.task.begins) return;
    hasStoppedOpening = false;
  }
  // A refusal is said in the reader's language where the catalogue has it, else as the server says it.
  const message = given.error ? { ...given, error: spoken(given.reason) } : given;
  // What a stopped task sent just before it heard of it: its masks count, its progress no longer does.
  if (message.re && !requests.isAwaited(channel, message)) apply({ masks: message.masks });
  else apply(state.clip || OPENING.includes(channel) ? message : { ...message, error: undefined });
  // A stopped task never sends its own last message.
  if (channel.startsWith("stop_") && message.done) requests.abandon(channel.slice(5), {});
  requests.answer(channel, message);
}

/** Whether an answer is about the clip before this one, which the server may have deleted while it worked on it. */
function isOfAnother(channel, { re }) {
  const asked = requests.flying.get(channel);
  return !OPENING.includes(channel) && asked?.number === re && Boolean(asked.data.session) && asked.data.session !== state.session;
}

/** Every message is a set of optional parts; each is applied if present. */
function apply(message) {
  if (message.session) rememberSession(message.session);
  if (message.clip) openClip(message.clip, message.models);
  if ("wanted" in message) studio.set({ wanted: message.wanted });
  if ("marks" in message) studio.set({ marks: message.marks });
  if (message.gone && state.clip && document.body.classList.contains("ms-editing")) offerClipAgain(message.error);
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
  if (message.models && message.models.current !== state.models?.current) studio.set({ models: message.models });
  if (message.layers) studio.set({ layers: message.layers });
  if (message.lanes) setLanes(message.lanes);
  if (message.clip && message.lanes) fetchPrompted();
  if (message.masks) {
    for (const mask of message.masks) receiveMask(mask);
    noticeLanes();
  }
  if (message.stored) receiveStored(message.stored);
  if (message.sizes && state.clip.suggests && message.masks?.[0]?.png) offerSizes(studio.object(message.masks[0].object), message.masks[0].frame);
  if (message.timeline) receiveTimeline(message.timeline);
  if ("cut" in message) studio.set({ cut: message.cut });
  if (message.composed) receiveComposed(message.composed);
  if ("task" in message) studio.set({ task: message.task });
  if (message.follow !== undefined) follow(message.follow);
  if (message.go !== undefined && message.go !== frame) goTo(message.go);
  else if (message.forget) fetchMasks();
  if (message.saved) download(message.saved);
  if ("output" in message) studio.set({ output: message.output });
  if (message.playback) receivePlayback(message.playback);
  if (message.thumbs) studio.emit("thumbs", message.thumbs);
  if (message.error) studio.say(message.error, "error");
  else if (message.status !== undefined) studio.say(message.status);
  else if (message.done && !("cost" in message) && find(".ms-status").dataset.kind === "error") studio.say(""); // it went well again
  refresh();
}

function download({ path, name }) {
  const link = document.createElement("a");
  link.href = studio.fileUrl(path);
  link.download = name;
  link.click();
}

function openClip(clip, models) {
  pause();
  masks.clear();
  fetched.clear();
  forgetResults();
  isKeptNews = true;
  clearStage();
  frames?.close();
  frames = new FrameStore({ url: studio.fileUrl(clip.pack.path), offsets: clip.pack.offsets });
  frame = 0;
  cursor = null;
  scrub.max = clip.frames - 1;
  slowHovers = 0;
  sizes = null;
  studio.set({ clip, lanes: new Map(), sure: new Map(), doubts: new Map(), solo: null, cut: null, output: null, view: "masks", tracked: false, staleFrom: null, selected: null, objects: [] });
  stage.style.setProperty("--ms-aspect", `${clip.size[1]} / ${clip.size[0]}`);
  stage.style.setProperty("--ms-ratio", clip.size[1] / clip.size[0]);
  document.body.classList.add("ms-editing");
  clearTimeline();
  requestAnimationFrame(resize);
  goTo(0).then(() => frames.fill());
  studio.ask("timeline");
  // A model that was chosen before holds for the next clip too; a session that is opened again brings its own.
  if (!models && state.models && clip.model !== state.models.current) studio.ask("model", { name: state.models.current });
}

/** Masks that have not changed but never arrived here: "object:frame:png", parted by spaces. */
function receiveStored(stored) {
  for (const each of stored.split(" ")) {
    const [object, index, png] = each.split(":");
    if (studio.object(Number(object))) masks.put(Number(object), Number(index), png);
  }
  redraw();
}

/** One mask as it is now; `visible` is null where it was taken away. */
function receiveMask({ object, frame: index, png, visible, sure }) {
  if (!studio.object(object)) return;
  masks.put(object, index, png);
  lane(object)[index] = visible === null ? 0 : visible ? 2 : 1;
  if (sure !== undefined) sureness(object)[index] = Math.min(9, Math.floor(sure * 10));
  composed.delete(index);
  if (index === frame) redraw();
}

/** How sure an object is on each frame, as in `state.sure`. */
function sureness(object) {
  if (!state.sure.has(object)) state.sure.set(object, new Uint8Array(state.clip.frames).fill(9));
  return state.sure.get(object);
}

/** `known`: object id → {seen, sure: a digit a frame; doubts: frames}. */
function setLanes(known) {
  for (const [id, { seen, sure, doubts }] of Object.entries(known)) {
    lane(Number(id)).set([...seen].map(Number));
    sureness(Number(id)).set([...sure].map(Number));
    state.doubts.set(Number(id), doubts);
  }
  noticeLanes();
}

/** What follows from the lanes: whether anything is tracked, and what is due. */
function noticeLanes() {
  const isTracked = (object) => lane(object.id).some((kind, index) => kind && !(index in object.prompts));
  const [start, stop] = state.marks ?? [0, lastFrame() + 1];
  const followed = state.objects.filter((object) => !object.locked && Object.keys(object.prompts).length);
  const firsts = followed.map((object) => dueOf(lane(object.id), start, stop)?.first).filter((first) => first !== undefined);
  studio.set({ lanes: state.lanes, tracked: state.objects.some(isTracked), staleFrom: firsts.length ? Math.min(...firsts) : null });
}

function forget(object) {
  masks.drop(object);
  for (const store of [state.lanes, state.sure, state.doubts]) store.delete(object);
  if (state.solo === object) studio.set({ solo: null });
  restyle();
}

/** After a session was opened again: the masks of this frame, and those that the objects' pictures are cut from. */
async function fetchPrompted() {
  const prompted = state.objects.flatMap((object) => Object.keys(object.prompts).slice(0, 1).map(Number));
  const wanted = [...new Set([frame, ...prompted])].slice(0, 40);
  if (!prompted.length) return;
  await studio.ask("masks", { frames: wanted });
  studio.set({ thumbnails: true });
}

/** Masks of frames that were tracked but never arrived here (an earlier visit, a lost message). */
async function fetchMasks() {
  const isMissing = (index) => state.objects.some((object) => isSeen(object, index) && !masks.has(object.id, index));
  const first = [frame, frame + 12].find((index) => !fetched.has(index) && isMissing(index));
  if (first === undefined) return;
  const around = Array.from({ length: 37 }, (_, at) => first - 12 + at);
  const wanted = around.filter((index) => index >= 0 && !fetched.has(index) && isMissing(index));
  for (const index of wanted) fetched.add(index);
  await studio.ask("masks", { frames: wanted });
}

// Last of all, when everything that an answer needs is there.
setTimeout(resume);
