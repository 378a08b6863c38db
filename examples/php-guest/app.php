<?php
// Answers by path; each is what `tsgi lane-check` asks for.

$plain = [['Content-Type', 'text/plain; charset=utf-8']];

return function (array $environ) use ($plain): array {
    $chunks = function (int $count, bool $fails = false) {
        for ($index = 0; $index < $count; $index += 1) {
            yield "chunk $index\n";
            if ($fails) throw new Exception('On purpose, after the first chunk');
        }
    };
    $body = function () use ($environ) {
        while (($piece = $environ['input']->read(65536)) !== '') yield $piece;
    };
    return match ($environ['PATH_INFO']) {
        '/hello' => [200, $plain, 'hello'],
        '/query' => [200, $plain, $environ['QUERY_STRING']],
        '/path/café' => [200, $plain, $environ['PATH_INFO']],
        '/headers' => [201, [...$plain, ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']], ''],
        '/echo' => [200, $plain, $body()],
        '/pid' => [200, $plain, (string) getmypid()],
        '/raise' => throw new Exception('On purpose'),
        '/raise-late' => [200, $plain, $chunks(2, true)],
        '/endless' => [200, $plain, $chunks(PHP_INT_MAX)],
        '/exit' => exit(1),
        '/stuck' => (function () { while (true); })(),
        default => [404, $plain, "Nothing is here: {$environ['PATH_INFO']}\n"],
    };
};
