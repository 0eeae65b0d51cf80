// A session with Ocellus: `session.js ADDRESS IMAGE` prints the text of an image and leaves nothing behind.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import createClient from "openapi-fetch";
import type { components, paths } from "./ocellus.js";

type Problem = components["schemas"]["Problem"];

const [address = "http://127.0.0.1:8080", picture = "hello.png"] = process.argv.slice(2);
const ocellus = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: address });

// An account.
const username = "ada_of_typescript";
const password = "a long and private phrase";
const user = given(await ocellus.POST("/register", { body: { username, email: "ada@typescript.example", password } }));
assert.equal(user.email_verified, false);

// Whatever goes wrong is a problem, with a code to act on.
const refused = await ocellus.POST("/login", { body: { username, password: "another phrase" } });
assert.equal(refused.error?.code, "invalid_credentials");

// A login: from here on every request carries its token.
const { access_token } = given(await ocellus.POST("/login", { body: { username, password } }));
ocellus.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${access_token}`);
  },
});

// An image.
const file = new Blob([new Uint8Array(await readFile(picture))]);
const image = given(await ocellus.POST("/images", { body: { file }, bodySerializer: form }));
assert.equal(image.filename, basename(picture));

// Its text, with every word's box and confidence.
const { text, pages } = given(await ocellus.GET("/images/{id}/text", { params: { path: { id: image.id } } }));
assert.ok(pages.every((page) => page.words.every((word) => word.confidence > 50 && word.box.width > 0)));
console.log(text);

// The same as a task, for whichever worker is free; the answer comes when it is done, but no later than in 30 seconds.
const { task_id } = given(await ocellus.POST("/tasks", { body: { kind: "ocr", image_id: image.id } }));
const task = given(await ocellus.GET("/tasks/{id}", { params: { path: { id: task_id }, query: { wait: 30 } } }));
assert.equal(task.status, "succeeded");
// What a task leads to is a text or a prediction.
assert.ok(task.result && "text" in task.result);
assert.equal(task.result.text, text);

// Deleted, the image is gone, and so is the account with everything that it owned.
given(await ocellus.DELETE("/images/{id}", { params: { path: { id: image.id } } }));
const gone = await ocellus.GET("/images/{id}", { params: { path: { id: image.id } } });
assert.equal(gone.error?.code, "not_found");
given(await ocellus.DELETE("/user"));
const nobody = await ocellus.GET("/user");
assert.equal(nobody.error?.status, 401);

/** What an answer gives; a problem is thrown. */
function given<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.error) {
    throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  }
  return answer.data as T;
}

/** A body as a form, which is what uploads are. */
function form(body: Record<string, Blob>): FormData {
  const form = new FormData();
  for (const [name, file] of Object.entries(body)) {
    form.append(name, file, basename(picture));
  }
  return form;
}
