// Suggestions while typing: a combobox with a list below each search field that asks for it.
for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("ul");
  const id = `suggestions-${input.closest("header") ? "top" : "page"}`;
  let options = [];
  let chosen = -1;
  let timer;
  let request;
  let typed = input.value;

  list.id = id;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.suggestLabel);
  list.hidden = true;
  input.after(list);
  input.autocomplete = "off";
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", id);
  input.setAttribute("aria-expanded", "false");

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    choose(-1);
    input.setAttribute("aria-expanded", "false");
  }

  function choose(index) {
    options[chosen]?.setAttribute("aria-selected", "false");
    chosen = index;
    const option = options[chosen];
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function go(option) {
    if (option.dataset.url) {
      location.assign(option.dataset.url);
    } else {
      input.value = option.textContent;
      close();
      input.form.requestSubmit();
    }
  }

  function show({ terms, titles }) {
    const found = [
      ...terms.map((text) => ({ text, kind: "term" })),
      ...titles.map(({ title, url }) => ({ text: title, url, kind: "title" })),
    ];
    options = found.map(({ text, url, kind }, index) => {
      const option = document.createElement("li");
      option.id = `${id}-${index}`;
      option.className = kind;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.textContent = text;
      if (url) option.dataset.url = url;
      // Before the field loses the focus.
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("click", () => go(option));
      return option;
    });
    list.replaceChildren(...options);
    choose(-1);
    list.hidden = !options.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  async function ask() {
    request?.abort();
    if (!typed.trim()) return close();
    request = new AbortController();
    const { signal } = request;
    try {
      const query = new URLSearchParams({ q: typed });
      const response = await fetch(`${input.dataset.suggest}?${query}`, { signal });
      const found = response.ok ? await response.json() : { terms: [], titles: [] };
      if (!signal.aborted && document.activeElement === input) show(found);
    } catch {
      if (!signal.aborted) close();
    }
  }

  input.addEventListener("input", (event) => {
    // While an input method composes, what stands in the field is not yet what is meant.
    if (event.isComposing) return;
    typed = input.value;
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  input.addEventListener("compositionend", () => input.dispatchEvent(new Event("input")));
  input.addEventListener("blur", close);
  input.form.addEventListener("submit", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    const places = options.length + 1;
    if (event.key === "ArrowDown") choose(((chosen + 2) % places) - 1);
    else if (event.key === "ArrowUp") choose(((chosen + places) % places) - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen >= 0) go(options[chosen]);
    else return;
    event.preventDefault();
  });
}
