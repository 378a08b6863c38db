# The hello of the benchmarks in Mojolicious.
use Mojolicious::Lite -signatures;

app->mode('production');
app->log->level('fatal');
get '/hello' => sub ($c) {
    $c->res->headers->content_type('text/plain');
    $c->render(data => 'Hello, World!');
};

app->start;
