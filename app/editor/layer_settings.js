// The settings of the open layer: its effect's own, then edge, mixing and time, which every layer has.

const frameNow = () => state.frame ?? 0;
let keyframed = []; // {setting, isOwn, row}: sliders that follow the playhead

function valueOf(layer, name, isOwn) {
  const keyframes = layer.keyframes?.[name];
  if (keyframes?.length) return keyframedValue(keyframes, frameNow());
  return isOwn ? layer.effect[name] : layer[name];
}

/** The open layer with a setting changed: on this frame only, where the setting has keyframes. */
function withValue(name, isOwn, value) {
  const layer = openLayer();
  const keyframes = layer.keyframes?.[name];
  if (keyframes?.length) {
    return layerChanged(state.layers, open, { keyframes: { ...layer.keyframes, [name]: keyframeSet(keyframes, frameNow(), value) } });
  }
  return layerChanged(state.layers, open, isOwn ? { effect: { ...layer.effect, [name]: value } } : { [name]: value });
}

function field(layer, setting, isOwn) {
  const use = {
    key: `set-${setting.name}`,
    color: Array.isArray(layer.target) ? studio.object(layer.target[0])?.color : undefined,
    onInput: (value) => say(withValue(setting.name, isOwn, value), true),
    onCommit: (value) => say(withValue(setting.name, isOwn, value)),
  };
  const row = settingField(setting, valueOf(layer, setting.name, isOwn) ?? setting.default, use);
  const isNumber = setting.kind === "number" || setting.kind === "integer";
  if (isNumber && (isOwn || setting.moves)) row.append(keyframeButton(layer, setting, isOwn));
  if (layer.keyframes?.[setting.name]?.length) keyframed.push({ setting, isOwn, row });
  return row;
}

/** A diamond beside a slider: full where this frame holds a value of its own. */
function keyframeButton(layer, setting, isOwn) {
  const keyframes = layer.keyframes?.[setting.name] ?? [];
  const isHere = keyframes.some((each) => each[0] === frameNow());
  const name = named(`label.${setting.label}`, setting.label);
  const button = iconButton("key", "m12 5 7 7-7 7-7-7z", t(isHere ? "keyframe.drop" : "keyframe.set", { name }), () => {
    const now = openLayer();
    const known = now.keyframes?.[setting.name] ?? [];
    const value = valueOf(now, setting.name, isOwn) ?? setting.default;
    const changed = known.some((each) => each[0] === frameNow()) ? keyframeDropped(known, frameNow()) : keyframeSet(known, frameNow(), value);
    const { [setting.name]: _, ...others } = now.keyframes ?? {};
    say(layerChanged(state.layers, open, { keyframes: changed.length ? { ...others, [setting.name]: changed } : others }));
    render(true);
  });
  button.dataset.key = `key-${setting.name}`;
  button.classList.toggle("has-keys", keyframes.length > 0);
  button.setAttribute("aria-pressed", String(isHere));
  return button;
}

/** The playhead moved: sliders with keyframes show their value there. */
function showKeyframedValues() {
  const layer = openLayer();
  if (!layer) return;
  for (const { setting, isOwn, row } of keyframed) {
    const value = valueOf(layer, setting.name, isOwn);
    row.querySelector("input").value = value;
    row.querySelector("output").textContent = spellSetting(setting, value);
    const isHere = layer.keyframes?.[setting.name]?.some((each) => each[0] === frameNow());
    row.querySelector(".ms-layer-key").setAttribute("aria-pressed", String(Boolean(isHere)));
  }
}

function section(key, rows, isOpen = false) {
  const part = document.createElement("details");
  part.className = "ms-section";
  part.open = isOpen || sectionsOpen.has(key);
  part.addEventListener("toggle", () => (part.open ? sectionsOpen.add(key) : sectionsOpen.delete(key)));
  const title = document.createElement("summary");
  title.textContent = t(`section.${key}`);
  title.dataset.key = `section-${key}`;
  const inside = document.createElement("div");
  inside.className = "ms-settings";
  inside.append(...rows);
  part.append(title, inside);
  return part;
}
const sectionsOpen = new Set();

function layerSettings(layer) {
  keyframed = [];
  const effect = effectOf(layer);
  const own = document.createElement("div");
  own.className = "ms-settings";
  own.append(...(effect?.settings ?? []).map((each) => field(layer, each, true)));
  const of = (name) => props.layer.filter((each) => each.section === name).map((each) => field(layer, each, false));
  return [own, section("edge", of("edge")), section("mix", of("mix")), section("time", [...rangeRows(layer), ...of("time")])];
}

/** From which frame to which the layer shows; frames are counted from 1 for people. */
function rangeRows(layer) {
  const last = state.clip ? state.clip.frames : 1;
  const first = numberRow("range.start", layer.start + 1, last, (value) => {
    const start = value - 1;
    say(layerChanged(state.layers, open, { start, stop: layer.stop !== null && layer.stop <= start ? null : layer.stop }));
  });
  const until = numberRow("range.stop", layer.stop ?? last, last, (value) => {
    const stop = value >= last ? null : Math.max(value, layer.start + 1);
    say(layerChanged(state.layers, open, { stop }));
  });
  return [first, until];
}

function numberRow(key, value, most, onCommit) {
  const row = document.createElement("div");
  row.className = "ms-setting ms-setting-frame";
  const label = document.createElement("label");
  label.textContent = t(key);
  label.htmlFor = `ms-field-${key}`;
  const number = document.createElement("input");
  number.type = "number";
  number.id = label.htmlFor;
  number.dataset.key = key;
  number.min = "1";
  number.max = most;
  number.value = value;
  const commit = (wanted) => {
    onCommit(Math.min(Math.max(Math.round(wanted) || 1, 1), most));
    render(true);
  };
  number.addEventListener("change", () => commit(Number(number.value)));
  const here = document.createElement("button");
  here.type = "button";
  here.className = "ms-quiet";
  here.dataset.key = `${key}-here`;
  here.textContent = t("range.here");
  here.addEventListener("click", () => commit(frameNow() + 1));
  row.append(label, number, here);
  return row;
}
