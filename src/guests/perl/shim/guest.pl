#!/usr/bin/env perl
# The Perl side of a lane: loads one PSGI application and serves it to TSGI. Core modules only, Perl 5.16 and later.
#
# The process reads its options as JSON from standard input, connects one Unix stream socket as its control channel and one as its lane,
# and answers requests until TSGI hangs up. The frames are described in docs/lane-protocol.md; the semantics are those of PSGI 1.1.
use strict;
use warnings;

my $here;

BEGIN {
    ($here) = __FILE__ =~ m{\A(.*)/} or die "Expected the path of this program with its directory\n";
    # The application sees none of this: our directory is in the search path only while our own modules are loaded.
    local @INC = ($here, grep { !ref } @INC);
    require TSGI::Guest::Process;
}

TSGI::Guest::Process::main($here);
