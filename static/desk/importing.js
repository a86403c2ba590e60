/* The page that asks what to import: files can be dropped, are listed, and their way is shown.
   Without this script the form works as any form does. */
"use strict";
{
  const form = document.querySelector(".importing form[data-limit]");
  const zone = form.querySelector(".drop-zone");
  const input = zone.querySelector("input[type=file]");
  const chosen = zone.querySelector(".chosen");
  const error = zone.querySelector(".upload-error");
  const uploading = form.querySelector(".uploading");
  const bar = uploading.querySelector("progress");
  const status = uploading.querySelector("[role=status]");
  const button = form.querySelector("button[type=submit]");
  const LISTED = 200;

  const size = (bytes) =>
    bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const total = () => [...input.files].reduce((sum, file) => sum + file.size, 0);

  const say = (text) => {
    error.textContent = text;
    error.hidden = !text;
  };

  const list = () => {
    chosen.replaceChildren(
      ...[...input.files].slice(0, LISTED).map((file) => {
        const item = document.createElement("li");
        for (const text of [file.name, size(file.size)]) {
          item.append(Object.assign(document.createElement("span"), { textContent: text }));
        }
        return item;
      })
    );
    say(total() > Number(form.dataset.limit) ? form.dataset.tooLarge : "");
  };

  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, () => zone.classList.remove("over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    list();
  });
  input.addEventListener("change", list);

  const end = (text) => {
    uploading.hidden = true;
    button.disabled = false;
    say(text);
  };

  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    if (total() > Number(form.dataset.limit)) return say(form.dataset.tooLarge);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total: all }) => {
      bar.value = (100 * loaded) / all;
      status.textContent = `${form.dataset.uploading} ${size(loaded)} / ${size(all)}`;
    });
    request.addEventListener("load", () => {
      if (request.status < 400) return location.assign(request.responseURL);
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const told = [...answer.querySelectorAll(".errorlist li")].map((item) => item.textContent);
      end(told.join(" ") || form.dataset.failed);
    });
    for (const name of ["error", "abort"]) {
      request.addEventListener(name, () => end(form.dataset.failed));
    }
    button.disabled = true;
    uploading.hidden = false;
    request.open("POST", form.action || location.href);
    request.send(new FormData(form));
  });
  list();
}
