// A button at each drawing saves it as SVG: as it stands now, in the colors of white paper, with what it shows and its license.
{
  const LICENSE = "https://creativecommons.org/licenses/by/4.0/";
  const INHERITED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
    "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "visibility", "paint-order"];
  const OWN = { opacity: "1", display: "inline", transform: "none" };

  // color(srgb 0.1 0.2 0.3) is not known everywhere.
  const plain = (value) => value.replace(/color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.]+))?\)/g, (_, r, g, b, a) =>
    `rgb${a ? "a" : ""}(${[r, g, b].map((part) => Math.round(255 * part))}${a ? `,${a}` : ""})`);

  // A copy of a drawing that needs no style sheet.
  function copied(live) {
    const copy = live.cloneNode(true), parts = [live, ...live.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
    parts.forEach((part, k) => {
      const style = getComputedStyle(part), above = k ? getComputedStyle(part.parentNode) : undefined;
      const said = INHERITED.filter((name) => style.getPropertyValue(name) !== above?.getPropertyValue(name));
      const own = Object.keys(OWN).filter((name) => k && style.getPropertyValue(name) !== OWN[name]);
      for (const name of ["class", "style", "part", "tabindex", "fill", "stroke"]) copies[k].removeAttribute(name);
      const text = [...said, ...own].map((name) => `${name}:${plain(style.getPropertyValue(name))}`).join(";");
      if (text) copies[k].setAttribute("style", text);
    });
    return copy;
  }

  // The text of a file: panels side by side, what they show, where they come from, and the license.
  function drawing(panels, alt) {
    const xml = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
    const { dataset } = document.documentElement, theme = dataset.theme;
    dataset.theme = "light";
    let left = 0, height = 0, inside = "";
    for (const panel of panels) {
      const box = panel.viewBox.baseVal, w = box?.width || panel.clientWidth, h = box?.height || panel.clientHeight, copy = copied(panel);
      for (const [name, value] of Object.entries({ x: left, y: 0, width: w, height: h })) copy.setAttribute(name, value);
      inside += new XMLSerializer().serializeToString(copy);
      left += w + 12;
      height = Math.max(height, h);
    }
    dataset.theme = theme;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left - 12} ${height}" width="${left - 12}" height="${height}" role="img" `
      + `font-family="'Libre Franklin', Arial, sans-serif"><title>${xml(alt)}</title><desc>${xml(alt)} From: ${xml(document.title)}, `
      + `${xml(location.href.replace(/#.*/, ""))}. License: CC BY 4.0, ${LICENSE}</desc><metadata><rdf:RDF `
      + `xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#"><cc:Work rdf:about="">`
      + `<cc:license rdf:resource="${LICENSE}"/></cc:Work></rdf:RDF></metadata>${inside}</svg>`;
  }

  // The drawings of an output, as they are now, and their description.
  function found(output) {
    const figure = output.querySelector(".explore"), root = figure?.shadowRoot ?? output;
    const panels = [...root.querySelectorAll("svg")].filter((svg) => svg.checkVisibility() && svg.clientWidth > 90 && !svg.parentElement.closest("svg"));
    const said = root.querySelector('[role="img"][aria-label]')?.ariaLabel ?? "";
    return { panels, alt: [figure?.ariaLabel, said].filter(Boolean).join(" ") };
  }

  addEventListener("DOMContentLoaded", () => {
    const name = location.pathname.split("/").at(-1).replace(/\.html$/, "") || "figure";
    const outputs = [...document.querySelectorAll("article .cell_output:is(:has(> .panels > svg), :has(.explore:not(explore-playground)))")];
    outputs.forEach((output, k) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "save-svg", textContent: "SVG", title: "Save this figure as SVG (CC BY 4.0)" });
      button.ariaLabel = `SVG: save figure ${k + 1}`;
      button.onclick = () => {
        const { panels, alt } = found(output);
        if (!panels.length) return;
        const href = URL.createObjectURL(new Blob([drawing(panels, alt)], { type: "image/svg+xml" }));
        Object.assign(document.createElement("a"), { href, download: `${name}-${k + 1}.svg` }).click();
        setTimeout(() => URL.revokeObjectURL(href), 1000);
      };
      output.append(button);
    });
  });
}
