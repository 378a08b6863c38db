package Example;
use Dancer2;

set session => 'Simple';
set logger  => 'Null';

get '/hello/:name' => sub { return 'hello ' . route_parameters->get('name') };
post '/form' => sub { return 'got ' . body_parameters->get('text') };
get '/away' => sub { redirect '/hello/you' };
get '/count' => sub { my $count = (session('count') || 0) + 1; session count => $count; return $count };
get '/file' => sub { send_file(__FILE__, system_path => 1, content_type => 'text/plain') };
get '/stream' => sub { delayed { flush; content "part $_ " for 0 .. 2; done } };
get '/fault' => sub { die "on purpose\n" };

__PACKAGE__->to_app;
