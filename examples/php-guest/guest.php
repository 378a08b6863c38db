<?php
// The PHP side of a lane: loads one application and serves it to TSGI. Source: docs/lane-protocol.md.
//
// An application is a file that returns a function of the environ, which returns status, headers and body: `[200, [['X-A', 'b']], ['hello']]`.
// The body is a string or anything that foreach takes. `$environ['input']` has `read`, `$environ['log']` takes a text for the error log. Where the
// application runs in TSGI and this is a filter, `$environ['inner']` calls it.

const REQUEST = 1, BODY = 2, ANSWER = 4, PIECE = 5, ASK = 6, FAILED = 7, STOP = 32, LIST_MODULES = 34, HELLO = 64, RESPONSE = 65, CHUNK = 66, FAIL = 67;
const LOG = 68, READ = 69, CALL = 73, PULL = 74, GIVE = 75, DROP = 76, READY = 96, BROKEN = 97, MODULES = 99;
const END = 1, BODY_FILE = 2, GONE = 2, BODY_STREAM = 4, HAS_JSON = 8, INNER = 32;
const PIECE_BYTES = 262144;

/** TSGI has hung up. */
class HungUp extends Error {}

/** The client has left. */
class ClientGone extends RuntimeException {}

/** A socket with frames. */
class Channel
{
    public $socket;

    function __construct(private object $options, int $lane, array $more)
    {
        $this->socket = @stream_socket_client("unix://$options->socket") ?: leave($options);
        stream_set_timeout($this->socket, PHP_INT_MAX >> 32);
        $hello = ['protocol' => 1, 'token' => $options->token, 'process' => $options->process, 'lane' => $lane] + $more;
        $this->send(HELLO, 0, '', json_encode($hello));
    }

    function send(int $type, int $id, string $head, string $body, int $flags = 0, int $aux = 0): void
    {
        $rest = pack('VVVCCv', strlen($head) + strlen($body), $id, strlen($head), $type, $flags, $aux) . $head . $body;
        while ($rest !== '') {
            $sent = @fwrite($this->socket, $rest) ?: throw new HungUp();
            $rest = substr($rest, $sent);
        }
    }

    /** The next frame, as an object; waits for it. */
    function receive(): object
    {
        $frame = (object) unpack('Vlength/Vid/Vheadlength/Ctype/Cflags/vaux', $this->bytes(16));
        $frame->head = $this->bytes($frame->headlength);
        $frame->body = $this->bytes($frame->length - $frame->headlength);
        return $frame;
    }

    private function bytes(int $length): string
    {
        for ($bytes = ''; strlen($bytes) < $length; $bytes .= $more) {
            $more = @fread($this->socket, $length - strlen($bytes));
            if ($more === false || $more === '') throw new HungUp();
        }
        return $bytes;
    }
}

/** The lane, and the request that it is at. */
class Lane
{
    private Channel $channel;
    private $status;
    private object $request;
    private array $json = [];
    private ?string $head = null;
    private bool $isBegun = false;
    private int $calls = 0;

    function __construct(private object $options, private $application)
    {
        $this->status = fopen($options->status, 'r+b');
        stream_set_read_buffer($this->status, 0);
        // Nothing is started, and no answer is kept.
        $this->mark(0);
        fseek($this->status, 8 * $options->slots + $options->process * $options->answerBytes);
        fwrite($this->status, pack('L', 0));
        $this->channel = new Channel($options, 0, ['maxBatch' => 1, 'status' => 'write']);
    }

    function socket() { return $this->channel->socket; }

    private function mark(int $id): void
    {
        fseek($this->status, 4 * $this->options->process);
        fwrite($this->status, pack('L', $id));
    }

    private function isUnwanted(): bool
    {
        fseek($this->status, 4 * ($this->options->slots + $this->options->process));
        return unpack('L', fread($this->status, 4))[1] === $this->request->id;
    }

    private function send(int $type, string $head, string $body, int $flags = 0, int $aux = 0): void
    {
        $this->channel->send($type, $this->request->id, $head, $body, $flags, $aux);
    }

    /** The next frame of one of these types for this request. */
    private function wait(int ...$types): object
    {
        do $frame = $this->channel->receive();
        while ($frame->id !== $this->request->id || !in_array($frame->type, $types, true));
        return $frame;
    }

    /** Answers the request that waits in the socket. */
    function answer(): void
    {
        do $this->request = $this->channel->receive();
        while ($this->request->type !== REQUEST);
        $this->mark($this->request->id);
        $this->isBegun = false;
        try {
            $this->respond(...($this->application)($this->environ()));
        } catch (HungUp $error) {
            throw $error;
        } catch (ClientGone) {
            $this->send(FAIL, '', '', END | GONE);
        } catch (Throwable $error) {
            $line = substr(strtok($error->getMessage(), "\n") ?: get_class($error), 0, 1000);
            $this->send(FAIL, $line, substr((string) $error, 0, 100000), END);
        }
    }

    private function environ(): array
    {
        ['head' => $head, 'body' => $body, 'flags' => $flags, 'aux' => $pairs] = (array) $this->request;
        $words = explode("\0", $head);
        if (count($words) !== 2 * $pairs + 1) throw new RuntimeException('A value of the environ holds a NUL');
        $environ = [];
        for ($at = 0; $at < 2 * $pairs; $at += 2) $environ[$words[$at]] = $words[$at + 1];
        $this->json = $flags & HAS_JSON ? (array) json_decode($environ['tsgi.json']) : [];
        unset($this->json['tsgi.shared'], $environ['tsgi.json']);
        $file = null;
        if ($flags & BODY_FILE) {
            // The path may lead to a file without a name, which PHP cannot open: it resolves links itself.
            $file = popen('exec cat ' . escapeshellarg($body), 'r');
        } elseif (!($flags & BODY_STREAM)) {
            $file = fopen('php://memory', 'w+b');
            fwrite($file, $body);
            rewind($file);
        }
        $input = new Input($file, fn (int $wanted) => $this->pull($wanted));
        $log = fn (string $text) => $this->send(LOG, '', substr($text, 0, 1000000));
        $inner = fn (array $environ) => $this->call($environ, $input);
        return $this->json + $environ + ['input' => $input, 'log' => $log] + ($flags & INNER ? ['inner' => $inner] : []);
    }

    private function pull(int $wanted): ?string
    {
        $this->send(READ, '', pack('V', min($wanted, PIECE_BYTES)));
        $frame = $this->wait(BODY);
        if ($frame->flags & GONE) throw new ClientGone();
        return $frame->flags & END && $frame->body === '' ? null : $frame->body;
    }

    private function respond(int|string $status, array $headers, iterable|string $body): void
    {
        $words = [is_int($status) ? "$status " . ($status < 400 ? 'OK' : 'Error') : $status, ...array_merge(...$headers)];
        $head = implode("\0", $words);
        if (substr_count($head, "\0") !== count($words) - 1) throw new RuntimeException('A header holds a NUL');
        if (!is_iterable($body) || is_array($body)) {
            $this->send(RESPONSE, $head, implode('', (array) $body), END, (int) $status);
            return;
        }
        foreach ($body as $piece) {
            if ($piece === '') continue;
            if ($this->isBegun && $this->isUnwanted()) throw new ClientGone();
            $this->isBegun ? $this->send(CHUNK, '', $piece) : $this->send(RESPONSE, $head, $piece, 0, (int) $status);
            $this->isBegun = true;
        }
        $this->isBegun ? $this->send(CHUNK, '', '', END) : $this->send(RESPONSE, $head, '', END, (int) $status);
    }

    /** Calls the application in TSGI: the answer as an application of ours gives it. */
    private function call(array $environ, Input $input): array
    {
        $number = $this->calls = $this->calls % 65535 + 1;
        $isText = fn ($value, $key) => is_string($value) && !array_key_exists($key, $this->json) && !str_contains($value, "\0");
        $text = array_filter($environ, $isText, ARRAY_FILTER_USE_BOTH);
        $json = array_intersect_key($environ, $this->json);
        if ($json !== []) $text['tsgi.json'] = json_encode($json);
        $words = implode('', array_map(fn ($key, $value) => "$key\0$value\0", array_keys($text), $text));
        $this->send(CALL, pack('V', count($text)), $words, $json === [] ? 0 : HAS_JSON, $number);
        $first = $this->waitInner(ANSWER, $number, $input);
        $head = explode("\0", $first->head);
        $headers = array_chunk(array_slice($head, 1), 2);
        return [$head[0], $headers, $first->flags & END ? [$first->body] : $this->pieces($first->body, $number, $input)];
    }

    private function pieces(string $piece, int $number, Input $input): Generator
    {
        $flags = 0;
        try {
            for (; !($flags & END); ['body' => $piece, 'flags' => $flags] = (array) $this->waitInner(PIECE, $number, $input)) {
                yield $piece;
                $this->send(PULL, '', '', 0, $number);
            }
            yield $piece;
        } finally {
            if (!($flags & END)) $this->send(DROP, '', '', 0, $number);
        }
    }

    private function waitInner(int $type, int $number, Input $input): object
    {
        while (($frame = $this->wait($type, ASK, FAILED))->type !== $type || $frame->aux !== $number) {
            if ($frame->type === FAILED) throw new RuntimeException("The application behind the filter failed: $frame->body");
            $piece = $input->read(min(unpack('V', $frame->body)[1], PIECE_BYTES));
            $this->send(GIVE, '', $piece, $piece === '' ? END : 0, $number);
        }
        return $frame;
    }
}

/** The body of a request. */
class Input
{
    private string $rest = '';

    function __construct(private $file, private Closure $pull) {}

    /** At most so many bytes; an empty string at the end. */
    function read(int $bytes): string
    {
        if ($this->file !== null) return (string) fread($this->file, $bytes);
        if ($this->rest === '') $this->rest = ($this->pull)(max($bytes, 8192)) ?? '';
        $piece = substr($this->rest, 0, $bytes);
        $this->rest = substr($this->rest, $bytes);
        return $piece;
    }
}

/** Ends this process with its host. If nobody listens any more, the host was killed, and what it left is removed. */
function leave(object $options): never
{
    // While a host dies, its socket may still take connections.
    for ($tries = 0; $tries < 10 && ($socket = @stream_socket_client("unix://$options->socket")); $tries += 1) {
        stream_set_timeout($socket, 1);
        fread($socket, 1);
    }
    if (!$socket) {
        $directory = dirname($options->status);
        foreach ([$options->socket, $options->status, "$directory/process-" . getmypid()] as $path) @unlink($path);
        @rmdir($directory);
    }
    exit(0);
}

function main(): void
{
    $options = json_decode(stream_get_contents(STDIN));
    // The stack is wanted when a request has missed its deadline.
    pcntl_async_signals(true);
    pcntl_signal(SIGUSR2, fn () => file_put_contents('php://fd/3', (new Exception('At'))->getTraceAsString() . "\n"));
    $facts = ['pid' => getmypid(), 'language' => 'PHP', 'version' => PHP_VERSION, 'dump' => ['signal' => SIGUSR2, 'format' => 'lines']];
    $control = new Channel($options, -1, $facts);
    $tell = fn (int $type, mixed $message) => $control->send($type, 0, '', json_encode($message, JSON_INVALID_UTF8_SUBSTITUTE));
    try {
        if ($options->preload || $options->threads !== 1) throw new Exception('PHP has one thread a process, and is not preloaded');
        $lane = new Lane($options, require $options->language->app);
    } catch (Throwable $error) {
        $tell(BROKEN, ['message' => $error->getMessage(), 'stack' => (string) $error]);
        exit(3);
    }
    $tell(READY, ['pid' => getmypid(), 'address' => null, 'modules' => get_included_files(), 'hooks' => []]);
    try {
        while (true) {
            [$ready, $none, $urgent] = [[$control->socket, $lane->socket()], null, null];
            if (!@stream_select($ready, $none, $urgent, null)) continue;
            if (in_array($lane->socket(), $ready, true)) $lane->answer();
            if (!in_array($control->socket, $ready, true)) continue;
            $type = $control->receive()->type;
            if ($type === STOP) exit(0);
            if ($type === LIST_MODULES) $tell(MODULES, get_included_files());
        }
    } catch (HungUp) {
        leave($options);
    }
}

main();
