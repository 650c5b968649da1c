// The editor: what its scripts share. `stage.js` draws, `timeline.js` moves in time, `result.js` fetches the look,
// `prompts.js` keeps the clicks, `pointer.js`, `keys.js` and `controls.js` take what people do, and `messages.js` what the
// server says. `frame_editor.py` joins them to one script, this one first.
// `element`, `trigger`, `props`, `server` and `watch` are given by gr.HTML, `EVENTS` (channel → event) and `DIRECT`
// (channels) by frame_editor.py.

const requests = new Requests((channel, data) => (DIRECT.includes(channel) ? askNow(channel, data) : trigger(EVENTS[channel], data)));

/** The answer comes back on the way of the question; where none comes, the way is lost, and `connection` notices. */
async function askNow(channel, data) {
  const message = await server.answer_now({ ...data, channel });
  if (message) receive(channel, message);
}

const state = studio.state;
const find = (selector) => element.querySelector(selector);
const stage = find(".ms-stage");
const masks = new MaskStore(() => redraw());

let frames = null; // FrameStore of the clip
let frame = 0; // the playhead

studio.ask = (channel, data = {}, key = null) => requests.send(channel, { ...data, session: state.session }, key);

const picture = () => ({ width: state.clip?.size[1] ?? 16, height: state.clip?.size[0] ?? 9 });
const lastFrame = () => (state.clip ? state.clip.frames - 1 : 0);
const promptOf = (object, index) => object?.prompts[index] ?? { points: [], box: null };
const isReady = () => Boolean(frames);

/** Whether the editor shows an object's mask. */
const isShown = (object) => (state.solo === null ? object.visible !== false : state.solo === object.id);

/** Whether an object is visible on a frame, by the newest or by older clicks. */
const isSeen = (object, index) => [2, 4].includes(lane(object.id)[index]);

/** The objects whose masks are drawn on a frame. */
const shownOn = (index) => state.objects.filter((object) => isShown(object) && isSeen(object, index));

/** An object's presence, as in `state.lanes`. */
function lane(object) {
  if (!state.lanes.has(object)) state.lanes.set(object, new Uint8Array(state.clip.frames));
  return state.lanes.get(object);
}
