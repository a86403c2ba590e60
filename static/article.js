"use strict";
// Copying and sharing on an article's page; without it the texts stand there to be selected.
(() => {
  const keeping = document.querySelector(".keeping");
  const announcement = keeping.querySelector("[data-copied]");

  const copy = async (source) => {
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain HTTP there is no clipboard but for what is selected.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      if (!document.execCommand("copy")) return false;
    }
    return true;
  };

  for (const button of keeping.querySelectorAll(".copy")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!(await copy(document.getElementById(button.dataset.copies)))) return;
      announcement.textContent = "";
      button.textContent = announcement.dataset.copied;
      setTimeout(() => (announcement.textContent = announcement.dataset.copied), 50);
      setTimeout(() => (button.textContent = label), 2000);
    });
  }

  const share = keeping.querySelector(".share");
  if (navigator.share) {
    share.hidden = false;
    share.addEventListener("click", () => {
      // A reader who thinks better of it is no error.
      navigator.share({ title: share.dataset.title, url: share.dataset.address }).catch(() => {});
    });
  }
})();
