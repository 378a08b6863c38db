// The id of requests.

/** The id of each request: it is the only one on its connection. */
export const REQUEST_ID = 1;
