// The pages work without this script; it only saves clicks.
"use strict";

const atOnce = document.querySelector("[data-at-once] form");
if (atOnce) atOnce.submit();

for (const button of document.querySelectorAll("[data-copy]")) {
  const said = button.parentElement.querySelector("[role=status]");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    said.textContent = "Copied.";
  });
}

// Times are in UTC in the page; show them as the clock on the wall does.
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString();
}
