// The site loads its first page, and from then on only what differs on the others.
import type { Router } from "vitepress";

/**
 * Calls a function when the first page is there, and after each change of the page.
 *
 * @param router - of the site
 */
export function onEachPage(router: Router, run: () => void): void {
  const after = router.onAfterRouteChange;
  router.onAfterRouteChange = async (to) => {
    await after?.(to);
    run();
  };
  window.addEventListener("load", run);
}
