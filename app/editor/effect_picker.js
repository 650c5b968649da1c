// The catalogue as pictures: this frame under every effect, in groups, found by typing.

const picker = (() => {
  const box = document.createElement("div");
  box.className = "ms-picker";
  let isChosen = false; // the layer has its effect: the catalogue is folded away until asked for
  let isOpen = true;
  let language = "";
  let asked = ""; // what the pictures show or will show
  let timer = 0;
  let changes = 0; // of objects and masks

  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "ms-quiet ms-picker-toggle";
  toggle.dataset.key = "picker-toggle";
  toggle.addEventListener("click", () => {
    isOpen = !isOpen;
    show();
    refresh();
  });
  const search = document.createElement("input");
  search.type = "search";
  search.className = "ms-picker-search";
  search.dataset.key = "picker-search";
  search.addEventListener("input", filter);
  const list = document.createElement("div");
  list.className = "ms-effect-list";
  const none = document.createElement("p");
  none.className = "ms-picker-none";
  box.append(toggle, search, list, none);

  function effectButton(effect) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ms-effect";
    button.dataset.effect = effect.name;
    button.dataset.key = `effect-${effect.name}`;
    button.title = named(`summary.${effect.name}`, effect.summary);
    const picture = document.createElement("img");
    picture.alt = "";
    const name = document.createElement("span");
    name.textContent = effectName(effect);
    button.append(picture, name);
    button.addEventListener("click", () => pickEffect(effect.name));
    return button;
  }

  function build() {
    if (language === words.language && list.childElementCount) return;
    language = words.language;
    asked = "";
    const groups = new Map();
    for (const effect of props.catalogue) {
      const group = effect.group ?? "";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(effect);
    }
    const parts = [...groups].map(([group, effects]) => {
      const part = document.createElement("div");
      part.className = "ms-effect-group";
      part.setAttribute("role", "group");
      const title = document.createElement("h3");
      title.textContent = named(`group.${group}`, group.replaceAll("_", " "));
      part.setAttribute("aria-label", title.textContent || t("effects.catalogue"));
      title.hidden = !group;
      part.append(title, ...effects.map(effectButton));
      return part;
    });
    list.replaceChildren(...parts);
    search.placeholder = t("effects.search");
    search.setAttribute("aria-label", t("effects.search"));
    none.textContent = t("effects.none_found");
    filter();
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    let found = 0;
    for (const button of list.querySelectorAll(".ms-effect")) {
      const text = `${button.textContent} ${button.title} ${button.dataset.effect}`.toLowerCase();
      button.hidden = Boolean(wanted) && !text.includes(wanted);
      if (!button.hidden) found += 1;
    }
    for (const part of list.children) part.hidden = !part.querySelector(".ms-effect:not([hidden])");
    none.hidden = found > 0;
  }

  function show() {
    const isShown = !isChosen || isOpen;
    box.classList.toggle("is-open", isShown);
    toggle.hidden = !isChosen;
    toggle.textContent = t(isShown ? "effects.close_catalogue" : "effects.change");
    toggle.setAttribute("aria-expanded", String(isShown));
    search.hidden = !isShown || props.catalogue.length < 12;
    list.hidden = !isShown;
    none.hidden = !isShown || Boolean(list.querySelector(".ms-effect:not([hidden])"));
  }

  /** Asks for new pictures once the playhead rests; never while something is tracked or written. */
  function refresh() {
    const current = openLayer()?.effect.name;
    for (const button of list.querySelectorAll(".ms-effect")) {
      button.setAttribute("aria-pressed", String(button.dataset.effect === current));
    }
    const wanted = JSON.stringify([state.clip?.pack.path, frameNow(), openTarget(), changes]);
    if (!state.clip || wanted === asked || !box.isConnected || list.hidden) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (state.task || !document.body.classList.contains("ms-editing")) return;
      asked = wanted;
      studio.ask("thumbs", { frame: frameNow(), target: openTarget(), version: wanted }, "thumbs");
    }, 350);
  }

  function showPictures({ version, pictures }) {
    if (version !== asked) return;
    for (const [name, jpeg] of Object.entries(pictures)) {
      const picture = list.querySelector(`[data-effect="${name}"] img`);
      if (picture) picture.src = `data:image/jpeg;base64,${jpeg}`;
    }
  }

  return {
    /** The catalogue, to be put into a layer's row. */
    place(hasEffect) {
      if (hasEffect !== isChosen || !box.isConnected) isChosen = hasEffect;
      build();
      show();
      return box;
    },
    /** A new layer just got its effect: others may be tried in its place. */
    stay() {
      isOpen = true;
    },
    fold() {
      isOpen = false;
    },
    holdScroll() {
      const { scrollTop } = list;
      return () => {
        list.scrollTop = scrollTop;
      };
    },
    /** Objects or masks are others: so are the pictures. */
    noticeChange() {
      changes += 1;
      refresh();
    },
    refresh,
    showPictures,
  };
})();

studio.on("effects", "thumbs", (message) => {
  if (message.kind === "effects") picker.showPictures(message);
});
render();
