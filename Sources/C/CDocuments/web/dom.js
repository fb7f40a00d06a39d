// The only place that creates elements: text is never parsed as HTML.

const svgNamespace = "http://www.w3.org/2000/svg";

/** Creates an element with attributes, then children; listeners are functions named `on…`. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Creates an SVG element. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A labelled input with its hint below; `input` must have an id. */
export function field(label, input, hint) {
  if (hint) input.setAttribute("aria-describedby", `${input.id}-hint`);
  return make("div", { class: "field" }, make("label", { for: input.id }, label), input,
    hint && make("p", { class: "hint", id: `${input.id}-hint` }, hint));
}
