/** Links: those within the built site that lead nowhere, each in a sentence. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The dead links of all pages below `site`. Links to other sites are not followed: there may be no network. */
export function deadLinks(site: string): string[] {
  const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".html"),
  );
  const texts = new Map(files.map((file) => [join(site, file), readFileSync(join(site, file), "utf8")]));
  const ids = new Map<string, ReadonlySet<string>>();
  const dead: string[] = [];
  for (const [file, text] of texts) {
    for (const target of targetsOf(text)) {
      const [path = "", anchor = ""] = target.split("#");
      const to = path === "" ? file : join(dirname(file), decodeURIComponent(path));
      const name = relative(site, file);
      if (!existsSync(to)) dead.push(`${name}: ${target} leads nowhere`);
      else if (
        anchor !== "" &&
        texts.has(to) &&
        !idsOf(to, texts.get(to) ?? "", ids).has(decodeURIComponent(anchor))
      )
        dead.push(`${name}: ${target} has no such place`);
    }
  }
  return dead;
}

/** Deno 2.9 links to the parameters of a type alias, and gives them no place. */
const TYPE_PARAMETER = "#type_param_";

function targetsOf(html: string): string[] {
  const found = html.matchAll(/<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]+)"/g);
  const targets = [...found].map(([, target = ""]) => plain(target));
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith(TYPE_PARAMETER));
}

/** The characters that HTML writers escape within an attribute. */
function plain(attribute: string): string {
  const decoded = attribute.replace(/&#x([\da-f]+);/gi, (_, code) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
  return decoded
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

function idsOf(file: string, html: string, known: Map<string, ReadonlySet<string>>): ReadonlySet<string> {
  let ids = known.get(file);
  if (ids === undefined) {
    ids = new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => plain(id)));
    known.set(file, ids);
  }
  return ids;
}
