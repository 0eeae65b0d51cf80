// Generates the types of the client: `generate.js SPECIFICATION TYPES`.
// `npx openapi-typescript SPECIFICATION --output TYPES` does the same, save that a file is then a `string`.

import { readFile, writeFile } from "node:fs/promises";
import openapiTypescript, { astToString } from "openapi-typescript";
import ts from "typescript";

const [specification, types] = process.argv.slice(2);
const blob = ts.factory.createTypeReferenceNode("Blob");

const tree = await openapiTypescript(JSON.parse(await readFile(specification, "utf8")), {
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
await writeFile(types, astToString(tree));
