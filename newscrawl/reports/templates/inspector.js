"use strict";
// All of the page works without this, but for the button.
const button = document.getElementById("copy");
const copied = document.getElementById("copied");

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy() {
  const command = document.getElementById("command");
  try {
    await navigator.clipboard.writeText(command.textContent);
    copied.textContent = "copied";
  } catch {
    // Browsers may refuse; what is selected can be copied by hand.
    select(command);
    copied.textContent = "selected: copy it with Ctrl+C";
  }
}

// A link leads to one side; its own block is marked as well, so that both can be seen.
function follow(event) {
  const link = event.target.closest('a[href^="#"]');
  const own = link && link.closest("[id]");
  if (!own || link.classList.contains("skip")) return;
  for (const hot of document.querySelectorAll(".hot")) hot.classList.remove("hot");
  own.classList.add("hot");
  const other = document.getElementById(link.hash.slice(1));
  const folded = other && other.closest("details:not([open])");
  if (folded) folded.open = true;
}

if (button) button.addEventListener("click", copy);
document.addEventListener("click", follow);
