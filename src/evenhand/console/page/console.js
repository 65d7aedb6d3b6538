// The number of a slider while it is moved. Without this the page says what is declared and what was tried.
for (const range of document.querySelectorAll("input[type=range]")) {
  const told = document.querySelector(`output[for="${range.id}"]`);
  if (!told) continue;
  const say = () => { told.value = Number(range.value).toLocaleString(document.documentElement.lang); };
  told.hidden = false;
  range.addEventListener("input", say);
  say();
}
