<?php
// A filter around an application in TSGI: a header that says who has passed the answer on.

return function (array $environ): array {
    [$status, $headers, $body] = $environ['inner']($environ);
    return [$status, [...$headers, ['X-Filter', 'PHP ' . PHP_VERSION]], $body];
};
