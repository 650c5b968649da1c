// Looks: named stacks as live pictures of this clip, and a stack by chance.

const lookStrip = find(".ms-looks");
const surprise = find(".ms-surprise");
let looksAsked = ""; // what the pictures show or will show
let looksTimer = 0;
let maskChanges = 0;

function lookButton(name, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ms-look";
  button.dataset.look = name;
  const picture = document.createElement("img");
  picture.alt = "";
  const title = document.createElement("span");
  title.textContent = label;
  button.append(picture, title);
  button.addEventListener("click", () => chooseLook({ look: name }, label));
  return button;
}

/** The server knows what a look is made of; it saves the stack and sends it back. */
async function chooseLook(wanted, label) {
  if (state.task) return;
  open = null; // the whole stack is another one
  picker.fold();
  const answer = await studio.ask("looks", { ...wanted, objects: aimedObjects() });
  if (answer.error) return;
  studio.set({ view: "result" });
  studio.say(wanted.look ? t("looks.chosen", { name: label }) : "");
}

/** A look falls on all objects that are known somewhere. */
const aimedObjects = () => state.objects.map((object) => object.id).filter((id) => state.lanes.get(id)?.some((kind) => kind === 2));

function renderLooks() {
  const names = props.looks ?? [];
  lookStrip.hidden = surprise.hidden = !names.length || !aimedObjects().length;
  if (lookStrip.dataset.language === words.language) return;
  lookStrip.dataset.language = words.language;
  looksAsked = "";
  lookStrip.replaceChildren(lookButton("", t("looks.none")), ...names.map((name) => lookButton(name, named(`look.${name}`, name))));
}

/** Asks for new pictures once the playhead rests. */
function refreshLooks() {
  if (lookStrip.hidden || !state.clip) return;
  const wanted = JSON.stringify([state.clip.pack.path, frameNow(), aimedObjects(), maskChanges]);
  if (wanted === looksAsked) return;
  clearTimeout(looksTimer);
  looksTimer = setTimeout(() => {
    if (state.task || !document.body.classList.contains("ms-editing")) return;
    looksAsked = wanted;
    studio.ask("thumbs", { looks: true, frame: frameNow(), objects: aimedObjects(), version: wanted }, "looks");
  }, 600);
}

surprise.addEventListener("click", () => chooseLook({ seed: Math.floor(Math.random() * 2 ** 31) }, null));

studio.on("looks", "change", (keys) => {
  if (!["clip", "objects", "lanes", "tracked", "frame"].some((key) => keys.includes(key))) return;
  maskChanges += 1;
  renderLooks();
  refreshLooks();
});
studio.on("looks", "frame", refreshLooks);
studio.on("looks", "thumbs", ({ kind, version, pictures }) => {
  if (kind !== "looks" || version !== looksAsked) return;
  for (const [name, jpeg] of Object.entries(pictures)) {
    const picture = lookStrip.querySelector(`[data-look="${CSS.escape(name)}"] img`);
    if (picture) picture.src = `data:image/jpeg;base64,${jpeg}`;
  }
});
