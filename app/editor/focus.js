// The focus: what is pressed by keys often goes, and the focus with it. What comes in its place takes it over.

/** What goes → what follows it, the first that is there. No field: on a phone that would open the keyboard. */
const FOLLOWERS = [
  [".ms-track-start, [data-way], .ms-cut-on", ".ms-track-stop"],
  [".ms-track-stop", ".ms-track-start"],
  [".ms-layer-remove", ".ms-effects [data-effect]"],
  [".ms-object-remove", ".ms-add"],
  ["[data-do=mark-none]", "[data-do=mark-out]"],
  [".ms-new-clip", ".ms-back"],
  [".ms-back", ".ms-stage"],
  [".ms-example, #upload button", ".ms-opening-stop, .ms-stage"],
  [".ms-opening-stop", ".ms-example, .ms-stage"],
  [".ms-render-start, .ms-render-stop, .ms-dialog *", ".ms-render-stop, .ms-download, .ms-export-go, .ms-render-start"],
];

let focused = null; // the element that was reached by keys and had the focus last

function canFocus(each) {
  const dialog = document.querySelector("dialog[open]"); // what lies behind it takes no focus
  return !each.disabled && each.getClientRects().length > 0 && (!dialog || dialog.contains(each));
}

function onFocusIn({ target }) {
  // With a mouse nothing is lost, and a space that was to play the clip would press what took the focus over.
  focused = target.matches(":focus-visible") ? target : null;
}

function handOverFocus() {
  const active = document.activeElement;
  if (!focused || canFocus(focused) || (active !== document.body && active !== focused)) return;
  const [, followers] = FOLLOWERS.find(([gone]) => focused.matches(gone)) ?? [];
  if (!followers) return;
  /** @type {NodeListOf<HTMLElement>} */
  const there = document.querySelectorAll(followers);
  [...there].find(canFocus)?.focus();
}

const focusWatch = new MutationObserver(() => {
  if (element.isConnected) return handOverFocus();
  focusWatch.disconnect();
  document.removeEventListener("focusin", onFocusIn);
});
focusWatch.observe(document.body, { subtree: true, childList: true, attributeFilter: ["hidden", "class", "disabled"] });
document.addEventListener("focusin", onFocusIn);
