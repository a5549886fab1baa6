/** Pages: each document as HTML, with the navigation of the site. What they link to in the repository becomes a page as well. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import MarkdownIt from "markdown-it";
import { root } from "../entries.ts";
import { anchorsOf, documents } from "../house/documents.ts";

/** One file of the site. */
export interface Page {
  /** From the root of the site. */
  readonly path: string;
  readonly html: string;
}

/** The navigation: what a newcomer reads first comes first. Documents that it does not name follow by their names. */
const SECTIONS: readonly (readonly [title: string, documents: readonly string[]])[] = [
  ["Begin", ["README.md", "docs/getting-started.md", "docs/recipes.md", "docs/migration.md"]],
  [
    "Ways in",
    [
      "docs/fetch.md",
      "docs/register.md",
      "docs/sdks.md",
      "docs/agent.md",
      "docs/dispatcher.md",
      "docs/sdks-node.md",
    ],
  ],
  ["Servers", ["docs/hono.md", "docs/server.md", "docs/upgrades.md", "docs/workers.md"]],
  [
    "Rules",
    [
      "docs/policies.md",
      "docs/presets.md",
      "docs/silence.md",
      "docs/http2.md",
      "docs/tls.md",
      "docs/proxies.md",
    ],
  ],
  ["Look and test", ["docs/errors.md", "docs/tracing.md", "docs/testing.md", "docs/probe.md"]],
];

const REST = "More";

/** Every page of the site but the API reference. */
export function pages(): Page[] {
  const known = documents().filter((document) => !document.startsWith(".github/"));
  const linked = new Set<string>();
  const made = known.map((document) => page(document, known, linked));
  for (const file of linked) made.push(sourcePage(file, known));
  return made;
}

function page(document: string, known: readonly string[], linked: Set<string>): Page {
  const text = readFileSync(root + document, "utf8");
  const markdown = new MarkdownIt({ html: true, linkify: false });
  const anchors = anchorsOf(text);
  markdown.renderer.rules.heading_open = (tokens, at) => {
    const { tag, map } = tokens[at]!;
    const line = text.split("\n")[map?.[0] ?? 0] ?? "";
    const id = anchorsOf(line)[0] ?? "";
    return `<${tag} id="${anchors.includes(id) ? id : ""}">`;
  };
  const html = markdown.render(text, {}).replace(/(href|src)="([^"]+)"/g, (whole, name, target) => {
    const to = target as string;
    if (/^([a-z]+:|#)/.test(to)) return whole;
    return `${name}="${linkOf(document, to, known, linked)}"`;
  });
  return { path: pathOf(document), html: framed(document, titleOf(text), html, known) };
}

/** A link to a document leads to its page, one to another file of the repository to a page with its text. */
function linkOf(document: string, target: string, known: readonly string[], linked: Set<string>): string {
  const [path = "", anchor] = target.split("#");
  const file = posix.normalize(posix.join(posix.dirname(document), path));
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (known.includes(file)) return `${between(document, pathOf(file))}${hash}`;
  if (!existsSync(root + file)) return target;
  linked.add(file);
  return between(document, sourcePath(file));
}

/** From the page of a document to a path of the site. */
function between(document: string, path: string): string {
  return posix.relative(posix.dirname(pathOf(document)), path);
}

function pathOf(document: string): string {
  return document === "README.md" ? "index.html" : document.replace(/\.md$/, ".html");
}

function sourcePath(file: string): string {
  return /\.(svg|png)$/.test(file) ? file : `source/${file.replace(/\/$/, "")}.html`;
}

function sourcePage(file: string, known: readonly string[]): Page {
  const path = sourcePath(file);
  if (path === file) return { path, html: readFileSync(root + file, "utf8") };
  const text = statSync(root + file).isDirectory()
    ? `The folder ${file} of the repository.`
    : readFileSync(root + file, "utf8");
  const html = `<h1>${escaped(file)}</h1><pre><code>${escaped(text)}</code></pre>`;
  return { path, html: framed(`source/${file}.md`, file, html, known) };
}

function framed(document: string, title: string, html: string, known: readonly string[]): string {
  const to = (path: string) => between(document, path);
  const link = (other: string) => {
    const here = other === document ? ' aria-current="page"' : "";
    return `<li><a href="${to(pathOf(other))}"${here}>${escaped(labelOf(other))}</a></li>`;
  };
  const lists = navigation(known).map(
    ([name, list]) => `<h2>${name}</h2><ul>${list.map(link).join("")}</ul>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Holdfast</title><link rel="stylesheet" href="${to("style.css")}"></head>
<body><a class="skip" href="#main">Skip to the text</a><nav aria-label="Documentation">${lists.join("")}
<h2>Reference</h2><ul><li><a href="${to("api/index.html")}">API of every entry</a></li></ul></nav>
<main id="main">${html}</main></body></html>
`;
}

function navigation(known: readonly string[]): [string, string[]][] {
  const named = SECTIONS.flatMap(([, list]) => list);
  const rest = known.filter((document) => !named.includes(document));
  const sections = SECTIONS.map(([name, list]): [string, string[]] => [
    name,
    list.filter((one) => known.includes(one)),
  ]);
  return [...sections, [REST, rest]];
}

function labelOf(document: string): string {
  return document === "README.md" ? "Overview" : titleOf(readFileSync(root + document, "utf8"));
}

function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? "Holdfast";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Light and dark as the system asks, readable on a phone. */
export const STYLE = `:root{color-scheme:light dark}
body{display:grid;grid-template-columns:15rem minmax(0,52rem);gap:2rem;margin:0 auto;max-width:72rem;padding:1rem;font:16px/1.55 system-ui,sans-serif}
nav{font-size:.9rem}nav h2{margin:1rem 0 .2rem;font-size:.9rem}nav ul{margin:0;padding:0;list-style:none}nav [aria-current]{font-weight:700}
a{color:light-dark(#0550ae,#79c0ff)}pre,code{font:.9em/1.45 ui-monospace,monospace}
pre{padding:.8rem;overflow-x:auto;border-radius:6px;background:light-dark(#f3f4f6,#161b22)}
table{display:block;overflow-x:auto;border-collapse:collapse}th,td{padding:.3rem .6rem;border:1px solid light-dark(#d0d7de,#373e47);text-align:left;vertical-align:top}
img{max-width:100%}.skip{position:absolute;left:-100rem}.skip:focus{left:1rem}
@media(max-width:50rem){body{display:block}}
@media print{nav,.skip{display:none}body{display:block}}
`;
