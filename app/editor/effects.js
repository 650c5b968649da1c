// The effects: one for the background, one for each object; their sliders come from the effects' own settings.
// props: {catalogue: [{name, label, summary, settings}], edge: [settings of every layer]}

const find = (selector) => element.querySelector(selector);
const state = studio.state;
let target = "background"; // or an object's id

const keyOf = (layer) => (Array.isArray(layer.target) ? layer.target.join(",") : layer.target);
const layerOf = (which) => state.layers.find((layer) => keyOf(layer) === String(which));

/** The stack with one target's layer replaced: the background at the bottom, objects in their order above. */
function stackWith(which, layer) {
  const order = ["background", ...state.objects.map((object) => String(object.id))];
  const others = state.layers.filter((each) => keyOf(each) !== String(which));
  const stack = layer ? [...others, layer] : others;
  const rank = (each) => (order.includes(keyOf(each)) ? order.indexOf(keyOf(each)) : order.length);
  return stack.sort((a, b) => rank(a) - rank(b));
}

function change(layer) {
  studio.emit("layers", stackWith(target, layer));
}

function pickEffect(name) {
  if (!name) return change(null);
  const effect = props.catalogue.find((each) => each.name === name);
  const settings = Object.fromEntries(effect.settings.map((each) => [each.name, each.default]));
  const edge = Object.fromEntries(props.edge.map((each) => [each.name, layerOf(target)?.[each.name] ?? each.default]));
  change({ target: target === "background" ? target : [target], effect: { name, ...settings }, ...edge });
  return undefined;
}

function renderTargets() {
  if (target !== "background" && !studio.object(target)) target = "background";
  const choices = [{ id: "background", name: "Background" }, ...state.objects];
  const rows = choices.map((choice) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "ms-chip";
    chip.setAttribute("aria-pressed", String(choice.id === target));
    if (choice.color) chip.style.setProperty("--ms-object", choice.color);
    chip.classList.toggle("is-object", Boolean(choice.color));
    chip.classList.toggle("has-effect", Boolean(layerOf(choice.id)));
    chip.textContent = choice.name;
    chip.addEventListener("click", () => {
      target = choice.id;
      if (choice.color) studio.set({ selected: choice.id });
      render();
    });
    return chip;
  });
  replaceKeepingFocus(find(".ms-targets"), rows);
}

function renderChoices() {
  const current = layerOf(target)?.effect.name ?? "";
  const choices = [{ name: "", label: "None", summary: "Leaves it as it is." }, ...props.catalogue];
  const rows = choices.map((choice) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ms-effect";
    button.dataset.effect = choice.name;
    button.title = choice.summary;
    button.setAttribute("aria-pressed", String(choice.name === current));
    button.textContent = choice.label;
    button.addEventListener("click", () => pickEffect(choice.name));
    return button;
  });
  replaceKeepingFocus(find(".ms-effect-list"), rows);
  const effect = props.catalogue.find((each) => each.name === current);
  find(".ms-effect-summary").textContent = effect?.summary ?? "";
}

/** A control for a setting; `value` now, `onValue` with each new one. */
function control(setting, value, onValue) {
  const row = document.createElement("label");
  row.className = `ms-setting ms-setting-${setting.kind}`;
  const name = document.createElement("span");
  name.textContent = setting.label;
  row.append(name);
  if (setting.kind === "number" || setting.kind === "integer") row.append(...slider(setting, value, onValue));
  else if (setting.kind === "color") row.append(...colorField(setting, value, onValue));
  else if (setting.kind === "choice") row.append(choiceField(setting, value, onValue));
  else row.append(switchField(value, onValue));
  return row;
}

function slider(setting, value, onValue) {
  const range = document.createElement("input");
  range.type = "range";
  range.dataset.setting = setting.name;
  range.min = setting.low;
  range.max = setting.high;
  range.step = setting.kind === "integer" ? 1 : setting.high - setting.low > 20 ? 0.5 : 0.01;
  range.value = value;
  const shown = document.createElement("output");
  const unit = setting.unit ? ` ${setting.unit}` : "";
  const spell = () => {
    const isShare = !setting.unit && setting.low === 0 && setting.high === 1;
    shown.textContent = isShare ? `${Math.round(range.value * 100)} %` : `${Number(range.value)}${unit}`;
  };
  range.addEventListener("input", () => {
    spell();
    onValue(Number(range.value));
  });
  spell();
  return [range, shown];
}

function colorField(setting, value, onValue) {
  const field = document.createElement("input");
  field.type = "color";
  field.dataset.setting = setting.name;
  const own = studio.object(target)?.color ?? "#ffffff";
  field.value = value === "object" ? own : value;
  field.addEventListener("input", () => onValue(field.value));
  if (setting.default !== "object") return [field];
  const reset = document.createElement("button");
  reset.type = "button";
  reset.className = "ms-quiet";
  reset.textContent = "Own colour";
  reset.addEventListener("click", (event) => {
    event.preventDefault();
    field.value = own;
    onValue("object");
  });
  return [field, reset];
}

function choiceField(setting, value, onValue) {
  const list = document.createElement("select");
  list.dataset.setting = setting.name;
  for (const choice of setting.choices) list.add(new Option(choice, choice, false, choice === value));
  list.addEventListener("change", () => onValue(list.value));
  return list;
}

function switchField(value, onValue) {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = value;
  box.addEventListener("change", () => onValue(box.checked));
  return box;
}

let shownFor = ""; // sliders are rebuilt only for another target or effect: one being dragged must live
function renderSettings() {
  const layer = layerOf(target);
  const key = `${target} ${layer?.effect.name ?? ""}`;
  if (key === shownFor) return;
  shownFor = key;
  find(".ms-edge").hidden = !layer;
  const effect = layer && props.catalogue.find((each) => each.name === layer.effect.name);
  const changeEffect = (name) => (value) => {
    const now = layerOf(target);
    change({ ...now, effect: { ...now.effect, [name]: value } });
  };
  const changeLayer = (name) => (value) => change({ ...layerOf(target), [name]: value });
  const own = effect?.settings.map((each) => control(each, layer.effect[each.name], changeEffect(each.name))) ?? [];
  const edge = layer ? props.edge.map((each) => control(each, layer[each.name] ?? each.default, changeLayer(each.name))) : [];
  find(".ms-settings").replaceChildren(...own);
  find(".ms-edge-settings").replaceChildren(...edge);
}

function replaceKeepingFocus(part, rows) {
  const focused = [...part.children].indexOf(document.activeElement);
  part.replaceChildren(...rows);
  if (focused >= 0) part.children[focused]?.focus();
}

function render() {
  renderTargets();
  renderChoices();
  renderSettings();
}

studio.on("effects", "change", (keys) => {
  if (keys.includes("clip")) shownFor = "?";
  if (keys.includes("objects") || keys.includes("layers") || keys.includes("clip")) render();
});
render();
