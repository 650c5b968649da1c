// The head of the page: the clip's name, which model runs and what else there is, a way to another clip.

const find = (selector) => element.querySelector(selector);
const menu = find(".ms-model-menu");
const opener = find(".ms-model-button");

function showMenu(isOpen) {
  menu.hidden = !isOpen;
  opener.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) menu.querySelector("[aria-checked=true]")?.focus();
}

function choose(name) {
  showMenu(false);
  opener.focus();
  if (name !== studio.state.models.current) studio.ask("model", { name });
}

/** A model's title; the word for the quicker form of it is the reader's own. */
const titleOf = ({ title }) => title.replace(/, fast$/, `, ${t("header.fast")}`);

function renderModels(models) {
  const current = models.choices.find((choice) => choice.name === models.current);
  opener.querySelector("strong").textContent = (current ? titleOf(current) : models.current).split(" (")[0]; // the list says the rest
  const reason = document.createElement("p");
  reason.textContent = spoken(models.reason);
  const rows = models.choices.map((choice) => {
    const row = document.createElement("button");
    row.type = "button";
    row.setAttribute("role", "menuitemradio");
    row.setAttribute("aria-checked", String(choice.name === models.current));
    const title = document.createElement("strong");
    title.textContent = titleOf(choice);
    const place = document.createElement("em");
    place.textContent = t(choice.here ? "header.ready" : "header.fetched");
    const note = document.createElement("small");
    note.textContent = spoken(choice.note);
    row.append(title, place, note);
    row.addEventListener("click", () => choose(choice.name));
    return row;
  });
  menu.replaceChildren(reason, ...rows);
}

opener.addEventListener("click", () => showMenu(menu.hidden));
element.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !menu.hidden) {
    showMenu(false);
    opener.focus();
  }
  if (!menu.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const rows = [...menu.querySelectorAll("button")];
    const at = rows.indexOf(document.activeElement);
    rows[(at + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length].focus();
  }
});
document.addEventListener("pointerdown", (event) => {
  if (!menu.hidden && !find(".ms-model").contains(event.target)) showMenu(false);
});

find(".ms-save").addEventListener("click", async () => {
  await studio.settled(); // the last change may still be on its way
  studio.ask("save");
});
find(".ms-new-clip").addEventListener("click", () => {
  document.body.classList.remove("ms-editing");
});

function renderClip(clip) {
  find(".ms-header").classList.toggle("has-clip", Boolean(clip));
  find(".ms-clip-name").hidden = !clip;
  find(".ms-new-clip").hidden = !clip;
  find(".ms-save").hidden = !clip;
  find(".ms-part-open").hidden = !clip?.part;
  if (!clip) return;
  find(".ms-clip-name strong").textContent = clip.name;
  const sound = t(clip.has_audio ? "clip.sound" : "clip.no_sound");
  const size = `${clip.size[1]} × ${clip.size[0]}`;
  find(".ms-clip-name span").textContent = [size, t("clip.frames", { n: clip.frames }), t("clip.rate", { rate: clip.fps }), sound].join(" · ");
}

// A clip that is a part of a longer file: another part can be chosen.
const dialog = find(".ms-part");
const start = find(".ms-part-start");
const stop = find(".ms-part-stop");

function renderPart() {
  for (const slider of [start, stop]) slider.nextElementSibling.textContent = spellClock(Number(slider.value));
}

function openPart() {
  const { part } = studio.state.clip;
  start.max = stop.max = part.whole.toFixed(1);
  start.value = part.start;
  stop.value = part.stop;
  renderPart();
  dialog.showModal();
}

// The two keep their distance: moving one past the other takes it along.
start.addEventListener("input", () => {
  const { part } = studio.state.clip;
  stop.value = String(Number(start.value) + part.stop - part.start);
  renderPart();
});
stop.addEventListener("input", () => {
  if (Number(stop.value) <= Number(start.value)) start.value = String(Math.max(Number(stop.value) - 1, 0));
  renderPart();
});
find(".ms-part-open").addEventListener("click", openPart);
find(".ms-part-cancel").addEventListener("click", () => dialog.close());
find(".ms-part-go").addEventListener("click", async () => {
  const part = [Number(start.value), Math.max(Number(stop.value), Number(start.value) + 0.1)];
  dialog.close();
  document.body.classList.remove("ms-editing");
  studio.set({ task: { kind: "open", text: { key: "start.opening", name: studio.state.clip.name } } });
  const answer = await studio.ask("open", { part });
  if (answer.error) studio.set({ task: null });
});

function renderNotice(notice) {
  find(".ms-notice").hidden = !notice;
  if (!notice) return;
  find(".ms-notice p").textContent = notice.text;
  find(".ms-notice button").textContent = notice.button;
  find(".ms-notice button").onclick = notice.act;
}

studio.on("header", "change", (keys) => {
  if (keys.includes("notice")) renderNotice(studio.state.notice);
  if (keys.includes("models") && studio.state.models) renderModels(studio.state.models);
  if (keys.includes("clip")) renderClip(studio.state.clip);
});
const LANGUAGES = { en: "English", es: "Español", fr: "Français", de: "Deutsch", zh: "中文", ja: "日本語" };
const languages = find(".ms-language");
if (props.words) words.load(props.words);
for (const each of Object.keys(props.words ?? {})) languages.add(new Option(LANGUAGES[each] ?? each, each));
languages.value = words.language;
languages.addEventListener("change", () => words.choose(languages.value));

if (props.models) studio.set({ models: props.models });
