// The pages of the blog. Every value is escaped where it stands.
import { getFlashed, html, type HtmlValue, type Request, type SafeHtml } from "tsgi/framework";
import { csrfToken } from "tsgi/middleware";
import type { Post, PostText, User } from "./database.ts";

/** The user who has logged in; null when nobody has. */
export function userOf(request: Request): User | null {
  return (request.state["user"] as User | undefined) ?? null;
}

/** The page around what a page says. */
function layout(request: Request, title: string, content: HtmlValue): SafeHtml {
  const user = userOf(request);
  const messages = getFlashed(request);
  const links =
    user === null
      ? html`<a href="${request.urlFor("auth.register")}">Register</a>
          <a href="${request.urlFor("auth.login")}">Log in</a>`
      : html`<b>${user.name}</b>
          <form method="post" action="${request.urlFor("auth.logout")}">
            ${token(request)}<button>Log out</button>
          </form>`;
  return html`<!doctype html>
    <html lang="en">
      <title>${title} – Blog</title>
      <link rel="stylesheet" href="${request.urlFor("static", { filename: "style.css" })}" />
      <nav><a href="${request.urlFor("blog.index")}">Blog</a> ${links}</nav>
      ${messages.map(({ category, message }) => html`<p class="flash ${category}">${message}</p>`)}
      <h1>${title}</h1>
      ${content}
    </html> `;
}

/** Proves that a form was made here. */
function token(request: Request): SafeHtml {
  return html`<input type="hidden" name="csrf_token" value="${csrfToken(request.environ)}" />`;
}

export function indexPage(request: Request, posts: readonly Post[], page: number, pages: number): SafeHtml {
  const link = (to: number, text: string): HtmlValue =>
    to >= 1 && to <= pages && html`<a href="${request.urlFor("blog.index", {}, { query: { page: to } })}">${text}</a> `;
  return layout(request, "Posts", [
    userOf(request) !== null && html`<p><a href="${request.urlFor("blog.own.create")}">New post</a></p>`,
    posts.length === 0 && html`<p>Nobody has written anything yet.</p>`,
    posts.map((post) => article(request, post)),
    html`<p class="pages">${link(page - 1, "Newer")}Page ${page} of ${pages} ${link(page + 1, "Older")}</p>`,
  ]);
}

function article(request: Request, post: Post): SafeHtml {
  const address = request.urlFor("blog.show", { id: post.id });
  return html`<article>
    <h2><a href="${address}">${post.title}</a></h2>
    <p class="about">by ${post.author} on ${new Date(post.createdAt).toISOString().slice(0, 10)}</p>
  </article> `;
}

export function postPage(request: Request, post: Post): SafeHtml {
  const picture =
    post.picture !== null &&
    html`<p><img alt="" src="${request.urlFor("blog.picture", { filename: post.picture })}" /></p>`;
  const edit =
    userOf(request)?.id === post.authorId &&
    html`<p><a href="${request.urlFor("blog.own.update", { id: post.id })}">Edit</a></p>`;
  const paragraphs = post.body.split(/(?:\r?\n){2,}/).map((text) => html`<p>${text}</p> `);
  return layout(request, post.title, [html`<p class="about">by ${post.author}</p>`, picture, paragraphs, edit]);
}

/** The form for a post: a new one, with a picture, or one that is there. */
export function editPage(request: Request, text: PostText, post: Post | null): SafeHtml {
  const remove =
    post !== null &&
    html`<form method="post" action="${request.urlFor("blog.own.remove", { id: post.id })}">
      ${token(request)}<button>Delete</button>
    </form>`;
  return layout(request, post === null ? "New post" : `Edit “${post.title}”`, [
    html`<form method="post" enctype="multipart/form-data">
      ${token(request)}
      <label>Title <input name="title" value="${text.title}" required /></label>
      <label>Text <textarea name="body">${text.body}</textarea></label>
      ${post === null && html`<label>Picture <input type="file" name="picture" accept="image/*" /></label>`}
      <button>Save</button>
    </form> `,
    remove,
  ]);
}

export function accountPage(request: Request, title: string, name: string): SafeHtml {
  return layout(
    request,
    title,
    html`<form method="post">
      ${token(request)}
      <label>Name <input name="name" value="${name}" required /></label>
      <label>Password <input type="password" name="password" required /></label>
      <button>${title}</button>
    </form> `,
  );
}

export function errorPage(request: Request, title: string, detail: string): SafeHtml {
  return layout(request, title, html`<p>${detail}</p>`);
}
