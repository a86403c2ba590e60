/* Keeps a page of background work up to date: see templates/admin/articles/_progress.html.
   What has data-text="name" shows the text of that name; at the end the page is loaded
   once more. */
"use strict";
{
  const SECONDS = 1;
  const box = document.querySelector("[data-progress]");
  const bar = box?.querySelector("progress");

  const show = (state) => {
    if (state.percent === null) bar.removeAttribute("value");
    else bar.value = state.percent;
    for (const element of document.querySelectorAll("[data-text]")) {
      const text = state.texts[element.dataset.text];
      if (text !== undefined && element.textContent !== text) element.textContent = text;
    }
  };

  const look = async () => {
    try {
      const response = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
      if (response.redirected) return location.reload(); // logged out meanwhile
      if (response.ok) {
        const state = await response.json();
        show(state);
        if (!state.is_unfinished) return location.reload();
      }
    } catch {
      // The server is away; it may be back the next time.
    }
    setTimeout(look, SECONDS * 1000);
  };

  if (box) setTimeout(look, SECONDS * 1000);
}
