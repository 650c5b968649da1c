/** Fills a progress part of the page (bar and text) from a task. */
function showProgress(part, task) {
  const bar = part.querySelector("progress");
  if (task.total) {
    bar.max = task.total;
    bar.value = task.done;
  } else {
    bar.removeAttribute("value");
  }
  const said = [];
  if (task.place) said.push(t("progress.place", { n: task.place }));
  if (task.total) said.push(t("progress.done", { done: task.done, total: task.total }));
  if (task.rate) said.push(t("progress.rate", { rate: words.number(task.rate, task.rate < 10 ? 1 : 0) }));
  if (task.rate && task.left !== undefined) said.push(t("progress.left", { time: words.seconds(task.left) }));
  part.querySelector(".ms-progress-text").textContent = said.join(" · ") || task.text || t("progress.starting");
}
