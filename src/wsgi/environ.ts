// Every key of the environ, in one place. Source: PEP 3333 "environ Variables"; RFC 3875 section 4.1; gunicorn for wsgi.early_hints
// and wsgi.input_terminated. Keys keep their wire spelling.

export const REQUEST_METHOD = "REQUEST_METHOD";
export const SCRIPT_NAME = "SCRIPT_NAME";
export const PATH_INFO = "PATH_INFO";
export const QUERY_STRING = "QUERY_STRING";
export const CONTENT_TYPE = "CONTENT_TYPE";
export const CONTENT_LENGTH = "CONTENT_LENGTH";
export const SERVER_NAME = "SERVER_NAME";
export const SERVER_PORT = "SERVER_PORT";
export const SERVER_PROTOCOL = "SERVER_PROTOCOL";
export const SERVER_SOFTWARE = "SERVER_SOFTWARE";
export const GATEWAY_INTERFACE = "GATEWAY_INTERFACE";
export const REQUEST_URI = "REQUEST_URI";
export const REMOTE_ADDR = "REMOTE_ADDR";
export const REMOTE_PORT = "REMOTE_PORT";
export const HTTPS = "HTTPS";
export const HTTP_HOST = "HTTP_HOST";

export const WSGI_VERSION = "wsgi.version";
export const WSGI_URL_SCHEME = "wsgi.url_scheme";
export const WSGI_INPUT = "wsgi.input";
export const WSGI_ERRORS = "wsgi.errors";
export const WSGI_MULTITHREAD = "wsgi.multithread";
export const WSGI_MULTIPROCESS = "wsgi.multiprocess";
export const WSGI_RUN_ONCE = "wsgi.run_once";
export const WSGI_INPUT_TERMINATED = "wsgi.input_terminated";
export const WSGI_FILE_WRAPPER = "wsgi.file_wrapper";
export const WSGI_EARLY_HINTS = "wsgi.early_hints";
export const TSGI_SIGNAL = "tsgi.signal";
export const TSGI_REQUEST_ID = "tsgi.request_id";
export const TSGI_UPGRADE = "tsgi.upgrade";
export const TSGI_PLATFORM = "tsgi.platform";
