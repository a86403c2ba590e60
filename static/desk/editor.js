"use strict";
// The body's source gets buttons for the common marks, and beside it what readers will see.
(() => {
  const source = document.getElementById("id_body");
  const template = document.getElementById("body-editor");
  if (!source || !template) return;
  const form = source.form;
  const editor = template.content.firstElementChild.cloneNode(true);
  source.before(editor);
  editor.querySelector(".editor-source").append(source);

  // Marks

  const wrap = (before, after, { each = false, inside = null } = {}) => {
    const { selectionStart: start, selectionEnd: end, value } = source;
    const chosen = value.slice(start, end);
    const lines = each ? chosen.split("\n").filter((line) => line.trim()) : [chosen];
    const text = each
      ? (lines.length ? lines : [""]).map((line) => before + line.trim() + after).join("\n")
      : before + chosen + after;
    insert(text);
    if (inside !== null) {
      const at = start + text.indexOf(inside);
      source.setSelectionRange(at, at + inside.length);
    } else if (!chosen) {
      source.setSelectionRange(start + before.length, start + before.length);
    } else {
      source.setSelectionRange(start, start + text.length);
    }
  };
  const insert = (text) => {
    source.focus();
    // Old, but the only way that the browser's own undo knows of.
    if (!document.execCommand("insertText", false, text)) {
      source.setRangeText(text, source.selectionStart, source.selectionEnd, "end");
      source.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  const marks = {
    strong: () => wrap("<strong>", "</strong>"),
    em: () => wrap("<em>", "</em>"),
    a: () => wrap('<a href="https://">', "</a>", { inside: "https://" }),
    p: () => wrap("<p>", "</p>", { each: true }),
    h2: () => wrap("<h2>", "</h2>"),
    blockquote: () => wrap("<blockquote><p>", "</p></blockquote>"),
    ul: () => {
      const start = source.selectionStart;
      wrap("<li>", "</li>", { each: true });
      const end = source.selectionEnd;
      const isEmpty = source.selectionStart === end;
      const text = source.value.slice(start, isEmpty ? end + "</li>".length : end);
      source.setSelectionRange(start, start + text.length);
      insert(`<ul>\n${text}\n</ul>`);
      if (isEmpty) source.setSelectionRange(start + "<ul>\n<li>".length, start + "<ul>\n<li>".length);
    },
    img: () => wrap('<img src="https://" alt="', '">', { inside: "https://" }),
  };
  const shortcuts = { b: "strong", i: "em", k: "a" };
  editor.querySelector(".editor-marks").addEventListener("click", (event) => {
    const button = event.target.closest("[data-mark]");
    if (button) marks[button.dataset.mark]();
  });
  source.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const mark = shortcuts[event.key.toLowerCase()];
    if (!mark) return;
    event.preventDefault();
    marks[mark]();
  });

  // Preview

  const host = editor.querySelector(".editor-page");
  const status = editor.querySelector(".editor-status");
  const losses = editor.querySelector(".editor-losses");
  const shadow = host.attachShadow({ mode: "open" });
  for (const href of editor.dataset.styles.split(" ")) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    shadow.append(link);
  }
  const page = document.createElement("div");
  shadow.append(page);
  // A link leads away from what was written.
  page.addEventListener("click", (event) => {
    if (event.target.closest("a")) event.preventDefault();
  });

  let timer = 0;
  let running = null;
  const say = (message) => {
    status.textContent = message;
    status.hidden = !message;
    host.hidden = Boolean(message) && message === status.dataset.tooLong;
    losses.hidden = Boolean(message);
  };
  const show = async () => {
    running?.abort();
    if (source.value.length > Number(editor.dataset.longest)) {
      say(status.dataset.tooLong);
      return;
    }
    running = new AbortController();
    try {
      const response = await fetch(editor.dataset.preview, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
        signal: running.signal,
      });
      const answer = await response.json();
      if (answer.too_long) {
        say(status.dataset.tooLong);
        return;
      }
      page.innerHTML = answer.page;
      for (const table of page.querySelectorAll("table")) table.tabIndex = 0;
      losses.innerHTML = answer.losses;
      say("");
    } catch (error) {
      if (error.name !== "AbortError") say(status.dataset.failed);
    }
  };
  const schedule = () => {
    clearTimeout(timer);
    timer = setTimeout(show, 400);
  };
  form.addEventListener("input", schedule);
  form.addEventListener("change", schedule);
  // The list of outlets tells only jQuery that another one was chosen.
  window.django?.jQuery?.(form).on("change", schedule);
  show();

  // Leaving

  let isSaving = false;
  form.addEventListener("submit", (event) => {
    isSaving = event.submitter?.name !== "_preview";
  });
  addEventListener("beforeunload", (event) => {
    if (!isSaving && source.value !== source.defaultValue) event.preventDefault();
  });
})();
