use Mojolicious::Lite -signatures;

app->secrets(['for a test']);
app->mode('production');
app->log->level('fatal');

get '/hello/:name' => sub ($c) { $c->render(text => 'hello ' . $c->param('name')) };
post '/form' => sub ($c) { $c->render(text => 'got ' . $c->param('text')) };
get '/away' => sub ($c) { $c->redirect_to('/hello/you') };
get '/count' => sub ($c) { $c->render(text => ++$c->session->{count}) };
get '/file' => sub ($c) { $c->reply->file(__FILE__) };
get '/stream' => sub ($c) {
    my @parts = map {"part $_ "} 0 .. 2;
    my $drain;
    $drain = sub ($c, @) { @parts ? $c->write_chunk(shift @parts, $drain) : $c->finish };
    $c->$drain;
};
get '/fault' => sub ($c) { die "on purpose\n" };

app->start;
