// The empty page: examples to pick, and how far a clip is being read. Files arrive by the upload beside it.

const find = (selector) => element.querySelector(selector);

for (const example of props.examples ?? []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ms-example";
  const image = document.createElement("img");
  image.src = example.picture;
  image.alt = "";
  const title = document.createElement("span");
  title.textContent = example.title;
  button.append(image, title);
  button.addEventListener("click", async () => {
    studio.set({ task: { kind: "open", text: { key: "start.opening", name: example.title } } });
    const answer = await studio.ask("open", { example: example.name });
    if (answer.error) studio.set({ task: null });
  });
  find(".ms-example-list").append(button);
}
find(".ms-examples").hidden = !props.examples?.length;

find(".ms-opening-stop").addEventListener("click", () => studio.ask("stop_open", {}, "stop"));

// "New clip" only turns the page: until another clip is open, the one before is as it was.
find(".ms-back").addEventListener("click", () => document.body.classList.add("ms-editing"));

/** Gives files to the upload field, as if they had been dropped there. */
function uploadFiles(files) {
  const field = document.querySelector("#upload input[type=file]");
  if (!field || !files.length || studio.state.task) return;
  const bag = new DataTransfer();
  for (const file of files) bag.items.add(file);
  field.files = bag.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function onPaste(event) {
  if (!element.isConnected) {
    document.removeEventListener("paste", onPaste);
    return;
  }
  if (document.body.classList.contains("ms-editing") || !event.clipboardData?.files.length) return;
  event.preventDefault();
  uploadFiles([...event.clipboardData.files]);
}
document.addEventListener("paste", onPaste);

// A file may be dropped anywhere: beside the field the browser would leave the page for it. Over a clip that is edited the
// page turns to the start, where it says what a drop does; it turns back with the drag.
let hasTurned = false;

/** Whether files are dragged, and not over a field that takes them itself. */
const isForUs = ({ dataTransfer, target }) => dataTransfer?.types.includes("Files") && !target.closest?.("input[type=file], #upload button");

function turnPage(isToStart) {
  hasTurned = isToStart;
  document.body.classList.toggle("ms-editing", !isToStart);
}

function onDrag(event) {
  if (event.type === "dragleave" && hasTurned && !event.relatedTarget) turnPage(false);
  if (event.type === "drop") hasTurned = false; // also in the field, which opens it then
  if (!isForUs(event) || event.type === "dragleave") return;
  event.preventDefault();
  const isEditing = document.body.classList.contains("ms-editing");
  if (studio.state.task) event.dataTransfer.dropEffect = "none";
  else if (event.type === "drop" && !isEditing) uploadFiles([...event.dataTransfer.files]);
  else if (event.type === "dragenter" && isEditing && !isPictureWanted()) turnPage(true);
}

/** Whether an effect shows its field for a picture, which is what the file may be for. */
const isPictureWanted = () => Boolean(document.querySelector(".ms-workspace")?.querySelector("input[type=file]"));

const DRAGS = ["dragenter", "dragover", "dragleave", "drop"];

function listenToDrags() {
  const listen = (event) => {
    if (element.isConnected) onDrag(event);
    else for (const type of DRAGS) document.removeEventListener(type, listen);
  };
  for (const type of DRAGS) document.addEventListener(type, listen);
}
listenToDrags();

// The camera: what it records becomes a clip like any other.
let recorder = null;

async function startCamera() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: true });
    const video = find(".ms-camera video");
    video.srcObject = stream;
    video.play();
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      const type = recorder.mimeType.includes("mp4") ? "mp4" : "webm";
      if (recorder.isWanted) uploadFiles([new File(parts, `camera.${type}`, { type: `video/${type}` })]);
      showCamera(false);
    });
    recorder.start();
    showCamera(true);
  } catch {
    studio.say(t("error.camera"), "error");
  }
}

function stopCamera(isWanted) {
  recorder.isWanted = isWanted;
  recorder.stop();
}

/** While it records, the page shows nothing else to do. */
function showCamera(isOn) {
  find(".ms-camera").hidden = !isOn;
  document.body.classList.toggle("ms-filming", isOn);
}

find(".ms-camera video").addEventListener("timeupdate", (event) => {
  find(".ms-camera-time output").textContent = spellClock(event.target.currentTime);
});

find(".ms-camera-start").addEventListener("click", startCamera);
find(".ms-camera-use").addEventListener("click", () => stopCamera(true));
find(".ms-camera-cancel").addEventListener("click", () => stopCamera(false));

studio.on("start", "change", (keys) => {
  const { clip, wanted } = studio.state;
  find(".ms-wanted").hidden = !wanted;
  if (wanted) find(".ms-wanted").textContent = t("start.wanted", { name: wanted });
  find(".ms-back").hidden = !clip;
  if (clip) find(".ms-back").textContent = t("start.back", { name: clip.name });
  if (!keys.includes("task")) return;
  const { task } = studio.state;
  const isOpening = task?.kind === "open";
  find(".ms-opening").hidden = !isOpening;
  document.body.classList.toggle("ms-opening-clip", isOpening);
  const picture = find(".ms-opening img");
  if (task?.picture) picture.src = task.picture;
  picture.hidden = !isOpening || !picture.src || (picture.hidden && !task.picture);
  for (const button of element.querySelectorAll(".ms-example")) button.disabled = isOpening;
  if (isOpening) {
    find(".ms-opening-text").textContent = spoken(task.text);
    find(".ms-start-error").hidden = true;
  }
});
studio.on("start", "say", ({ text, kind }) => {
  const line = find(".ms-start-error");
  line.hidden = kind !== "error" || document.body.classList.contains("ms-editing");
  line.textContent = text;
});
