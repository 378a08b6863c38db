# The applications of Plack's own test suite for servers; the request says which.
use strict;
use warnings;
use Plack::Test::Suite;

use Plack::Middleware::Lint;

Plack::Middleware::Lint->wrap(Plack::Test::Suite->test_app_handler);
