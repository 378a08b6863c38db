# A filter that changes nothing, under Plack's validator on both sides.
use strict;
use warnings;
use Plack::Middleware::Lint;

sub {
    my ($application) = @_;
    return Plack::Middleware::Lint->wrap($application);
};
