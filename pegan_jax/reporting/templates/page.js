'use strict';
const dialog = document.getElementById('nearest');
const place = dialog.querySelector('div');
for (const button of document.querySelectorAll('.sample button')) {
  button.addEventListener('click', () => {
    const content = button.parentElement.querySelector('template').content;
    place.replaceChildren(content.cloneNode(true));
    dialog.showModal();
  });
}
// What lies around the dialog belongs to it, its content does not.
dialog.addEventListener('click', event => {
  if (event.target === dialog) dialog.close();
});
dialog.querySelector('.close').addEventListener('click', () => dialog.close());
// Paper cannot be opened.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
