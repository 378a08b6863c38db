# The hello of the benchmarks in Dancer2.
package Hello;
use Dancer2;

set logger => 'null';
get '/hello' => sub {
    content_type 'text/plain';
    return 'Hello, World!';
};

to_app;
