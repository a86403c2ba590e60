"use strict";
// Steps through the matches on an article's page: two buttons, the links to each; the keys are in shortcuts.js.
(() => {
  const nav = document.querySelector("nav.matches");
  const list = nav.querySelector("details");
  const position = nav.querySelector("summary");
  const announcement = nav.querySelector("[aria-live]");
  // A match that runs through several elements has a mark in each; the first one has the id.
  const matches = [];
  for (const mark of document.querySelectorAll("mark.match")) {
    if (mark.id) matches.push([]);
    matches.at(-1).push(mark);
  }
  let current = -1;

  const show = (index) => {
    for (const mark of matches[current] ?? []) mark.classList.remove("current");
    current = (index + matches.length) % matches.length;
    for (const mark of matches[current]) mark.classList.add("current");
    position.textContent = position.dataset.position
      .replace("{number}", current + 1)
      .replace("{count}", matches.length);
    announcement.textContent = position.textContent;
  };
  const step = (by) => {
    show(current < 0 && by < 0 ? matches.length - 1 : current + by);
    matches[current][0].scrollIntoView({ block: "center" });
    // So that this match is the one to come back to; the way back stays the way to the results.
    history.replaceState(history.state, "", `#match-${current + 1}`);
  };
  const showTarget = () => {
    const index = matches.findIndex(([mark]) => `#${mark.id}` === location.hash);
    if (index >= 0) show(index);
  };

  nav.querySelector(".previous").addEventListener("click", () => step(-1));
  nav.querySelector(".next").addEventListener("click", () => step(1));
  addEventListener("hashchange", showTarget);
  list.addEventListener("click", (event) => {
    if (event.target.closest("a")) list.open = false;
  });
  nav.querySelector(".steps").hidden = false;
  nav.querySelector(".first").hidden = true;
  showTarget();
})();
