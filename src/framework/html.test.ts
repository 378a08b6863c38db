import { describe, expect, it } from "vitest";
import { html as markup, raw, scriptJson } from "./html.ts";

const EVIL = `"><script>alert('1')</script>&`;
const ESCAPED = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;";

describe("html", () => {
  it.each([
    ["text", markup`<p>${EVIL}</p>`, `<p>${ESCAPED}</p>`],
    ["a quoted attribute", markup`<p title="a ${EVIL}">`, `<p title="a ${ESCAPED}">`],
    ["an attribute in single quotes", markup`<p title='${EVIL}'>`, `<p title='${ESCAPED}'>`],
    ["a piece", markup`<p>${markup`<b>${"<"}</b>`}</p>`, "<p><b>&lt;</b></p>"],
    ["a piece in an attribute", markup`<p title="${markup`<b>"</b>`}">`, '<p title="&lt;b&gt;&quot;&lt;/b&gt;">'],
    ["lists", markup`<ul>${[1, "<", [markup`<i>`, raw("<b>")]]}</ul>`, "<ul>1&lt;<i><b></ul>"],
    ["nothing", markup`<p>${null}${undefined}${false}${true}${""}</p>`, "<p></p>"],
    ["a title", markup`<title>${"</title>"}</title>`, "<title>&lt;/title&gt;</title>"],
    [
      "text after a script",
      markup`<script>if (a < b) {}</script><p>${"<"}</p>`,
      "<script>if (a < b) {}</script><p>&lt;</p>",
    ],
    ["text after a comment", markup`<!-- <p title=" --><p>${"<"}</p>`, '<!-- <p title=" --><p>&lt;</p>'],
    ["text after a lone <", markup`1 < 2 ${"<"}`, "1 < 2 &lt;"],
    ["an address", markup`<a href="${"/a?b=1&c=2"}">`, '<a href="/a?b=1&amp;c=2">'],
    [
      "part of an address",
      markup`<a href="/users/${"a:b"}/x?q=${"javascript:"}">`,
      '<a href="/users/a:b/x?q=javascript:">',
    ],
    ["a style", markup`<p style="width: ${50}%; color: ${"#ff0"}">`, '<p style="width: 50%; color: #ff0">'],
  ])("escapes for %s", (_, piece, expected) => {
    expect(piece.toString()).toBe(expected);
  });

  it.each(["javascript:alert(1)", " JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x", "\u0001javascript:x"])(
    "leads nowhere in place of %j",
    (address) => {
      expect(markup`<a href="${address}">`.toString()).toBe('<a href="about:invalid">');
      expect(markup`<form action='${address}'>`.toString()).toBe("<form action='about:invalid'>");
    },
  );

  it("looks at an address whose scheme is in two parts", () => {
    expect(markup`<a href="java${"script:alert(1)"}">`.toString()).toBe('<a href="javaabout:invalid">');
    expect(() => markup`<a href="${"java"}${"script:x"}">`).toThrow("write them as one");
    expect(() => markup`<a href="javascript:f(${1})">`).toThrow("in a script");
  });

  it.each([
    ["outside of quotes", () => markup`<p title=${"x"}>`],
    ["as an attribute", () => markup`<p ${"x"}>`],
    ["as a name of a tag", () => markup`<${"x"}>`],
    [
      "in a script",
      () =>
        markup`<script>
          f("${"x"}");
        </script>`,
    ],
    ["in an event's attribute", () => markup`<p onclick="f('${"x"}')">`],
    ["in srcdoc", () => markup`<iframe srcdoc="${"x"}">`],
    ["in a comment", () => markup`<!-- ${"x"} -->`],
    ["with a declaration, in a style", () => markup`<p style="${"background: url(//evil)"}">`],
    ["that is an object", () => markup`<p>${{} as string}</p>`],
  ])("refuses a value %s", (_, make) => {
    expect(make).toThrow(/value|Cannot write/);
  });

  it("scriptJson writes what no script ends with", () => {
    const data = { text: "</script><!--\u2028", list: [1, null] };
    const page = markup`<script type="application/json">
      ${scriptJson(data)}
    </script>`.toString();
    const inner = page.slice('<script type="application/json">'.length, -"</script>".length);
    expect(inner).not.toMatch(/[<>\u2028]/);
    expect(JSON.parse(inner)).toEqual(data);
  });
});
