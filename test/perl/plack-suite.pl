# Runs Plack's own test suite for servers against one that listens on a port of 127.0.0.1 already: perl plack-suite.pl PORT
use strict;
use warnings;
use Plack::Test::Suite;
use Test::More;

my ($port) = @ARGV;
# The suite starts a server itself; this one only waits until the suite ends it.
Plack::Test::Suite->run_server_tests(sub { sleep 60 }, $port, $port);
done_testing;
