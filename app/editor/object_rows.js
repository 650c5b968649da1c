// One row of the list of objects: its picture, name and switches; the selected one shows more.

const ICONS = {
  eye: '<path d="M2.5 12s3.5-6.5 9.5-6.5S21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>',
  hidden: '<path d="M4 4l16 16M9.5 6a9 9 0 0 1 2.5-.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.6M6.3 7.8A15 15 0 0 0 2.5 12s3.5 6.5 9.5 6.5a9 9 0 0 0 3.7-.8"/>',
  lock: '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
  open: '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 7.7-1.5"/>',
  solo: '<circle cx="12" cy="12" r="4"/><path d="M12 3v2.5M12 18.5V21M3 12h2.5M18.5 12H21"/>',
  bin: '<path d="M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7"/>',
};

function iconButton(icon, label, act, isPressed = null) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ms-icon";
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[icon]}</svg>`;
  button.setAttribute("aria-label", label);
  button.title = label;
  if (isPressed !== null) button.setAttribute("aria-pressed", String(isPressed));
  button.addEventListener("click", act);
  return button;
}

function objectRow(object) {
  const row = document.createElement("li");
  row.className = "ms-object";
  const isSelected = object.id === state.selected;
  row.classList.toggle("is-selected", isSelected);
  row.classList.toggle("is-hidden", !object.visible);
  row.style.setProperty("--ms-object", object.color);
  const change = (action, value) => studio.ask("objects", { action, object: object.id, value });

  const pick = document.createElement("button");
  pick.type = "button";
  pick.className = "ms-object-pick";
  pick.setAttribute("aria-pressed", String(isSelected));
  pick.setAttribute("aria-label", t("objects.select", { name: object.name }));
  pick.addEventListener("click", () => studio.set({ selected: object.id }));
  const picture = document.createElement("canvas");
  picture.width = picture.height = 72;
  pick.append(picture);
  studio.drawThumbnail?.(object, picture);

  const words = document.createElement("div");
  words.className = "ms-object-words";
  const note = document.createElement("span");
  note.className = "ms-object-note";
  note.textContent = describeObject(object);
  words.append(nameField(object), note);

  const eye = object.visible ? "eye" : "hidden";
  row.append(pick, words);
  if (object.locked) row.append(iconButton("lock", t("objects.unlock", { name: object.name }), () => change("lock", false), true));
  row.append(iconButton(eye, t(object.visible ? "objects.hide" : "objects.show", { name: object.name }), () => change("show", !object.visible), !object.visible));
  if (isSelected) row.append(moreOf(object, change));
  return row;
}

/** What is wanted now and then: only the selected row shows it. */
function moreOf(object, change) {
  const more = document.createElement("div");
  more.className = "ms-object-more";
  const color = document.createElement("input");
  color.type = "color";
  color.value = object.color;
  color.setAttribute("aria-label", t("objects.color", { name: object.name }));
  color.addEventListener("change", () => change("recolor", color.value));
  const isSolo = state.solo === object.id;
  const solo = iconButton("solo", t("objects.solo", { name: object.name }), () => studio.set({ solo: isSolo ? null : object.id }), isSolo);
  const lock = iconButton(object.locked ? "lock" : "open", t(object.locked ? "objects.unlock" : "objects.lock", { name: object.name }), () => change("lock", !object.locked), object.locked);
  const remove = iconButton("bin", t("objects.remove", { name: object.name }), () => change("remove"));
  remove.classList.add("ms-object-remove");
  remove.disabled = object.locked;
  more.append(color, solo, ...(object.locked ? [] : [lock]), remove);
  return more;
}

function nameField(object) {
  const name = document.createElement("input");
  name.value = ownName(object.name);
  name.maxLength = 60;
  name.setAttribute("aria-label", t("objects.name_of", { name: object.name }));
  name.addEventListener("focus", () => object.id !== state.selected && studio.set({ selected: object.id }));
  name.addEventListener("change", () => studio.ask("objects", { action: "rename", object: object.id, name: name.value }));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") name.blur();
  });
  return name;
}

function describeObject(object) {
  const prompted = Object.keys(object.prompts).length;
  const seen = state.lanes.get(object.id)?.reduce((sum, kind) => sum + (kind === 2 || kind === 4), 0) ?? 0;
  if (!prompted && !seen) return t("objects.no_click");
  const doubts = state.doubts.get(object.id)?.length ?? 0;
  const place = t("objects.on_frames", { n: Math.max(1, seen) });
  return doubts ? `${place} · ${t("objects.to_check", { n: doubts })}` : place;
}
