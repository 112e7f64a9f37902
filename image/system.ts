/** Which packages of the system the libraries in an image come from, as dpkg knows them: name, version, licence. */
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./run.ts";

/** Where Debian keeps the licences that many packages have. */
const COMMON_LICENCES = "/usr/share/common-licenses";
const FIELDS = ["Package", "Version", "Architecture", "source:Package", "source:Version"];

/** A package of the system that has a library in the image. */
export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** What its source is called, where its licence wants that one can get it. */
  readonly source: { readonly name: string; readonly version: string };
  /** The libraries in the image that are of it. */
  readonly files: readonly string[];
  /** What the package says of its licence, whole. */
  readonly copyright: string;
}

/** The packages of these libraries, by name. @throws where there is no dpkg, or it does not know one of them */
export async function systemPackages(libraries: readonly string[]): Promise<readonly SystemPackage[]> {
  const owners = new Map<string, string[]>();
  for (const library of libraries) {
    const owner = await ownerOf(library);
    owners.set(owner, [...(owners.get(owner) ?? []), library]);
  }
  const names = [...owners.keys()].toSorted();
  return await Promise.all(names.map((owner) => packageOf(owner, (owners.get(owner) ?? []).toSorted())));
}

/** `ID` and `VERSION_ID` of the system, such as `debian-12`. */
export async function distribution(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return [field("ID"), field("VERSION_ID")].filter((part) => part !== "").join("-");
}

/** The licences that these copyright files point to, by name. */
export async function commonLicences(packages: readonly SystemPackage[]): Promise<ReadonlyMap<string, string>> {
  const names = new Set(packages.flatMap(({ copyright }) => licencesNamedIn(copyright)));
  const texts = [...names].toSorted().map(async (name): Promise<[string, string]> => {
    return [name, await readFile(join(COMMON_LICENCES, name), "utf8")];
  });
  return new Map(await Promise.all(texts));
}

/** The names after `/usr/share/common-licenses/`; a full stop at the end is the sentence's. */
export function licencesNamedIn(copyright: string): readonly string[] {
  const found = copyright.matchAll(/\/usr\/share\/common-licenses\/([\w.-]*\w)/g);
  return [...new Set([...found].map(([, name = ""]) => name))].toSorted();
}

/** A library may be registered with or without the /usr in front, whichever way its folder is linked. */
async function ownerOf(library: string): Promise<string> {
  const real = await realpath(library);
  const asked = [library, `/usr${library}`, real, real.replace(/^\/usr/, "")];
  for (const path of asked) {
    const said = await output("dpkg-query", ["--search", path]).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return "";
      throw new Error(
        "this system has no dpkg, which says whose the libraries of Node.js are and under which licences: build the image " +
          "on Debian or Ubuntu, or with manifests/Containerfile on any system",
        { cause: error },
      );
    });
    const owner = /^(\S+): \//m.exec(said)?.[1];
    if (owner !== undefined) return owner;
  }
  throw new Error(`dpkg knows no package that ${library} is of: its licence cannot be told`);
}

async function packageOf(owner: string, files: readonly string[]): Promise<SystemPackage> {
  const format = `${FIELDS.map((field) => `\${${field}}`).join("\t")}\n`;
  const said = await output("dpkg-query", ["--show", `--showformat=${format}`, owner]);
  const [name = "", version = "", architecture = "", sourceName = "", sourceVersion = ""] = said.trim().split("\t");
  const copyright = await readFile(join("/usr/share/doc", name, "copyright"), "utf8");
  return { name, version, architecture, source: { name: sourceName, version: sourceVersion }, files, copyright };
}
