// The effects' panel: the stack of layers, the top one first, and the settings of the one that is open.
// props: {catalogue: [{name, label, summary, group, settings}], layer: [settings of every layer, each with its `section`]}

const find = (selector) => element.querySelector(selector);
const state = studio.state;

/** @type {any} */
let open = "new"; // place of the layer whose settings are shown in the stack; "new": one that has no effect yet
/** @type {any} */
let newTarget = "background";
let said = null; // the stack as this panel last said it; another one came from the server
let drawn = ""; // the structure that the list shows: while it stays, a slider being dragged lives
let isBare = true; // whether the list shows no layer

const effectOf = (layer) => props.catalogue.find((each) => each.name === layer?.effect.name);
const effectName = (effect) => named(`effect.${effect?.name}`, effect?.label ?? "");
const openLayer = () => (open === "new" ? null : state.layers[open]);
const openTarget = () => openLayer()?.target ?? newTarget;

function aimName(target) {
  if (!Array.isArray(target)) return t(`aim.${target}`);
  return target.map((id) => ownName(studio.object(id)?.name ?? String(id))).join(", ");
}

/** Shows a stack; one that `isDraft` (a slider on its way) is no step of undo yet. */
function say(layers, isDraft = false) {
  said = layers;
  studio.emit("layers", { layers, isDraft });
}

function showLayer(place) {
  open = place;
  if (place !== "new") picker.fold();
  render();
}

function pickEffect(name) {
  const effect = props.catalogue.find((each) => each.name === name);
  const settings = Object.fromEntries(effect.settings.map((each) => [each.name, each.default]));
  const fresh = { name, ...settings };
  if (openLayer()) return say(layerChanged(state.layers, open, { effect: fresh, keyframes: keptKeyframes(effect) }));
  const rest = Object.fromEntries(props.layer.map((each) => [each.name, each.default]));
  open = state.layers.length;
  picker.stay();
  return say(layerAdded(state.layers, { target: newTarget, effect: fresh, ...rest, start: 0, stop: null, keyframes: {} }));
}

/** Keyframes of the layer itself outlive a change of its effect. */
function keptKeyframes(effect) {
  const own = [...props.layer, ...effect.settings].map((each) => each.name);
  return Object.fromEntries(Object.entries(openLayer().keyframes ?? {}).filter(([name]) => own.includes(name)));
}

function removeLayer(place) {
  const name = effectName(effectOf(state.layers[place]));
  if (open === place) open = null;
  else if (open > place) open -= 1;
  say(layerRemoved(state.layers, place));
  studio.say(t("effects.removed", { name }));
  (find(".ms-layer-open") ?? find(".ms-layer-add")).focus();
}

function moveLayer(from, to) {
  if (from === to || to < 0 || to >= state.layers.length) return;
  const name = effectName(effectOf(state.layers[from]));
  const opened = openLayer();
  const stack = layerMoved(state.layers, from, to);
  if (opened) open = stack.indexOf(opened);
  say(stack);
  studio.say(t("effects.moved", { name, place: state.layers.length - to, total: state.layers.length }));
}

function iconButton(kind, icon, label, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `ms-icon ms-layer-${kind}`;
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icon}"/></svg>`;
  button.setAttribute("aria-label", label);
  button.title = label;
  if (onClick) button.addEventListener("click", onClick);
  return button;
}

function layerRow(layer, place) {
  const name = effectName(effectOf(layer));
  const row = document.createElement("li");
  row.className = "ms-layer";
  row.dataset.place = place;
  const head = document.createElement("div");
  head.className = "ms-layer-head";
  const grip = iconButton("grip", "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01", t("effects.move", { name }));
  grip.dataset.key = `grip${place}`;
  makeDraggable(grip, row, place);
  const opener = document.createElement("button");
  opener.type = "button";
  opener.className = "ms-layer-open";
  opener.dataset.key = `open${place}`;
  opener.setAttribute("aria-expanded", String(place === open));
  const aim = document.createElement("span");
  aim.className = "ms-layer-aim";
  aim.textContent = aimName(layer.target);
  if (Array.isArray(layer.target)) aim.style.setProperty("--ms-object", studio.object(layer.target[0])?.color ?? "gray");
  aim.classList.toggle("is-object", Array.isArray(layer.target));
  const title = document.createElement("strong");
  title.textContent = name;
  opener.append(title, aim);
  opener.addEventListener("click", () => showLayer(place === open ? null : place));
  head.append(grip, opener, iconButton("remove", "m6 6 12 12M18 6 6 18", t("effects.remove", { name }), () => removeLayer(place)));
  row.append(head);
  if (place === open) row.append(layerBody(layer));
  return row;
}

/** Dragging by the grip, or the arrow keys on it: up in the list is up in the stack. */
function makeDraggable(grip, row, place) {
  grip.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    moveLayer(place, place + by);
    find(`[data-key=grip${Math.min(Math.max(place + by, 0), state.layers.length - 1)}]`)?.focus();
  });
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.focus();
    grip.setPointerCapture(event.pointerId);
    const rows = [...element.querySelectorAll(".ms-layer[data-place]")];
    const middles = rows.map((each) => (each.getBoundingClientRect().top + each.querySelector(".ms-layer-head").getBoundingClientRect().bottom) / 2);
    const from = rows.indexOf(row);
    const start = event.clientY;
    let to = from;
    const move = (moved) => {
      row.classList.add("is-dragged");
      row.style.translate = `0 ${moved.clientY - start}px`;
      to = middles.filter((middle, index) => index !== from && middle < moved.clientY).length;
      rows.forEach((each, index) => {
        each.classList.toggle("drops-before", index === to && to < from);
        each.classList.toggle("drops-after", index === to && to > from);
      });
    };
    const end = (ended) => {
      grip.removeEventListener("pointermove", move);
      for (const each of rows) each.classList.remove("drops-before", "drops-after", "is-dragged");
      row.style.translate = "";
      if (ended.type === "pointerup") moveLayer(place, place + from - to);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", end, { once: true });
    grip.addEventListener("pointercancel", end, { once: true });
  });
}

function newRow() {
  const row = document.createElement("li");
  row.className = "ms-layer is-new";
  row.append(layerBody(null));
  return row;
}

function layerBody(layer) {
  const body = document.createElement("div");
  body.className = "ms-layer-body";
  body.append(aimChips(layer?.target ?? newTarget), picker.place(Boolean(layer)));
  if (layer) body.append(...layerSettings(layer));
  return body;
}

function aimChips(target) {
  const group = document.createElement("div");
  group.className = "ms-targets";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t("aim.title"));
  const choices = [
    { id: "background", name: t("aim.background") },
    { id: "everything", name: t("aim.everything") },
    ...state.objects,
  ];
  for (const choice of choices) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "ms-chip";
    chip.dataset.key = `aim${choice.id}`;
    const isOn = Array.isArray(target) ? target.includes(choice.id) : target === choice.id;
    chip.setAttribute("aria-pressed", String(isOn));
    if (choice.color) chip.style.setProperty("--ms-object", choice.color);
    chip.classList.toggle("is-object", Boolean(choice.color));
    chip.textContent = ownName(choice.name);
    chip.addEventListener("click", () => {
      const aimed = aimToggled(target, choice.id);
      if (layerIsOpen()) say(layerChanged(state.layers, open, { target: aimed }));
      else newTarget = aimed;
      render();
    });
    group.append(chip);
  }
  return group;
}

const layerIsOpen = () => Boolean(openLayer());

/** Rebuilds the list where its structure has changed; what had the focus has it again. */
function render(isForced = false) {
  if (open !== "new" && open !== null && open >= state.layers.length) open = "new";
  isBare = !state.layers.length;
  if (isBare) open = "new";
  const structure = JSON.stringify([
    open, newTarget, words.language, state.clip?.pack.path,
    state.layers.map((layer) => [layer.effect.name, layer.target, Object.keys(layer.keyframes ?? {})]),
    state.objects.map((object) => [object.id, object.name, object.color]),
  ]);
  if (structure === drawn && !isForced) return;
  drawn = structure;
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const unscroll = picker.holdScroll();
  const rows = state.layers.map(layerRow).reverse();
  if (open === "new") rows.unshift(newRow());
  find(".ms-layers").replaceChildren(...rows);
  find(".ms-layer-add").hidden = open === "new";
  unscroll();
  if (key) element.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
  picker.refresh();
}

find(".ms-layer-add").addEventListener("click", () => {
  newTarget = "background"; // where the last layer fell, chips would add to it: a second object would get both
  showLayer("new");
  find(".ms-targets button").focus();
});

studio.on("effects", "change", (keys) => {
  // A session that is opened again shows its layers: the catalogue lay open only because there were none.
  if (keys.includes("clip") || (keys.includes("layers") && state.layers !== said && isBare)) open = null;
  if (keys.includes("layers") && state.layers !== said) render(true);
  else render(keys.includes("clip"));
  if (keys.includes("objects") || keys.includes("lanes")) picker.noticeChange();
});
studio.on("effects", "frame", () => {
  showKeyframedValues();
  picker.refresh();
});
