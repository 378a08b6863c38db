# The hello of the benchmarks as a PSGI application.
use strict;
use warnings;

my @headers = ('Content-Type' => 'text/plain', 'Content-Length' => '13');
sub { [200, [@headers], ['Hello, World!']] };
