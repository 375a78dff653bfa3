// Reads [{page, fonts, formulas: [{tex, display}]}] and writes [{html: […], css}]: MathJax in Node.
const { readFileSync } = require("fs");
const { join } = require("path");

const components = join(__dirname, "../node_modules/mathjax/es5/node-main.js");
const load = ["input/tex", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"];

async function main() {
  const tex = { packages: { "[-]": ["noundefined"] } }; // a misspelt command is an error, not red text
  const MathJax = await require(components).init({ loader: { load }, tex });
  const { adaptor, output } = MathJax.startup;
  const results = JSON.parse(readFileSync(0, "utf8")).map(({ page, fonts, formulas }) => {
    output.clearCache(); // the style sheet holds what this page's formulas need
    output.font.options.fontURL = fonts;
    const html = formulas.map(({ tex, display }) => {
      const formula = adaptor.outerHTML(MathJax.tex2chtml(tex, { display }));
      const failure = formula.match(/data-mjx-error="([^"]*)"/);
      if (failure) throw new Error(`${page}: ${failure[1]} in ${tex}`);
      return formula;
    });
    return { html, css: adaptor.textContent(MathJax.chtmlStylesheet()) };
  });
  process.stdout.write(JSON.stringify(results));
}

main().catch((error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
