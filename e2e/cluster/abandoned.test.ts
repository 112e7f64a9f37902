import { chown, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { abandonedIn } from "./abandoned.ts";

/** Far above every process id. */
const NOBODY = 2 ** 30;

test("abandoned is what a process that is gone left under our names, and what is ours", async ({ onTestFinished }) => {
  const place = await mkdtemp(join(tmpdir(), "stint-abandoned-"));
  onTestFinished(() => rm(place, { recursive: true }));
  const make = (name: string): Promise<unknown> => mkdir(join(place, name));
  await make(`stint-demo-${NOBODY}`);
  await make(`stint-bench-${NOBODY}`);
  await make(`stint-demo-${process.pid}`);
  await make(`stint-other-${NOBODY}`);
  await make(`stint-demo-${NOBODY}-copy`);
  await symlink(join(place, `stint-other-${NOBODY}`), join(place, `stint-e2e-${NOBODY}`));
  const found = (await abandonedIn(place)).map(({ dir }) => dir);

  expect(found.toSorted()).toEqual(["bench", "demo"].map((name) => join(place, `stint-${name}-${NOBODY}`)));
});

test.skipIf(process.getuid?.() !== 0)(
  "a folder of another user is not ours to clean up",
  async ({ onTestFinished }) => {
    const place = await mkdtemp(join(tmpdir(), "stint-abandoned-"));
    onTestFinished(() => rm(place, { recursive: true }));
    await mkdir(join(place, `stint-e2e-${NOBODY}`));
    await chown(join(place, `stint-e2e-${NOBODY}`), 65_534, 65_534);

    expect(await abandonedIn(place)).toEqual([]);
  },
);
