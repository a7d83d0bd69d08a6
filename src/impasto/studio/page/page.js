// Accessibility that Gradio lacks: announcements, accessible names, keyboard control.
() => {
  const all = (selector) => document.querySelectorAll(selector);
  const plain = (element) => element?.innerText.replace(/\s+/g, " ").trim();
  const titleOf = (element) =>
    plain(element.closest(".block")?.querySelector("[data-testid=block-info], [data-testid=block-label]"));
  const set = (element, name, value) => {
    if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const TOOLS = { // texts that Gradio has only in English
    "Remove Image": "사진 지우기", "Upload file": "파일 올리기", "Paste from clipboard": "클립보드에서 붙여넣기",
    "Click to upload or drop files": "클릭하거나 파일을 놓아 올리기", "Reset to default value": "기본값으로",
    "undo": "실행 취소", "Undo": "실행 취소", "Redo": "다시 실행", "Fullscreen": "전체 화면", "Copy": "복사",
    "Exit fullscreen mode": "전체 화면 끝내기", "Pan": "옮기기", "Zoom in": "확대", "Zoom out": "축소",
    "Clear canvas": "모두 지우기", "Brush": "붓", "Erase": "지우개", "Color": "색", "Brush Size": "붓 크기",
    "common.complete": "완료", "Capture from camera": "카메라로 찍기", "grant webcam access": "카메라 허용",
    "Click to Access Webcam": "클릭하여 카메라 켜기", "capture photo": "사진 찍기",
    "The camera is not allowed; allow it in the browser.": "카메라가 허용되지 않았습니다. 브라우저에서 허용해 주세요.",
    "The camera cannot be used; another program may have it.": "카메라를 쓸 수 없습니다. 다른 프로그램이 쓰고 있는지 확인해 주세요.",
    "select input source": "카메라 고르기", "select source": "카메라",
  };
  const korean = navigator.language.startsWith("ko");
  const sides = korean ? ["전", "후"] : ["before", "after"];
  if (korean) document.documentElement.lang = "ko";

  // A permanent live region, updated when a job or a note changes.
  const region = document.createElement("div");
  region.className = "unseen";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  document.body.append(region);
  let announced = "";
  const notes = { "note": "", "shelf-note": "" };
  const announce = () => {
    for (const place of Object.keys(notes)) {
      const text = plain(document.querySelector(`#${place} .prose`)) ?? "";
      if (text && text !== notes[place]) region.textContent = text;
      notes[place] = text;
    }
    const line = document.querySelector("[data-announce]");
    if (!line || line.dataset.announce === announced) return;
    announced = line.dataset.announce;
    region.textContent = line.textContent;
  };

  // The camera is offered if there is one; browsers have none on pages without https. Gradio does
  // not show why a camera cannot be used.
  const devices = navigator.mediaDevices;
  let camera = false, refusal = "";
  const lookForCamera = async () => {
    camera = (await devices.enumerateDevices()).some(({ kind }) => kind === "videoinput");
    setNames();
  };
  if (devices) {
    const start = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      refusal = "";
      try {
        return await start(wanted);
      } catch (error) {
        refusal = error.name === "NotAllowedError"
          ? "The camera is not allowed; allow it in the browser."
          : "The camera cannot be used; another program may have it.";
        setNames();
        throw error;
      }
    };
    devices.addEventListener("devicechange", lookForCamera);
    lookForCamera();
  }
  const nameCamera = () => {
    const [, source] = all("#photo .source-selection button");
    if (source) source.style.display = camera ? "" : "none";
    const ask = document.querySelector("#photo [title] > button > .wrap")?.lastChild;
    const text = refusal || ask?.data?.trim();
    const shown = (korean && TOOLS[text]) || text;
    if (!ask || ask.data === shown) return;
    ask.data = shown;
    if (refusal) region.textContent = shown;
  };

  const setNames = () => {
    nameCamera();
    if (korean)
      for (const tag of ["aria-label", "title"])
        for (const each of all(`[${tag}]`)) set(each, tag, TOOLS[each.getAttribute(tag)]);
    for (const each of all("button[aria-dropeffect]")) set(each, "aria-label", `${titleOf(each)}: ${plain(each)}`);
    for (const each of all(".empty[aria-label]")) each.removeAttribute("aria-label");
    for (const each of all(".thumbnail-item")) set(each, "aria-label", plain(each));
    for (const each of all(".image-container button:not([aria-label])"))
      if (!plain(each)) set(each, "aria-label", titleOf(each));
    for (const each of all("fieldset, .block input[type=number], .block input[type=range]"))
      set(each, "aria-label", titleOf(each));
    for (const each of all("#logout a[target]")) each.removeAttribute("target"); // in this window
    for (const each of all("#photo img")) set(each, "alt", titleOf(each));
    all("#compare img").forEach((each, place) => set(each, "alt", `${titleOf(each)}: ${sides[place]}`));
    for (const each of all("#compare [data-testid=slider]")) {
      each.tabIndex = 0;
      set(each, "role", "slider");
      set(each, "aria-label", titleOf(each));
      set(each, "aria-valuenow", `${Math.round(100 * shareOf(each))}`);
    }
  };

  // Move the line between before and after by arrow keys.
  const shareOf = (line) => {
    const [inner, outer] = [line, line.parentElement].map((each) => each.getBoundingClientRect());
    return outer.width ? (inner.left + inner.width / 2 - outer.left) / outer.width : 0.5;
  };
  const move = (line, share) => {
    const { left, top, width } = line.parentElement.getBoundingClientRect();
    const at = (kind, x) =>
      new MouseEvent(kind, { bubbles: true, cancelable: true, view: window, clientX: x, clientY: top + 9 });
    const wanted = left + width * Math.min(1, Math.max(0, share));
    line.dispatchEvent(at("mousedown", left + width * shareOf(line)));
    for (const kind of ["mousemove", "mouseup"]) window.dispatchEvent(at(kind, wanted));
    requestAnimationFrame(setNames);
  };
  const STEPS = { ArrowLeft: -0.05, ArrowRight: 0.05, Home: -1, End: 1 };
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("#compare [data-testid=slider]") || !(event.key in STEPS)) return;
    event.preventDefault();
    move(event.target, shareOf(event.target) + STEPS[event.key]);
  });

  document.addEventListener("pointerup", () => requestAnimationFrame(setNames));

  // Fire the release event of sliders also after keyboard input.
  document.addEventListener("keyup", (event) => {
    if (event.target.matches("input[type=range]") && event.key !== "Tab")
      event.target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
  });

  const update = () => { announce(); setNames(); };
  new MutationObserver(update).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-label"],
  });
  update();
}
