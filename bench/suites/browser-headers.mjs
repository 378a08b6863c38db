// @ts-check
// The ten header fields (Host aside) that a Chrome on Linux sends with a page's first request.

/** @type {Record<string, string>} */
export const BROWSER_HEADERS = {
  "Cache-Control": "max-age=0",
  "sec-ch-ua": '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  "sec-ch-ua-mobile": "?0",
  "sec-ch-ua-platform": '"Linux"',
  "Upgrade-Insecure-Requests": "1",
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-US,en;q=0.9,de;q=0.8",
  Cookie: "session=6f1c0f7d9a4e4b5c8d2e3f4a5b6c7d8e; theme=dark; _ga=GA1.1.1234567890.1700000000",
};
