# Below /perl, in Perl.
use strict;
use warnings;

sub {
    my ($env) = @_;
    return [ 200, [ 'Content-Type' => 'text/plain; charset=utf-8' ], ["Perl: $env->{PATH_INFO} below $env->{SCRIPT_NAME}\n"] ];
};
