// Who chooses Python in one group of tabs sees Python in all, also on other pages and at the next visit.
import type { Router } from "vitepress";
import { onEachPage } from "./on-each-page.ts";

const KEY = "tsgi-language";
const INPUTS = ".vp-code-group .tabs input";
/** How somebody installs says in which language he writes. */
const LANGUAGES: Readonly<Record<string, string>> = { npm: "TypeScript", pip: "Python" };

/**
 * Follows the reader.
 *
 * @param router - of the site
 */
export function chooseLanguage(router: Router): void {
  window.addEventListener("click", ({ target, isTrusted }) => {
    if (!isTrusted || !(target instanceof HTMLInputElement) || !target.matches(INPUTS)) return;
    const language = languageOf(target);
    if (language === "") return;
    // Storage may be forbidden; then the choice is for this page.
    try {
      localStorage.setItem(KEY, language);
    } catch {}
    show(language, target.closest(".vp-code-group"));
  });
  onEachPage(router, showStored);
}

function showStored(): void {
  try {
    show(localStorage.getItem(KEY) ?? "", null);
  } catch {}
}

/** Clicks the tabs of a language, where it is not shown, in all groups but one. */
function show(language: string, except: Element | null): void {
  if (language === "") return;
  for (const input of document.querySelectorAll<HTMLInputElement>(INPUTS))
    if (languageOf(input) === language && !input.checked && input.closest(".vp-code-group") !== except) input.click();
}

/** A tab is called "Python" or "Python: board.py". */
function languageOf(input: HTMLInputElement): string {
  const [word = ""] = (input.labels?.[0]?.textContent ?? "").split(":", 1);
  return LANGUAGES[word] ?? (/^(?:TypeScript|Python)$/.test(word) ? word : "");
}
