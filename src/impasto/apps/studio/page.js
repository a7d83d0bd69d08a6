// Says aloud what happens to a run: a live region that stays, filled when there is news.
() => {
  const region = document.createElement("div");
  region.className = "unseen";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  document.body.append(region);
  let told = "";
  new MutationObserver(() => {
    const line = document.querySelector("[data-announce]");
    if (!line || line.dataset.announce === told) return;
    told = line.dataset.announce;
    region.textContent = line.textContent;
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}
