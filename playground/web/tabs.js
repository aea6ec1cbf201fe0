// Tabs, as the ARIA Authoring Practices have them: arrow keys go from one to the next.

export function createTabs(tabs, onSelect) {
  const select = (place) => {
    tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", String(other === place));
      tab.tabIndex = other === place ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = other !== place;
    });
    onSelect(place);
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => select(place));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = (to + tabs.length) % tabs.length;
      select(next);
      tabs[next].focus();
    });
  });
  return { select };
}
