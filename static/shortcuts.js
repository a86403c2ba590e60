"use strict";
// Keys for what a page offers: whatever says its key in aria-keyshortcuts is clicked by it, and "?"
// opens the help, where a reader can do without these keys.
(() => {
  const help = document.querySelector(".shortcuts");
  const choice = help.querySelector("input");
  // Where a browser keeps nothing, the choice holds for this page.
  try {
    choice.checked = localStorage.getItem("shortcuts") !== "off";
    choice.addEventListener("change", () => {
      localStorage.setItem("shortcuts", choice.checked ? "on" : "off");
    });
  } catch {}

  const scrollsSideways = (element) => {
    for (; element; element = element.parentElement) {
      if (element.clientWidth && element.scrollWidth > element.clientWidth + 1) return true;
    }
    return false;
  };

  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (!choice.checked || event.defaultPrevented || event.repeat || event.isComposing) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (target.closest?.("input, textarea, select, audio, video, [contenteditable]")) return;
    if (key === "?") {
      help.open = !help.open;
      if (help.open) help.querySelector("summary").focus();
      return;
    }
    if (event.shiftKey || (key.startsWith("Arrow") && scrollsSideways(target))) return;
    document.querySelector(`[aria-keyshortcuts="${CSS.escape(key)}"]`)?.click();
  });
  help.hidden = false;
})();
