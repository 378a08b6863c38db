// What is written: the list in pages, one post, and what its author does with it.
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { abort, Blueprint, flash, redirect, type Request, sendFromDirectory } from "tsgi/framework";
import { requireLogin } from "./auth.ts";
import type { Post, PostText, Store } from "./database.ts";
import { editPage, indexPage, postPage, userOf } from "./pages.ts";

const PER_PAGE = 5;
/** Pictures that a browser shows and that run nothing; SVG is not among them. */
const ENDINGS: Readonly<Record<string, string>> = {
  "image/png": ".png",
  "image/jpeg": ".jpg",
  "image/gif": ".gif",
  "image/webp": ".webp",
};

export function postsBlueprint(store: Store, uploads: string): Blueprint {
  const blog = new Blueprint("blog");
  /** Routes for those who have logged in. */
  const own = new Blueprint("own").before(requireLogin);

  /** The post, if it is of the one who asks. */
  function ownPost(request: Request, id: number): Post {
    const post = store.post(id) ?? abort(404, "There is no such post");
    return post.authorId === userOf(request)?.id ? post : abort(403, "This post is somebody else's");
  }

  /** Reads a form; null, with a message, when something is missing. */
  async function readText(request: Request): Promise<PostText & { readonly isComplete: boolean }> {
    const form = await request.form();
    const text = { title: (form.get("title") ?? "").trim(), body: form.get("body") ?? "" };
    if (text.title === "") flash(request, "A title is needed", "error");
    return { ...text, isComplete: text.title !== "" };
  }

  async function savePicture(request: Request): Promise<string | null> {
    const file = (await request.form()).file("picture");
    if (file === undefined || file.size === 0) return null;
    const ending = ENDINGS[file.type] ?? abort(415, "Expected a picture: PNG, JPEG, GIF or WebP");
    const name = `${randomUUID()}${ending}`; // nothing of the name that the browser sent
    await file.moveTo(join(uploads, name));
    return name;
  }

  blog.get("/", { name: "index" }, (request) => {
    const pages = Math.max(1, Math.ceil(store.countPosts() / PER_PAGE));
    const page = Number(request.args.get("page") ?? 1);
    if (!Number.isInteger(page) || page < 1 || page > pages) abort(404, "There is no such page");
    return indexPage(request, store.posts(page, PER_PAGE), page, pages);
  });

  blog.get("/posts/<int:id>", { name: "show" }, (request, { id }) => {
    return postPage(request, store.post(id) ?? abort(404, "There is no such post"));
  });

  blog.get("/pictures/<filename>", { name: "picture" }, (_, { filename }) => {
    return sendFromDirectory(uploads, filename, { maxAgeSeconds: 3600 });
  });

  own.get("/new", { name: "create" }, (request) => editPage(request, { title: "", body: "" }, null));

  own.post("/new", async (request) => {
    const text = await readText(request);
    if (!text.isComplete) return [editPage(request, text, null), 422];
    const id = store.addPost(userOf(request)?.id ?? 0, text, await savePicture(request));
    flash(request, "Your post is published");
    return redirect(request.urlFor("blog.show", { id }), 303);
  });

  own.get("/posts/<int:id>/edit", { name: "update" }, (request, { id }) => {
    const post = ownPost(request, id);
    return editPage(request, post, post);
  });

  own.post("/posts/<int:id>/edit", async (request, { id }) => {
    const post = ownPost(request, id);
    const text = await readText(request);
    if (!text.isComplete) return [editPage(request, text, post), 422];
    store.changePost(id, text);
    flash(request, "Your post is changed");
    return redirect(request.urlFor("blog.show", { id }), 303);
  });

  own.post("/posts/<int:id>/delete", { name: "remove" }, async (request, { id }) => {
    const { picture } = ownPost(request, id);
    store.deletePost(id);
    if (picture !== null) await rm(join(uploads, picture), { force: true });
    flash(request, "Your post is gone");
    return redirect(request.urlFor("blog.index"), 303);
  });

  return blog.register(own);
}
