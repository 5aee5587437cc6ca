// Runs before the page is drawn, so that a chosen theme never flashes. Without a choice the system's theme rules.
(function theme() {
  const KEY = "jindou-theme";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return window.localStorage.getItem(KEY);
    } catch {
      return null; // Storage may be forbidden; then the system's theme stays.
    }
  }

  function show() {
    root.dataset.theme = chosen() ?? (dark.matches ? "dark" : "light");
  }

  function flip() {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    try {
      window.localStorage.setItem(KEY, next);
    } catch {
      // Kept for this page only.
    }
  }

  show();
  dark.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) flip();
  });
})();
