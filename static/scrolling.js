// A table that is wider than its place can be scrolled by keyboard, also in Safari.
const watcher = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const wide of document.querySelectorAll("main table, main pre")) watcher.observe(wide);
