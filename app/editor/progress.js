/** Fills a progress part of the page (bar and text) from a task. */
function showProgress(part, task) {
  const bar = part.querySelector("progress");
  if (task.total) {
    bar.max = task.total;
    bar.value = task.done;
  } else {
    bar.removeAttribute("value");
  }
  const words = [];
  if (task.total) words.push(`${task.done} of ${task.total} frames`);
  if (task.rate) words.push(`${task.rate.toFixed(task.rate < 10 ? 1 : 0)} a second`);
  if (task.rate && task.left !== undefined) words.push(`${spellSeconds(task.left)} left`);
  part.querySelector(".ms-progress-text").textContent = words.join(" · ") || task.text || "Starting …";
}

function spellSeconds(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
